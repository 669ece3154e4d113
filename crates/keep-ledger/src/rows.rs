//! Rows of the ledger's tables, as bytes: nothing is trusted before it was hashed.

use crate::error::LedgerError;
use crate::merkle::Hash;
use crate::record::{Committed, Entry, NO_DETAIL, Phase, Seq};
use keep_types::{Digest, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

/// The columns in the order in which [`committed`] reads them.
pub(crate) const COLUMNS: &str = "seq, log, utc_ms, monotonic_ns, boot, pid, started_ticks, principal, \
     namespace, action, phase, refers_to, digest, exact, leaf";

/// Reads what the leaf commits to, and the stored leaf, without copying.
pub(crate) fn committed<'a>(row: &'a Row<'_>) -> Result<(Committed<'a>, &'a [u8]), LedgerError> {
    let seq = number(row, 0)?;
    let committed = Committed {
        seq,
        log: number(row, 1)?,
        utc_ms: row.get(2)?,
        monotonic_ns: number(row, 3)?,
        boot: bytes(row, 4)?,
        // A forged row may hold a number that is no process's; cut off it no longer fits its leaf.
        pid: number(row, 5)? as u32,
        started_ticks: number(row, 6)?,
        principal: bytes(row, 7)?,
        namespace: bytes(row, 8)?,
        action: bytes(row, 9)?,
        phase: bytes(row, 10)?,
        refers_to: row.get::<_, Option<i64>>(11)?.map(|n| n as u64),
        detail: bytes(row, 12)?,
        exact: match row.get_ref(13)? {
            ValueRef::Null => None,
            ValueRef::Blob(mac) => Some(mac),
            _ => return Err(LedgerError::Malformed { seq, what: "exact" }),
        },
    };
    Ok((committed, bytes(row, 14)?))
}

/// SQLite's numbers are signed; ours are stored with the same bits.
fn number(row: &Row<'_>, column: usize) -> Result<u64, LedgerError> {
    Ok(row.get::<_, i64>(column)? as u64)
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], LedgerError> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(bytes),
        _ => Ok(&[]),
    }
}

/// A record for reading, from a row of [`COLUMNS`] followed by its detail's text or null.
pub(crate) fn entry(row: &Row<'_>) -> Result<Entry, LedgerError> {
    let (record, leaf) = committed(row)?;
    let seq = record.seq;
    let malformed = |what| move || LedgerError::Malformed { seq, what };
    let text = |bytes, what| std::str::from_utf8(bytes).map_err(|_| malformed(what)());
    let leaf: Hash = leaf.try_into().map_err(|_| malformed("leaf")())?;
    let detail = match row.get_ref(15)? {
        ValueRef::Text(json) => Some(serde_json::from_slice(json).map_err(|_| malformed("detail")())?),
        _ => None,
    };
    Ok(Entry {
        seq: Seq(seq),
        at: Timestamp::from_ms(record.utc_ms),
        monotonic_ns: record.monotonic_ns,
        principal: text(record.principal, "principal")?.parse().map_err(|_| malformed("principal")())?,
        namespace: text(record.namespace, "namespace")?.parse().map_err(|_| malformed("namespace")())?,
        action: text(record.action, "action")?.parse().map_err(|_| malformed("action")())?,
        phase: Phase::of_word(text(record.phase, "phase")?).ok_or_else(malformed("phase"))?,
        refers_to: record.refers_to,
        erased: detail.is_none() && record.detail != NO_DETAIL,
        detail,
        leaf: Digest::from_bytes(leaf),
    })
}

/// One record for reading.
pub(crate) fn entry_at(sql: &Connection, seq: u64) -> Result<Entry, LedgerError> {
    let mut statement = sql.prepare_cached(&format!(
        "SELECT {}, d.detail FROM ledger_record r LEFT JOIN ledger_detail d ON d.seq = r.seq \
         WHERE r.seq = ?1",
        qualified()
    ))?;
    let mut rows = statement.query([seq as i64])?;
    let row = rows.next()?.ok_or(LedgerError::NoSuchRecord(seq))?;
    entry(row)
}

/// [`COLUMNS`] of the table named `r`.
pub(crate) fn qualified() -> String {
    COLUMNS.split(", ").map(|column| format!("r.{}", column.trim())).collect::<Vec<_>>().join(", ")
}

/// The number of the last record and one, 0 when there is none.
pub(crate) fn count_by_last(sql: &Connection) -> Result<u64, LedgerError> {
    let last: Option<i64> = sql
        .prepare_cached("SELECT seq FROM ledger_record ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.map_or(0, |seq| (seq + 1).max(0) as u64))
}
