//! The vault as an engine: every operation asks the gate, and every change goes one way.

use crate::acts::SettleVault;
use crate::contents::Contents;
use crate::effects::{self, Lock};
use crate::error::VaultError;
use crate::head::{Head, Mark};
use crate::keys::{Identity, Keys, identity_bytes};
use crate::reader::{OpenedWith, ReadVault, Reader, VaultState};
use crate::seal;
use crate::store;
use keep_gate::{Gate, Outcome, Permit, Started};
use keep_ledger::Ledger;
use keep_types::{Act, Caller, Clock, Digest, Timestamp, chain};
use std::sync::Arc;

/// The vault. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    pub(crate) reader: Reader,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    clock: Arc<dyn Clock>,
}

/// The vault while its lock is held: what was read, or that there is none yet.
pub(crate) struct Held {
    pub(crate) lock: Lock,
    pub(crate) contents: Contents,
    pub(crate) keys: Keys,
    head: Option<Head>,
    current: Option<Mark>,
    unsettled: bool,
    identity: IdentityIs,
}

/// What a look found.
pub(crate) enum Looked {
    /// The vault.
    Vault(Arc<ReadVault>),
    /// That there is none yet, which is an empty one to whoever looks.
    Nothing(Contents),
}

impl std::ops::Deref for Looked {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        match self {
            Self::Vault(read) => &read.contents,
            Self::Nothing(empty) => empty,
        }
    }
}

/// Whether the identity in use lies in its file already.
enum IdentityIs {
    Stored,
    New,
}

impl Vault {
    /// The vault behind this reader, whose acts pass this gate.
    #[must_use]
    pub fn new(reader: Reader, gate: Gate, ledger: Ledger, clock: Arc<dyn Clock>) -> Self {
        Self { reader, gate, ledger, clock }
    }

    /// How the vault is.
    #[must_use]
    pub fn state(&self) -> VaultState {
        self.reader.state()
    }

    /// Opens the vault as a fresh process does, for whoever wants to know how long that takes.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open_afresh(&self) -> Result<(), VaultError> {
        self.reader.read().map(|_| ())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Opens the vault for looking; an empty one before the first write. A write whose process died
    /// before it could say so is put on record first.
    pub(crate) async fn look(&self, caller: &Caller) -> Result<Looked, VaultError> {
        let Some(read) = self.reader.look()? else {
            return Ok(Looked::Nothing(Contents::named(String::new())));
        };
        if read.unsettled {
            self.settle(caller).await?;
        }
        Ok(Looked::Vault(read))
    }

    /// Puts a write on record whose process ended between the file and its outcome. Until then the
    /// version before it would pass, too.
    async fn settle(&self, caller: &Caller) -> Result<(), VaultError> {
        let lock = effects::lock(&self.reader.config().lock).await?;
        let Some(ReadVault { mark, unsettled: true, .. }) = self.reader.read()? else { return Ok(()) };
        let act = SettleVault { version: mark.version };
        // A caller that may not, such as a narrow token, leaves it to the next one that may.
        if caller.scopes.cover(&act.facts().action)
            && caller.may_write(&act.facts().namespace)
            && let Ok(permit) = self.gate.admit(caller, act).await
        {
            store::adopt(permit, Some(mark)).await?;
        }
        drop(lock);
        Ok(())
    }

    /// Takes the vault's lock and opens it, so that nobody else changes it meanwhile.
    pub(crate) async fn hold(&self) -> Result<Held, VaultError> {
        let lock = effects::lock(&self.reader.config().lock).await?;
        let read = self.reader.read()?;
        self.finish_take_over(&lock, read.as_ref())?;
        if let Some(read) = read {
            return Ok(Held {
                lock,
                contents: read.contents,
                keys: read.keys,
                head: read.head,
                current: Some(read.mark),
                unsettled: read.unsettled,
                identity: IdentityIs::Stored,
            });
        }
        let (keys, identity) = match self.reader.keys()? {
            Some(keys) => (keys, IdentityIs::Stored),
            None => (Keys::Own(Arc::new(Identity::generate())), IdentityIs::New),
        };
        let head = self.reader.head()?;
        let contents = Contents::fresh()?;
        Ok(Held { lock, contents, keys, head, current: None, unsettled: false, identity })
    }

    /// Takes the vault's lock and opens it with the identity of another recipient.
    pub(crate) async fn hold_with(&self, identity: &Identity) -> Result<Held, VaultError> {
        let lock = effects::lock(&self.reader.config().lock).await?;
        let ReadVault { contents, keys, head, mark, unsettled, .. } = self.reader.read_with(identity)?;
        let (current, identity) = (Some(mark), IdentityIs::Stored);
        Ok(Held { lock, contents, keys, head, current, unsettled, identity })
    }

    /// A rekey that was cut short after the vault was written: its identity takes its place now.
    fn finish_take_over(&self, lock: &Lock, read: Option<&ReadVault>) -> Result<(), VaultError> {
        let config = self.reader.config();
        match read.map(|read| read.opened_with) {
            Some(OpenedWith::Next) => {
                effects::take_over_identity(lock, &config.next_identity(), &config.identity)
            }
            Some(OpenedWith::Current) | None => Ok(()),
        }
    }

    /// Changes the vault: under its lock, announced before, settled after.
    pub(crate) async fn change<A, T>(
        &self,
        permit: Permit<A>,
        mutate: impl FnOnce(&mut Contents, &A) -> Result<T, VaultError>,
    ) -> Result<T, VaultError>
    where
        A: Act + Sync,
    {
        let mut held = self.hold().await?;
        let made = mutate(&mut held.contents, permit.act())?;
        let Held { lock, mut contents, keys, head, current, unsettled, identity } = held;
        contents.version = contents.version.saturating_add(1);
        let sealed = Sealed::of(&contents, &keys)?;
        let settled = if unsettled { current } else { None };
        let started = store::announce(permit, head, settled, sealed.mark.clone()).await?;
        let written = match (&identity, &keys) {
            (IdentityIs::New, Keys::Own(identity)) => self.write_first_identity(&started, &lock, identity),
            _ => Ok(()),
        };
        let file = &self.reader.config().file;
        let written = written.and_then(|()| effects::replace(&started, &lock, file, &sealed.bytes));
        conclude(started, written, sealed.mark).await?;
        drop(lock);
        Ok(made)
    }

    fn write_first_identity<A: Act>(
        &self,
        started: &Started<A>,
        lock: &Lock,
        identity: &Identity,
    ) -> Result<(), VaultError> {
        let bytes = identity_bytes(identity, None)?;
        effects::write_identity(started, lock, &self.reader.config().identity, &bytes)
    }
}

/// Contents as they go into the file, and the mark by which that file is known.
pub(crate) struct Sealed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) mark: Mark,
}

impl Sealed {
    pub(crate) fn of(contents: &Contents, keys: &Keys) -> Result<Self, VaultError> {
        let bytes = seal::seal(contents, keys)?;
        let mark = Mark {
            vault: contents.vault.clone(),
            version: contents.version,
            digest: Digest::of(&bytes),
            signer: keys.verifier().to_bytes(),
        };
        Ok(Self { bytes, mark })
    }
}

/// Records how a write ended. A write that failed may still have replaced the file before it failed, so
/// what was announced stays announced until the next look tells.
pub(crate) async fn conclude<A: Act>(
    started: Started<A>,
    written: Result<(), VaultError>,
    mark: Mark,
) -> Result<(), VaultError> {
    match written {
        Ok(()) => store::settle(started, mark).await,
        Err(error) => {
            started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
            Err(error)
        }
    }
}

impl Held {
    pub(crate) fn head(&self) -> Option<Head> {
        self.head.clone()
    }

    /// The mark to put on record first, when the process that wrote it did not.
    pub(crate) fn unsettled(&self) -> Option<Mark> {
        if self.unsettled { self.current.clone() } else { None }
    }
}
