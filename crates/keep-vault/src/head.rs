//! What is on record of the vault's file.

use crate::error::VaultError;
use keep_types::Digest;
use rusqlite::{Connection, OptionalExtension, Row};

/// One version of the file: enough to tell it from every other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) vault: String,
    pub(crate) version: u64,
    pub(crate) digest: Digest,
    pub(crate) signer: [u8; 32],
}

/// The version on record, and the one that was being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Version 0 with no digest stands for the time before the first write.
    pub(crate) last: Mark,
    pub(crate) next: Option<Mark>,
}

impl Head {
    /// The mark that a file of this digest fits: the last one, or the one that was being written.
    pub(crate) fn fitting(&self, digest: Digest) -> Option<&Mark> {
        [Some(&self.last), self.next.as_ref()].into_iter().flatten().find(|mark| mark.digest == digest)
    }

    /// Whether no version was ever written.
    pub(crate) fn is_before_first(&self) -> bool {
        self.last.version == 0
    }
}

/// Reads what is on record; `None` before the first write was announced.
pub(crate) fn read(sql: &Connection) -> Result<Option<Head>, VaultError> {
    sql.prepare_cached("SELECT * FROM vault_head")?
        .query_row([], |row| Ok(parse(row)))
        .optional()?
        .transpose()
}

fn parse(row: &Row<'_>) -> Result<Head, VaultError> {
    let corrupt = |what: &str| VaultError::Corrupt { table: "vault_head", what: what.to_owned() };
    let last = Mark {
        vault: row.get("vault")?,
        version: u64::try_from(row.get::<_, i64>("version")?).map_err(|_| corrupt("version"))?,
        digest: Digest::from_bytes(row.get("digest")?),
        signer: row.get("signer")?,
    };
    let next = match row.get::<_, Option<String>>("next_vault")? {
        None => None,
        Some(vault) => Some(Mark {
            vault,
            version: u64::try_from(row.get::<_, i64>("next_version")?)
                .map_err(|_| corrupt("next_version"))?,
            digest: Digest::from_bytes(row.get("next_digest")?),
            signer: row.get("next_signer")?,
        }),
    };
    Ok(Head { last, next })
}
