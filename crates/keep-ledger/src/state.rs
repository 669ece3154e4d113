//! What appending needs to know: the frontier, the epoch and the key in force. It is read afresh in
//! every group of the writer, for other processes append too, and written once before the commit.

use crate::merkle::{Frontier, Hash};
use crate::note::Head;
use crate::record::log_number;
use crate::tree::is_stored;
use ed25519_dalek::SigningKey;
use keep_db::{DbError, GroupState};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

/// A head is kept in the database after so many records,
const HEAD_EVERY: u64 = 4_096;
/// or when the last one is older than this.
const HEAD_EVERY_MS: i64 = 60_000;
/// Kept heads at most; beyond it every second one of the older three quarters goes.
const MAX_HEADS: i64 = 256;

/// The state row, and what this group of appends adds to it.
#[derive(Clone)]
pub(crate) struct TreeState {
    pub origin: Arc<str>,
    pub log: u64,
    pub frontier: Frontier,
    pub epoch: u64,
    /// The public key in force.
    pub key: [u8; 32],
    pub head_size: u64,
    pub head_ms: i64,
    /// Signs the heads that are kept; absent while the ledger is not anchored.
    pub signer: Option<Arc<SigningKey>>,
    /// When the last record of this group was made.
    pub now_ms: i64,
    /// The row exists and fits together.
    pub sound: bool,
    completed: Vec<(u32, u64, Hash)>,
    dirty: bool,
}

impl TreeState {
    /// The state before the first record.
    pub(crate) fn empty() -> Self {
        Self {
            origin: "".into(),
            log: 0,
            frontier: Frontier::default(),
            epoch: 0,
            key: [0; 32],
            head_size: 0,
            head_ms: 0,
            signer: None,
            now_ms: 0,
            sound: false,
            completed: Vec::new(),
            dirty: false,
        }
    }

    /// The state of a ledger that gets its name and first key.
    pub(crate) fn begun(origin: &str, key: [u8; 32]) -> Self {
        Self { origin: origin.into(), log: log_number(origin), key, sound: true, ..Self::empty() }
    }

    /// Reads the row; `None` before the first record.
    pub(crate) fn read(sql: &Connection) -> Result<Option<Self>, DbError> {
        let mut statement = sql.prepare_cached(
            "SELECT origin, size, peaks, epoch, key, head_size, head_ms FROM ledger_state WHERE id = 1",
        )?;
        let state = statement.query_row([], |row| {
            let origin: String = row.get(0)?;
            let (size, peaks): (i64, Vec<u8>) = (row.get(1)?, row.get(2)?);
            let peaks: Vec<Hash> = peaks.chunks(32).filter_map(|chunk| chunk.try_into().ok()).collect();
            let frontier = Frontier::from_parts(size as u64, peaks);
            Ok(Self {
                log: log_number(&origin),
                origin: origin.into(),
                sound: frontier.is_some(),
                frontier: frontier.unwrap_or_default(),
                epoch: row.get::<_, i64>(3)? as u64,
                key: row.get::<_, Vec<u8>>(4)?.try_into().unwrap_or([0; 32]),
                head_size: row.get::<_, i64>(5)? as u64,
                head_ms: row.get(6)?,
                ..Self::empty()
            })
        });
        Ok(state.optional()?)
    }

    /// Appends a leaf and answers its number.
    pub(crate) fn push(&mut self, leaf: Hash) -> u64 {
        let seq = self.frontier.size();
        let completed = &mut self.completed;
        self.frontier.push(leaf, |level, index, hash| {
            if is_stored(level) {
                completed.push((level, index, *hash));
            }
        });
        self.dirty = true;
        seq
    }

    pub(crate) fn head(&self) -> Head {
        Head {
            origin: self.origin.to_string(),
            size: self.frontier.size(),
            root: self.frontier.root(),
            epoch: self.epoch,
        }
    }

    /// Keeps the head of this moment in the database, in the transaction of the records it covers.
    pub(crate) fn keep_head(&mut self, sql: &Connection, pinned: Pinned) -> Result<(), DbError> {
        let Some(signer) = &self.signer else {
            return Ok(());
        };
        if signer.verifying_key().to_bytes() != self.key || self.frontier.size() == 0 {
            // Another process turned the key; a head of the old one would look like a forgery.
            return Ok(());
        }
        let note = self.head().sign(signer);
        self.head_size = self.frontier.size();
        self.head_ms = self.now_ms;
        sql.prepare_cached("INSERT OR REPLACE INTO ledger_head (size, note, pinned) VALUES (?1, ?2, ?3)")?
            .execute((self.head_size as i64, note, matches!(pinned, Pinned::Yes)))?;
        thin_heads(sql)
    }
}

/// Whether a kept head may be thinned out later.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pinned {
    /// It marks the end of a key's time.
    Yes,
    /// One of many.
    No,
}

fn thin_heads(sql: &Connection) -> Result<(), DbError> {
    let count: i64 = sql
        .prepare_cached("SELECT count(*) FROM ledger_head WHERE pinned = 0")?
        .query_row([], |row| row.get(0))?;
    if count > MAX_HEADS {
        sql.prepare_cached(
            "DELETE FROM ledger_head WHERE size IN (
                 SELECT size FROM (SELECT size, row_number() OVER (ORDER BY size) AS n
                                   FROM ledger_head WHERE pinned = 0)
                 WHERE n % 2 = 0 AND n <= ?1)",
        )?
        .execute([MAX_HEADS * 3 / 4])?;
    }
    Ok(())
}

impl GroupState for TreeState {
    fn load(sql: &Connection) -> Result<Self, DbError> {
        Ok(Self::read(sql)?.unwrap_or_else(Self::empty))
    }

    fn flush(&mut self, sql: &Connection) -> Result<(), DbError> {
        if !self.dirty {
            return Ok(());
        }
        self.dirty = false;
        let mut insert = sql
            .prepare_cached("INSERT OR REPLACE INTO ledger_tree (level, place, hash) VALUES (?1, ?2, ?3)")?;
        for (level, index, hash) in self.completed.drain(..) {
            insert.execute((level, index as i64, &hash[..]))?;
        }
        let grown = self.frontier.size() - self.head_size.min(self.frontier.size());
        let aged = self.now_ms.saturating_sub(self.head_ms) >= HEAD_EVERY_MS;
        if grown >= HEAD_EVERY || (grown > 0 && aged) {
            self.keep_head(sql, Pinned::No)?;
        }
        sql.prepare_cached(
            "INSERT INTO ledger_state (id, origin, size, peaks, epoch, key, head_size, head_ms)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET origin = ?1, size = ?2, peaks = ?3, epoch = ?4, key = ?5,
                 head_size = ?6, head_ms = ?7",
        )?
        .execute((
            &*self.origin,
            self.frontier.size() as i64,
            self.frontier.peaks().concat(),
            self.epoch as i64,
            &self.key[..],
            self.head_size as i64,
            self.head_ms,
        ))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_thinned_and_the_pinned_stay() {
        let sql = Connection::open_in_memory().unwrap();
        sql.execute_batch(crate::SCHEMA.steps[0]).unwrap();
        let key = SigningKey::from_bytes(&[1; 32]);
        let mut state = TreeState::begun("keep.local/test", key.verifying_key().to_bytes());
        state.signer = Some(Arc::new(key));
        for n in 0..2_000u64 {
            state.push([1; 32]);
            let pinned = if n == 3 { Pinned::Yes } else { Pinned::No };
            state.keep_head(&sql, pinned).unwrap();
        }
        state.flush(&sql).unwrap();
        let count = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
        assert!(count("SELECT count(*) FROM ledger_head") <= MAX_HEADS + 1);
        assert_eq!(count("SELECT size FROM ledger_head WHERE pinned = 1"), 4);
        assert_eq!(count("SELECT max(size) FROM ledger_head"), 2_000);
        assert_eq!(TreeState::read(&sql).unwrap().unwrap().frontier, state.frontier);
    }

    #[test]
    fn a_key_that_another_process_turned_signs_nothing() {
        let sql = Connection::open_in_memory().unwrap();
        sql.execute_batch(crate::SCHEMA.steps[0]).unwrap();
        let mut state = TreeState::begun("keep.local/test", [9; 32]);
        state.signer = Some(Arc::new(SigningKey::from_bytes(&[1; 32])));
        state.push([1; 32]);
        state.keep_head(&sql, Pinned::No).unwrap();
        let heads: i64 = sql.query_row("SELECT count(*) FROM ledger_head", [], |row| row.get(0)).unwrap();
        assert_eq!(heads, 0);
    }
}
