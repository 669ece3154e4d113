//! The keys: the files that hold them, and the chain by which the ledger introduces the public ones.

use crate::error::{Forgery, LedgerError};
use crate::hex;
use crate::merkle::Hash;
use crate::record::detail_digest;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};
use sha2::Sha256;
use std::fs;
use std::io::{ErrorKind as IoKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The actions of the records that the ledger makes about itself. Their details are never erased,
/// since verification reads them.
pub(crate) const GENESIS: &str = "ledger.genesis";
pub(crate) const ROTATE: &str = "ledger.rotate_key";
pub(crate) const EPOCH: &str = "ledger.epoch";
pub(crate) const ERASE: &str = "ledger.erase";
pub(crate) const LOST: &str = "ledger.lost";

/// Whether only the ledger itself may use an action.
pub(crate) fn is_reserved(action: &str) -> bool {
    action.starts_with("ledger.")
}

/// 32 secret bytes.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

pub(crate) fn random<const N: usize>() -> Result<[u8; N], LedgerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| LedgerError::Random)?;
    Ok(bytes)
}

/// Reads a key file: one line of 64 hex digits, readable by its owner alone. `None` when there is none.
pub(crate) fn read_secret(path: &Path) -> Result<Option<Secret>, LedgerError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == IoKind::NotFound => return Ok(None),
        Err(error) => return Err(LedgerError::file("reading the key", path, error)),
    };
    let meta = fs::metadata(path).map_err(|e| LedgerError::file("reading the key", path, e))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(LedgerError::OpenKeyFile { path: path.to_owned(), mode });
    }
    let bytes = hex::decode_array(text.trim_end()).ok_or_else(|| LedgerError::BadKeyFile(path.to_owned()))?;
    Ok(Some(Zeroizing::new(bytes)))
}

/// Reads a key file, or makes it when there is none. Two processes that start together agree on one
/// key, since a link is only made where none is yet.
pub(crate) fn secret_or_new(path: &Path) -> Result<Secret, LedgerError> {
    if let Some(secret) = read_secret(path)? {
        return Ok(secret);
    }
    let temporary = with_suffix(path, &format!("new-{}", hex::encode(&random::<4>()?)));
    write_secret(&temporary, &Zeroizing::new(random()?))?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary).map_err(|e| LedgerError::file("removing", &temporary, e))?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == IoKind::AlreadyExists => {}
        Err(error) => return Err(LedgerError::file("creating the key", path, error)),
    }
    sync_folder(path)?;
    read_secret(path)?.ok_or_else(|| LedgerError::BadKeyFile(path.to_owned()))
}

/// Writes a new key file durably.
pub(crate) fn write_secret(path: &Path, secret: &Secret) -> Result<(), LedgerError> {
    let text = Zeroizing::new(format!("{}\n", &*Zeroizing::new(hex::encode(&secret[..]))));
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|e| LedgerError::file("writing the key", path, e))
}

pub(crate) fn sync_folder(path: &Path) -> Result<(), LedgerError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(|e| LedgerError::file("syncing the folder", folder, e))
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// The file of a key that is being turned: written before the record of the turn, renamed after.
pub(crate) fn next_key_file(path: &Path) -> PathBuf {
    with_suffix(path, "next")
}

/// The HMAC of bytes under the installation's key.
pub(crate) fn hmac(key: &Secret, bytes: &[u8]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key[..]).expect("HMAC takes a key of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// One key of the ledger and the record that introduced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub seq: u64,
    pub public: [u8; 32],
}

/// The keys in the order in which they came into force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyChain(pub Vec<KnownKey>);

impl KeyChain {
    /// Takes in a record that introduces a key, if this is one that does so rightly.
    pub(crate) fn take(
        &mut self,
        seq: u64,
        action: &str,
        origin: &str,
        detail: &Value,
    ) -> Result<(), Forgery> {
        let bad = || Forgery::KeyChain { seq };
        let Some(public) = detail.get("key").and_then(Value::as_str) else {
            return if action == EPOCH { Ok(()) } else { Err(bad()) };
        };
        let public: [u8; 32] = hex::decode_array(public).ok_or_else(bad)?;
        match (action, self.0.last()) {
            (GENESIS, None) if detail.get("origin").and_then(Value::as_str) == Some(origin) => {}
            (EPOCH, Some(_)) => {}
            (ROTATE, Some(before)) => {
                let key = VerifyingKey::from_bytes(&before.public).map_err(|_| bad())?;
                let signature = detail.get("signature").and_then(Value::as_str);
                let signature = signature.and_then(hex::decode_array::<64>).ok_or_else(bad)?;
                key.verify_strict(turn_text(origin, &public).as_bytes(), &Signature::from_bytes(&signature))
                    .map_err(|_| bad())?;
            }
            _ => return Err(bad()),
        }
        self.0.push(KnownKey { seq, public });
        Ok(())
    }

    /// Checks that a head was signed by the key in force at its size.
    pub(crate) fn check(&self, head: &crate::note::SignedHead) -> Result<(), Forgery> {
        let size = head.head.size;
        let signs = |known: &KnownKey| {
            VerifyingKey::from_bytes(&known.public).is_ok_and(|key| head.verify(&key).is_ok())
        };
        // The head of the empty ledger comes before the record that introduces its key.
        let in_force = self.0.iter().rev().find(|known| known.seq < size.max(1));
        if in_force.is_some_and(signs) {
            return Ok(());
        }
        Err(match self.0.iter().find(|known| signs(known)) {
            None => Forgery::ForeignKey { size },
            Some(known) if known.seq >= size => Forgery::Resigned { size, introduced: known.seq },
            Some(_) => Forgery::RetiredKey { size },
        })
    }

    /// Reads the chain by the table of keys, each checked against its record's own detail.
    pub(crate) fn load(sql: &Connection, origin: &str) -> Result<Self, LedgerError> {
        let mut chain = Self::default();
        let mut statement = sql.prepare_cached("SELECT seq, public FROM ledger_key ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (seq, public) = (row.get::<_, i64>(0)? as u64, row.get::<_, Vec<u8>>(1)?);
            let bad = || LedgerError::from(Forgery::KeyChain { seq });
            let (action, detail) = key_record(sql, seq)?.ok_or_else(bad)?;
            chain.take(seq, &action, origin, &detail)?;
            if chain.0.last().is_none_or(|known| known.seq != seq || known.public[..] != public[..]) {
                return Err(bad());
            }
        }
        Ok(chain)
    }
}

/// The action and detail of a record that introduces a key, if the detail is the one committed to.
fn key_record(sql: &Connection, seq: u64) -> Result<Option<(String, Value)>, LedgerError> {
    let found = sql
        .prepare_cached(
            "SELECT r.action, r.digest, d.salt, d.detail FROM ledger_record r
             JOIN ledger_detail d ON d.seq = r.seq WHERE r.seq = ?1",
        )?
        .query_row([seq as i64], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()?;
    Ok(found.and_then(|(action, digest, salt, detail)| {
        let whole = detail_digest(&salt, detail.as_bytes())[..] == digest[..];
        let value = serde_json::from_str(&detail).ok()?;
        whole.then_some((action, value))
    }))
}

/// What the old key signs when a new one comes.
fn turn_text(origin: &str, new: &[u8; 32]) -> String {
    format!("keep ledger key v1\n{origin}\n{}\n", hex::encode(new))
}

/// The detail of the record by which one key introduces the next.
pub(crate) fn turn_detail(origin: &str, old: &SigningKey, new: &[u8; 32]) -> Value {
    let signature = old.sign(turn_text(origin, new).as_bytes()).to_bytes();
    json!({ "key": hex::encode(new), "signature": hex::encode(&signature) })
}
