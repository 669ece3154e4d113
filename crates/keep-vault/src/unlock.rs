//! Opening a vault that has a passphrase, for a while; and forgetting the key again.

use crate::acts::{LockVault, Unlock};
use crate::effects;
use crate::error::VaultError;
use crate::hold;
use crate::keys::{Identity, IdentityFile, read_identity, unprotect};
use crate::protect::protect_process;
use crate::reader::OpenedWith;
use crate::store::{self, Tries};
use crate::vault::Vault;
use age::secrecy::SecretString;
use keep_gate::{Outcome, Started};
use keep_types::{Act, Caller, Duration, Timestamp, chain};
use serde_json::json;
use std::path::PathBuf;

/// A shorter passphrase is found by trying, whatever a try costs.
pub(crate) const SHORTEST_PASSPHRASE: usize = 8;
/// A key is held at least so long: shorter serves nobody.
const SHORTEST: Duration = Duration::from_ms(1_000);
/// And at most so long: a week is no longer "for a while".
const LONGEST: Duration = Duration::days(7);
/// Wrong passphrases before a pause. Each costs about a second besides.
const TRIES: Tries = Tries { most: 5, window: Duration::from_ms(5 * 60_000) };

/// The program that holds the key, and the words that make it do so.
#[derive(Clone, Debug)]
pub struct HolderProgram {
    /// The program: this one.
    pub program: PathBuf,
    /// Its words.
    pub words: &'static [&'static str],
}

impl Vault {
    /// Opens the vault with its passphrase, and has a process of its own hold the key for a while.
    ///
    /// # Errors
    /// When the passphrase is wrong, was wrong too often, or there is none; when memory cannot be locked.
    pub async fn unlock(
        &self,
        caller: &Caller,
        passphrase: &SecretString,
        span: Duration,
        holder: &HolderProgram,
    ) -> Result<Timestamp, VaultError> {
        protect_process()?;
        if !(SHORTEST..=LONGEST).contains(&span) {
            return Err(VaultError::BadSpan { given: span, least: SHORTEST, most: LONGEST });
        }
        if !self.has_passphrase()? {
            return Err(VaultError::NoPassphrase);
        }
        let now = self.now();
        let until = now.plus(span);
        let permit = self.gate.admit(caller, Unlock { until }).await?;
        let started = store::begin_unlock(permit, now, TRIES).await?;
        let failed = |error: &VaultError| Outcome::Failed(chain(error).join(": "));
        let config = self.reader.config();
        let lock = effects::lock(&config.lock).await?;
        let (identity, which) = match self.open_identity(passphrase) {
            Ok(opened) => opened,
            Err(error) => {
                started.finish(failed(&error)).await?;
                return Err(error);
            }
        };
        // A rekey that was cut short after the vault was written: its identity takes its place now.
        let in_place = match which {
            OpenedWith::Current => Ok(()),
            OpenedWith::Next => effects::take_over_identity(&lock, &config.next_identity(), &config.identity),
        };
        // Whoever holds an earlier key forgets it; there is one holder.
        let held = in_place
            .and_then(|()| hold::forget(&config.holders))
            .and_then(|_| hold::start(&holder.program, holder.words, &config.holders, &identity, until));
        drop(lock);
        // The passphrase was right, whatever became of the holder.
        let outcome = held.as_ref().map_or_else(failed, |()| Outcome::Done(json!({ "until": until })));
        store::end_unlock(started, outcome).await?;
        held.map(|()| until)
    }

    /// Whether a passphrase opens the vault's identity.
    ///
    /// # Errors
    /// When the identity cannot be read.
    pub fn has_passphrase(&self) -> Result<bool, VaultError> {
        let config = self.reader.config();
        let protected =
            |path| Ok::<_, VaultError>(matches!(read_identity(path)?, Some(IdentityFile::Protected(_))));
        Ok(protected(&config.identity)? || protected(&config.next_identity())?)
    }

    /// The identity that the vault opens with. After a rekey that was cut short that may be the one
    /// that still waits.
    pub(crate) fn open_identity(
        &self,
        passphrase: &SecretString,
    ) -> Result<(Identity, OpenedWith), VaultError> {
        let config = self.reader.config();
        let expected = self.reader.signer_of_file()?;
        let mut why = VaultError::NoPassphrase;
        for (path, which) in
            [(config.identity.clone(), OpenedWith::Current), (config.next_identity(), OpenedWith::Next)]
        {
            let Some(IdentityFile::Protected(bytes)) = read_identity(&path)? else { continue };
            match unprotect(&bytes, passphrase) {
                Ok(identity) if expected.is_none_or(|signer| signer == identity.public()) => {
                    return Ok((identity, which));
                }
                // A key that opens nothing any more is not to be held.
                Ok(_) if !matches!(why, VaultError::WrongPassphrase) => why = VaultError::NotForUs,
                Ok(_) => {}
                Err(VaultError::WrongPassphrase) => why = VaultError::WrongPassphrase,
                Err(error) => return Err(error),
            }
        }
        Err(why)
    }

    /// Has the holder forget the key before the installation itself goes; the act that removes it is the
    /// one on record.
    ///
    /// # Errors
    /// When the holder does not answer.
    pub fn forget_before_removal<A: Act>(&self, _: &Started<A>) -> Result<(), VaultError> {
        hold::forget(&self.reader.config().holders).map(|_| ())
    }

    /// Has the holder forget the key; answers whether there was one.
    ///
    /// # Errors
    /// When the gate refuses or the holder does not answer.
    pub async fn lock(&self, caller: &Caller) -> Result<bool, VaultError> {
        let permit = self.gate.admit(caller, LockVault).await?;
        let started = permit.begin().await?;
        match hold::forget(&self.reader.config().holders) {
            Ok(was_open) => {
                started.finish(Outcome::Done(json!({ "held": was_open }))).await?;
                Ok(was_open)
            }
            Err(error) => {
                started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                Err(error)
            }
        }
    }
}

pub(crate) fn check_passphrase(passphrase: &SecretString) -> Result<(), VaultError> {
    use age::secrecy::ExposeSecret;
    if passphrase.expose_secret().chars().count() < SHORTEST_PASSPHRASE {
        return Err(VaultError::ShortPassphrase);
    }
    Ok(())
}
