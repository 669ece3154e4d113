//! Who can open the vault: making it, giving it a new identity, letting others read it, and going on
//! with a file that is not the one on record.

use crate::acts::{AcceptVault, LookAtSecrets, MakeVault, Passphrase, Rekey, Share, ShareChange};
use crate::contents::{Contents, MAX_RECIPIENTS, RecipientEntry};
use crate::effects;
use crate::error::VaultError;
use crate::head::Mark;
use crate::hold;
use crate::keys::{Identity, Keys, identity_bytes};
use crate::protect::protect_process;
use crate::seal::parse_recipient;
use crate::store;
use crate::unlock::check_passphrase;
use crate::vault::{Sealed, Vault, conclude};
use age::secrecy::{ExposeSecret, SecretString};
use keep_types::{Caller, chain};
use std::sync::Arc;

/// How a vault is made.
#[derive(Default)]
pub struct NewVault {
    /// The passphrase of its identity.
    pub passphrase: Option<SecretString>,
    /// Who can read it besides: a public key and whose it is.
    pub recipients: Vec<(String, String)>,
}

impl Vault {
    /// Makes the vault before its first secret; answers its public key.
    ///
    /// # Errors
    /// When there is one already, or the gate refuses.
    pub async fn make(&self, caller: &Caller, new: NewVault) -> Result<String, VaultError> {
        protect_process()?;
        if let Some(passphrase) = &new.passphrase {
            check_passphrase(passphrase)?;
        }
        self.check_never_written()?;
        let mut recipients = Vec::new();
        for (recipient, label) in new.recipients {
            recipients.push(self.recipient_entry(&recipient, label)?);
        }
        let proof = new.passphrase.as_ref().map(|text| self.ledger.hmac(text.expose_secret().as_bytes()));
        let identity = Arc::new(Identity::generate());
        let act = MakeVault { identity, passphrase: new.passphrase, recipients, proof };
        let permit = self.gate.admit(caller, act).await?;
        let lock = effects::lock(&self.reader.config().lock).await?;
        self.check_never_written()?;
        let MakeVault { identity, passphrase, recipients, .. } = permit.act();
        let identity_file = identity_bytes(identity, passphrase.as_ref())?;
        let public = identity.recipient().to_string();
        let contents = Contents { version: 1, recipients: recipients.clone(), ..Contents::fresh()? };
        let sealed = Sealed::of(&contents, &Keys::Own(Arc::clone(identity)))?;
        let started = store::announce(permit, self.reader.head()?, None, sealed.mark.clone()).await?;
        let config = self.reader.config();
        let written = effects::write_identity(&started, &lock, &config.identity, &identity_file)
            .and_then(|()| effects::replace(&started, &lock, &config.file, &sealed.bytes));
        conclude(started, written, sealed.mark).await?;
        drop(lock);
        Ok(public)
    }

    /// A vault that was announced and never came may be made anew, with another identity: the one that
    /// was made for it opens nothing.
    fn check_never_written(&self) -> Result<(), VaultError> {
        let written = self.reader.head()?.is_some_and(|head| !head.is_before_first());
        if written || self.reader.config().file.exists() { Err(VaultError::Exists) } else { Ok(()) }
    }

    /// Gives the vault a new identity, and writes it for that one. The old identity opens only old
    /// copies from then on. `recover_with` is the identity of another recipient, for when the vault's
    /// own is lost.
    ///
    /// # Errors
    /// When no person confirms it, or the vault does not open.
    pub async fn rekey(
        &self,
        caller: &Caller,
        passphrase: Passphrase,
        recover_with: Option<Identity>,
    ) -> Result<String, VaultError> {
        protect_process()?;
        if let Passphrase::New(passphrase) = &passphrase {
            check_passphrase(passphrase)?;
        }
        let permit = self.gate.admit(caller, Rekey { passphrase, recover_with }).await?;
        let held = match &permit.act().recover_with {
            Some(identity) => self.hold_with(identity).await?,
            None => self.hold().await?,
        };
        let identity = Identity::generate();
        let public = identity.recipient().to_string();
        let identity_file = match &permit.act().passphrase {
            Passphrase::None => identity_bytes(&identity, None)?,
            Passphrase::New(passphrase) => identity_bytes(&identity, Some(passphrase))?,
        };
        let (head, unsettled) = (held.head(), held.unsettled());
        let mut contents = held.contents;
        contents.version = contents.version.saturating_add(1);
        let sealed = Sealed::of(&contents, &Keys::Own(Arc::new(identity)))?;
        let started = store::announce(permit, head, unsettled, sealed.mark.clone()).await?;
        let (config, lock) = (self.reader.config(), &held.lock);
        let next = config.next_identity();
        // The new identity is on disk before the vault opens with nothing else, and takes its place
        // after; a look between the two opens the vault with the one that waits.
        let written = effects::write_identity(&started, lock, &next, &identity_file)
            .and_then(|()| effects::replace(&started, lock, &config.file, &sealed.bytes))
            .and_then(|()| effects::take_over_identity(lock, &next, &config.identity));
        conclude(started, written, sealed.mark).await?;
        // A key that is still held opens nothing any more.
        hold::forget(&config.holders)?;
        Ok(public)
    }

    /// Who can read the vault besides its own identity; first its own public key.
    ///
    /// # Errors
    /// When the vault does not open.
    pub async fn recipients(&self, caller: &Caller) -> Result<(String, Vec<RecipientEntry>), VaultError> {
        let permit = self.gate.admit(caller, LookAtSecrets { home: caller.home.clone() }).await?;
        permit.observe().await?;
        let keys = self.reader.keys()?;
        let own = match &keys {
            Some(keys) => keys.recipient()?.to_string(),
            None => String::new(),
        };
        Ok((own, self.look(caller).await?.recipients.clone()))
    }

    /// Lets somebody else read the whole vault.
    ///
    /// # Errors
    /// When no person confirms it, or the public key is none.
    pub async fn share(&self, caller: &Caller, recipient: &str, label: String) -> Result<(), VaultError> {
        let entry = self.recipient_entry(recipient, label)?;
        let permit = self.gate.admit(caller, Share { change: ShareChange::Add(entry) }).await?;
        self.change_recipients(permit).await
    }

    /// Writes the vault for somebody no longer. What they could read before they may have kept.
    ///
    /// # Errors
    /// When no person confirms it, or they are not among the recipients.
    pub async fn unshare(&self, caller: &Caller, recipient: &str) -> Result<(), VaultError> {
        let change = ShareChange::Remove(parse_recipient(recipient)?.to_string());
        let permit = self.gate.admit(caller, Share { change }).await?;
        self.change_recipients(permit).await
    }

    async fn change_recipients(&self, permit: keep_gate::Permit<Share>) -> Result<(), VaultError> {
        self.change(permit, |contents, act| match &act.change {
            ShareChange::Add(entry) => {
                contents.recipients.retain(|known| known.recipient != entry.recipient);
                if contents.recipients.len() >= MAX_RECIPIENTS {
                    return Err(VaultError::TooMany { what: "recipients", limit: MAX_RECIPIENTS });
                }
                contents.recipients.push(entry.clone());
                Ok(())
            }
            ShareChange::Remove(recipient) => {
                let before = contents.recipients.len();
                contents.recipients.retain(|known| known.recipient != *recipient);
                if contents.recipients.len() == before {
                    return Err(VaultError::NoSuchRecipient(recipient.clone()));
                }
                Ok(())
            }
        })
        .await
    }

    fn recipient_entry(&self, recipient: &str, label: String) -> Result<RecipientEntry, VaultError> {
        let recipient = parse_recipient(recipient)?.to_string();
        if label.chars().count() > 100 {
            return Err(VaultError::TooMany { what: "characters in a label", limit: 100 });
        }
        Ok(RecipientEntry { recipient, label, added: self.now() })
    }

    /// Goes on with the vault's file as it lies there, although it is not the one on record; with none,
    /// starts with an empty vault. Answers the version it goes on from.
    ///
    /// # Errors
    /// When nothing is wrong, no person confirms it, or the file was not made by this vault's identity.
    pub async fn accept(&self, caller: &Caller, reason: String) -> Result<Option<u64>, VaultError> {
        let was = match self.reader.read() {
            Ok(_) => return Err(VaultError::NothingToAccept),
            Err(VaultError::Locked) => return Err(VaultError::Locked),
            Err(error) => chain(&error).join(": "),
        };
        let mark: Option<Mark> = self.reader.mark_of_file()?;
        let version = mark.as_ref().map(|mark| mark.version);
        let permit = self.gate.admit(caller, AcceptVault { reason, was, version }).await?;
        // The question may have waited; what is accepted is what was asked about.
        let lock = effects::lock(&self.reader.config().lock).await?;
        if self.reader.mark_of_file()? != mark {
            return Err(VaultError::ChangedMeanwhile);
        }
        store::adopt(permit, mark).await?;
        drop(lock);
        Ok(version)
    }
}
