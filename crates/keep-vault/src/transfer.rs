//! Secrets from elsewhere and for elsewhere: `.env` files in, age files for named recipients out.

use crate::acts::{ExportSecrets, ImportSecrets, Replace};
use crate::contents::{Key, Source, Terms, Version};
use crate::dotenv::{self, DotenvEntry};
use crate::error::VaultError;
use crate::keys::Identity;
use crate::listing::{Which, seen};
use crate::protect::protect_process;
use crate::seal::{decrypt, encrypt, parse_recipient};
use crate::value::Value;
use crate::values::{Short, check_given};
use crate::vault::Vault;
use keep_types::{Caller, Name, Namespace};
use serde::Serialize;
use std::collections::BTreeMap;

/// How age files begin.
const AGE_MAGIC: &[u8] = b"age-encryption.org/v1";

/// What became of the assignments of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Stored now.
    pub imported: Vec<Key>,
    /// They had this value already.
    pub unchanged: Vec<Key>,
    /// They exist with another value, and were left.
    pub kept: Vec<Key>,
    /// Empty assignments, which hold no secret.
    pub empty: Vec<Key>,
    /// Values too short to be kept out of output.
    pub short: Vec<Key>,
}

/// Where imported secrets go, and what happens to those that exist.
#[derive(Clone, Debug)]
pub struct ImportInto {
    /// The namespace.
    pub namespace: Namespace,
    /// The profile.
    pub profile: Name,
    /// What happens to names that exist.
    pub replace: Replace,
    /// What happens to short values.
    pub short: Short,
}

impl Vault {
    /// Takes over the assignments of a `.env` file, or of one that was encrypted to this vault's
    /// identity.
    ///
    /// # Errors
    /// When the file does not parse, or the gate refuses; then nothing is stored.
    pub async fn import(
        &self,
        caller: &Caller,
        bytes: &[u8],
        into: ImportInto,
    ) -> Result<ImportReport, VaultError> {
        let entries = self.parse_import(bytes)?;
        let mut report = ImportReport::default();
        let mut wanted: BTreeMap<Key, Value> = BTreeMap::new();
        for DotenvEntry { name, value, .. } in entries {
            let (namespace, profile) = (into.namespace.clone(), into.profile.clone());
            wanted.insert(Key { name, namespace, profile }, value);
        }
        wanted.retain(|key, value| match check_given(value, into.short) {
            Ok(()) => true,
            Err(VaultError::EmptyValue) => {
                report.empty.push(key.clone());
                false
            }
            Err(_) => {
                report.short.push(key.clone());
                false
            }
        });
        if wanted.is_empty() {
            return Ok(report);
        }
        let entries: Vec<_> = wanted.into_iter().collect();
        let mut all = zeroize::Zeroizing::new(Vec::new());
        for (_, value) in &entries {
            all.extend_from_slice(&(value.reveal().len() as u64).to_be_bytes());
            all.extend_from_slice(value.reveal());
        }
        let proof = self.ledger.hmac(&all);
        let act = ImportSecrets { entries, replace: into.replace, home: into.namespace, proof };
        let permit = self.gate.admit(caller, act).await?;
        let (by, made) = (caller.principal.clone(), self.now());
        let period = self.reader.config().rotate_every;
        self.change(permit, move |contents, act| {
            for (key, value) in &act.entries {
                let known = contents.find(key).and_then(|secret| secret.current());
                match known.map(|version| version.value == *value) {
                    Some(true) => report.unchanged.push(key.clone()),
                    Some(false) if act.replace == Replace::No => report.kept.push(key.clone()),
                    _ => {
                        let (value, by) = (value.clone(), by.clone());
                        let new = Version { number: 0, value, made, by, source: Source::Import };
                        contents.set(key, new, &Terms::default(), period)?;
                        report.imported.push(key.clone());
                    }
                }
            }
            Ok(report)
        })
        .await
    }

    fn parse_import(&self, bytes: &[u8]) -> Result<Vec<DotenvEntry>, VaultError> {
        if !bytes.starts_with(AGE_MAGIC) {
            return Ok(dotenv::parse(bytes)?);
        }
        let keys = self
            .reader
            .keys()?
            .ok_or_else(|| VaultError::IdentityMissing(self.reader.config().identity.clone()))?;
        Ok(dotenv::parse(&decrypt(bytes, keys.opener())?)?)
    }

    /// The wanted secrets as a `.env` file that only the named recipients can read.
    ///
    /// # Errors
    /// When no person confirms it, nobody is named, or a value fits no such file.
    pub async fn export(
        &self,
        caller: &Caller,
        which: &Which,
        recipients: &[String],
    ) -> Result<Vec<u8>, VaultError> {
        if recipients.is_empty() {
            return Err(VaultError::NoRecipient);
        }
        let parsed = recipients.iter().map(|text| parse_recipient(text)).collect::<Result<Vec<_>, _>>()?;
        let contents = self.look(caller).await?;
        let keys: Vec<_> = seen(&contents, caller, which).map(|secret| secret.key.clone()).collect();
        // One file has one value a name.
        let mut names: Vec<_> = keys.iter().map(|key| &key.name).collect();
        names.sort();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(VaultError::NameTwice(twice[0].clone()));
        }
        if keys.is_empty() {
            return Err(VaultError::NothingToExport);
        }
        let recipients = parsed.iter().map(ToString::to_string).collect();
        let act = ExportSecrets { keys, recipients, home: caller.home.clone() };
        let permit = self.gate.admit(caller, act).await?;
        let keys = permit.perform(|_, act| Ok::<_, VaultError>(act.keys.clone())).await?;
        let contents = self.look(caller).await?;
        let mut values = Vec::with_capacity(keys.len());
        for key in &keys {
            let current = contents.find(key).and_then(|secret| secret.current());
            let version = current.ok_or_else(|| VaultError::no_such(key))?;
            values.push((&key.name, &version.value));
        }
        let text = dotenv::write(values.into_iter())?;
        encrypt(text.reveal(), &parsed)
    }

    /// A new key pair to recover the vault with: the identity is shown once and kept nowhere here.
    ///
    /// # Errors
    /// When this process cannot be protected.
    pub fn recovery_key() -> Result<(Value, String), VaultError> {
        protect_process()?;
        let identity = Identity::generate();
        let public = identity.recipient().to_string();
        Ok((identity.text(), public))
    }
}
