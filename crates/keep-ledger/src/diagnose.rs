//! What was done to a record that does not fit its leaf. The leaf commits to the record's number, so
//! a moved record still fits the number it once had.

use crate::error::{Forgery, LedgerError};
use crate::record::leaf_at;
use crate::rows::{COLUMNS, committed};
use rusqlite::Connection;

/// The numbers that are tried: enough for any ledger whose verification somebody waits for.
const MAX_TRIED: u64 = 1 << 24;

/// A row as it lies there: its stored leaf and the number that leaf was made for.
struct Origin {
    leaf: Vec<u8>,
    seq: Option<u64>,
}

/// Names the forgery at the first record that does not fit its leaf.
pub(crate) fn diagnose(sql: &Connection, seq: u64) -> Result<Forgery, LedgerError> {
    let here = origin_of(sql, seq)?;
    let next_is_from = |place| -> Result<bool, LedgerError> {
        Ok(origin_of(sql, seq + 1)?.is_some_and(|next| next.seq == Some(place)))
    };
    let edited = Forgery::Edited { seq };
    let Some(here) = here else { return Ok(edited) };
    Ok(match here.seq {
        None if next_is_from(seq)? => Forgery::Inserted { seq },
        None => edited,
        Some(from) if from < seq => {
            let copied = origin_of(sql, from)?.is_some_and(|first| first.leaf == here.leaf);
            if copied {
                Forgery::Duplicated { seq, of: from }
            } else if from + 1 == seq {
                Forgery::Inserted { seq: from }
            } else {
                Forgery::Reordered { seq }
            }
        }
        Some(from) => {
            let swapped = origin_of(sql, from)?.is_some_and(|other| other.seq == Some(seq));
            if swapped || next_is_from(seq)? {
                Forgery::Reordered { seq }
            } else if origin_of(sql, from)?.is_some_and(|other| other.leaf == here.leaf) {
                Forgery::Duplicated { seq, of: from }
            } else {
                Forgery::Deleted { seq }
            }
        }
    })
}

fn origin_of(sql: &Connection, seq: u64) -> Result<Option<Origin>, LedgerError> {
    let mut statement = sql.prepare_cached(&format!("SELECT {COLUMNS} FROM ledger_record WHERE seq = ?1"))?;
    let mut rows = statement.query([seq as i64])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (record, leaf) = committed(row)?;
    let leaf = leaf.to_vec();
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    let last = crate::rows::count_by_last(sql)? + 64;
    // Near places first: most forgeries move records by one.
    let near = seq.saturating_sub(2)..seq + 3;
    let found = near.chain(0..last.min(MAX_TRIED)).find(|&at| leaf_at(&mut bytes, at)[..] == leaf[..]);
    Ok(Some(Origin { leaf, seq: found }))
}
