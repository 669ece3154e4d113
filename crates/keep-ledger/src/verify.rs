//! Verification: one pass over all records that recomputes everything and believes nothing.

use crate::checkpoint::{self, Stored};
use crate::details::{Details, SaltAndText};
use crate::diagnose::diagnose;
use crate::error::{Forgery, LedgerError};
use crate::keys::{self, EPOCH, ERASE, GENESIS, KeyChain, ROTATE};
use crate::ledger::Ledger;
use crate::merkle::{Frontier, Hash, empty_root};
use crate::note::SignedHead;
use crate::ranges::Ranges;
use crate::record::{Committed, NO_DETAIL, detail_digest};
use crate::rows::{COLUMNS, committed};
use crate::state::TreeState;
use crate::tree::is_stored;
use crate::wait::block_on;
use keep_types::Digest;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::sync_channel;

/// How often progress is told, in records.
const PROGRESS_EVERY: u64 = 1 << 14;

/// What a verification that found nothing wrong has seen.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VerifyReport {
    /// The log's name.
    pub origin: String,
    /// Records.
    pub records: u64,
    /// The root over them.
    pub root: Digest,
    /// Details that are there and fit.
    pub details: u64,
    /// Details that were erased, with a record of it.
    pub erased: u64,
    /// Kept heads that fit, signed by the key in force at their size.
    pub heads: u64,
    /// Kept heads of epochs before a mismatch was accepted, which no longer fit.
    pub superseded_heads: u64,
    /// Keys that the ledger introduced.
    pub keys: u64,
    /// How many mismatches were accepted.
    pub epoch: u64,
    /// Records that the checkpoint covers.
    pub checkpoint: u64,
    /// Intents whose outcome is not recorded yet.
    pub open_intents: u64,
}

impl Ledger {
    /// Verifies everything, and tells progress as (done, all). A forgery also turns the ledger's health,
    /// so that nothing is changed until somebody looked. Blocks: not for a runtime's worker.
    ///
    /// # Errors
    /// The first forgery found, or a database that cannot be read.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, LedgerError> {
        // First the file, then the database: the database may only be ahead of it.
        let stored = checkpoint::read(&self.core.config.checkpoint)?;
        let (sender, told) = sync_channel(16);
        let pending = self.core.db.read(move |tx| {
            // Whoever waits for progress may be behind; it is only for show.
            verify_all(tx.sql(), &stored, &mut |done, all| {
                let _ = sender.try_send((done, all));
            })
        });
        for (done, all) in told {
            progress(done, all);
        }
        block_on(pending).inspect_err(|error| self.core.note_tampering(error))
    }
}

/// Verifies a database against a checkpoint.
pub(crate) fn verify_all(
    sql: &Connection,
    stored: &Stored,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, LedgerError> {
    let Some(state) = TreeState::read(sql)? else {
        return verify_empty(sql, stored);
    };
    let mut pass = Pass::new(sql, state, stored)?;
    pass.read_records(progress)?;
    pass.finish(stored)
}

fn verify_empty(sql: &Connection, stored: &Stored) -> Result<VerifyReport, LedgerError> {
    let present = crate::rows::count_by_last(sql)?;
    if present > 0 {
        return Err(Forgery::StateEdited { size: present }.into());
    }
    match stored {
        Stored::Damaged(forgery) => return Err(forgery.clone().into()),
        Stored::Note { head, .. } if head.head.size > 0 => {
            return Err(Forgery::RolledBack { size: 0, checkpoint: head.head.size }.into());
        }
        Stored::Note { .. } | Stored::Missing => {}
    }
    Ok(VerifyReport {
        origin: String::new(),
        records: 0,
        root: Digest::from_bytes(empty_root()),
        details: 0,
        erased: 0,
        heads: 0,
        superseded_heads: 0,
        keys: 0,
        epoch: 0,
        checkpoint: 0,
        open_intents: 0,
    })
}

/// One pass and what it has gathered so far.
struct Pass<'a> {
    sql: &'a Connection,
    state: TreeState,
    frontier: Frontier,
    /// Heads by size, those of the table and the checkpoint.
    heads: BTreeMap<u64, Vec<SignedHead>>,
    /// Heads whose root does not fit; whether that is forgery depends on epochs that come later.
    misfits: Vec<(u64, u64)>,
    last_good_head: u64,
    /// The first stored subtree that does not fit.
    wrong_tree: Option<(u64, u64)>,
    chain: KeyChain,
    epoch: u64,
    missing: Ranges,
    erased: Ranges,
    details: u64,
    open: BTreeSet<u64>,
    heads_seen: u64,
}

impl<'a> Pass<'a> {
    fn new(sql: &'a Connection, state: TreeState, stored: &Stored) -> Result<Self, LedgerError> {
        let mut heads: BTreeMap<u64, Vec<SignedHead>> = BTreeMap::new();
        let mut heads_seen = 0;
        let mut statement = sql.prepare("SELECT size, note FROM ledger_head ORDER BY size")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let note: String = row.get(1)?;
            let head = SignedHead::parse(&note).map_err(|e| Forgery::bad_note(&e))?;
            if head.head.size != row.get::<_, i64>(0)? as u64 {
                return Err(Forgery::BadCheckpoint { why: "a kept head has another's size".into() }.into());
            }
            heads.entry(head.head.size).or_default().push(head);
            heads_seen += 1;
        }
        drop(rows);
        if let Some(head) = stored.head() {
            heads.entry(head.head.size).or_default().push(head.clone());
        }
        Ok(Self {
            sql,
            state,
            frontier: Frontier::default(),
            heads,
            misfits: Vec::new(),
            last_good_head: 0,
            wrong_tree: None,
            chain: KeyChain::default(),
            epoch: 0,
            missing: Ranges::default(),
            erased: Ranges::default(),
            details: 0,
            open: BTreeSet::new(),
            heads_seen,
        })
    }

    fn read_records(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), LedgerError> {
        let total = self.state.frontier.size();
        let mut records = self.sql.prepare(&format!("SELECT {COLUMNS} FROM ledger_record ORDER BY seq"))?;
        let mut records = records.query([])?;
        let mut details = self.sql.prepare("SELECT seq, salt, detail FROM ledger_detail ORDER BY seq")?;
        let mut details = Details::start(details.query([])?)?;
        let mut buffer = Vec::with_capacity(512);
        self.check_heads(0);
        while let Some(row) = records.next()? {
            let (record, stored_leaf) = committed(row)?;
            self.check_place(&record)?;
            let leaf = record.leaf(&mut buffer);
            if leaf[..] != *stored_leaf {
                return Err(diagnose(self.sql, record.seq)?.into());
            }
            let detail = details.of(record.seq)?;
            self.check_detail(&record, detail)?;
            self.follow_intents(&record);
            self.push(leaf)?;
            if self.frontier.size().is_multiple_of(PROGRESS_EVERY) {
                progress(self.frontier.size(), total.max(self.frontier.size()));
            }
        }
        if let Some(seq) = details.rest()? {
            return Err(Forgery::DetailAdded { seq }.into());
        }
        progress(self.frontier.size(), total.max(self.frontier.size()));
        Ok(())
    }

    fn check_place(&self, record: &Committed<'_>) -> Result<(), Forgery> {
        let expected = self.frontier.size();
        if record.seq > i64::MAX as u64 {
            return Err(Forgery::Inserted { seq: expected });
        }
        if record.seq != expected {
            return Err(Forgery::Deleted { seq: expected });
        }
        if record.log != self.state.log {
            return Err(Forgery::Spliced { seq: expected });
        }
        Ok(())
    }

    fn push(&mut self, leaf: Hash) -> Result<(), LedgerError> {
        let mut completed = [None; 3];
        self.frontier.push(leaf, |level, index, hash| {
            if is_stored(level) {
                completed[(level / 8 - 1) as usize] = Some((level, index, *hash));
            }
        });
        for (level, index, hash) in completed.into_iter().flatten() {
            let stored: Option<Vec<u8>> = self
                .sql
                .prepare_cached("SELECT hash FROM ledger_tree WHERE level = ?1 AND place = ?2")?
                .query_row((level, index as i64), |row| row.get(0))
                .optional()?;
            if stored.is_none_or(|stored| stored[..] != hash) && self.wrong_tree.is_none() {
                self.wrong_tree = Some((index << level, (index + 1) << level));
            }
        }
        self.check_heads(self.frontier.size());
        Ok(())
    }

    /// Compares the heads signed at this size with the root that the records have.
    fn check_heads(&mut self, size: u64) {
        let Some(heads) = self.heads.get(&size) else {
            return;
        };
        let root = self.frontier.root();
        for head in heads {
            if head.head.root == root {
                self.last_good_head = size;
            } else {
                self.misfits.push((size, head.head.epoch));
            }
        }
    }

    fn check_detail(
        &mut self,
        record: &Committed<'_>,
        detail: Option<SaltAndText<'_>>,
    ) -> Result<(), LedgerError> {
        let seq = record.seq;
        let Some((salt, json)) = detail else {
            if record.detail != NO_DETAIL {
                self.missing.add(seq);
            }
            return self.take_own(record, &Value::Null);
        };
        if record.detail == NO_DETAIL {
            return Err(Forgery::DetailAdded { seq }.into());
        }
        if detail_digest(salt, json)[..] != *record.detail {
            return Err(Forgery::DetailEdited { seq }.into());
        }
        self.details += 1;
        if !record.action.starts_with(b"ledger.") {
            return Ok(());
        }
        let detail =
            serde_json::from_slice(json).map_err(|_| LedgerError::Malformed { seq, what: "detail" })?;
        self.take_own(record, &detail)
    }

    /// Follows the records that the ledger made about itself: keys, epochs, erasures.
    fn take_own(&mut self, record: &Committed<'_>, detail: &Value) -> Result<(), LedgerError> {
        let Ok(action) = std::str::from_utf8(record.action) else {
            return Ok(());
        };
        let seq = record.seq;
        if seq == 0 && action != GENESIS {
            return Err(Forgery::KeyChain { seq }.into());
        }
        if matches!(action, GENESIS | ROTATE | EPOCH) {
            self.chain.take(seq, action, &self.state.origin, detail)?;
        }
        if action == EPOCH {
            self.epoch = detail.get("epoch").and_then(Value::as_u64).unwrap_or(self.epoch + 1);
        }
        if action == ERASE || action == EPOCH {
            self.erased.add_all(&detail["erased"]);
        }
        Ok(())
    }

    fn follow_intents(&mut self, record: &Committed<'_>) {
        match record.phase {
            b"intent" => {
                self.open.insert(record.seq);
            }
            b"outcome" | b"outcome-failed" | b"abandoned" => {
                if let Some(intent) = record.refers_to {
                    self.open.remove(&intent);
                }
            }
            _ => {}
        }
    }

    /// What can only be judged once all records were seen.
    fn finish(mut self, stored: &Stored) -> Result<VerifyReport, LedgerError> {
        let size = self.frontier.size();
        for head in self.heads.values().flatten() {
            if head.head.origin != *self.state.origin {
                return Err(Forgery::ForeignLog { found: head.head.origin.clone() }.into());
            }
        }
        self.check_misfits()?;
        self.check_length(stored)?;
        if !self.state.sound || self.state.frontier != self.frontier || self.state.epoch != self.epoch {
            return Err(Forgery::StateEdited { size }.into());
        }
        if let Some((from, to)) = self.wrong_tree {
            return Err(Forgery::TreeEdited { from, to }.into());
        }
        let superseded_heads = self.check_signatures(stored)?;
        if let Some(seq) = self.missing.first_outside(&self.erased) {
            return Err(Forgery::DetailLost { seq }.into());
        }
        self.check_lists()?;
        let checkpoint = match stored {
            Stored::Missing => return Err(Forgery::Unanchored { size }.into()),
            Stored::Damaged(forgery) => return Err(forgery.clone().into()),
            Stored::Note { head, .. } => head.head.size,
        };
        Ok(VerifyReport {
            origin: self.state.origin.to_string(),
            records: size,
            root: Digest::from_bytes(self.frontier.root()),
            details: self.details,
            erased: self.missing.count(),
            heads: self.heads_seen - superseded_heads,
            superseded_heads,
            keys: self.chain.0.len() as u64,
            epoch: self.epoch,
            checkpoint,
            open_intents: self.open.len() as u64,
        })
    }

    /// A head of the present epoch that does not fit is a forgery. One of an older epoch was known and
    /// accepted; the present epoch's heads cover the same records again.
    fn check_misfits(&self) -> Result<(), Forgery> {
        let Some((to, _)) = self.misfits.iter().find(|(_, epoch)| *epoch >= self.epoch) else {
            return Ok(());
        };
        Err(match self.wrong_tree {
            Some((from, end)) if end <= *to => Forgery::Rewritten { from, to: end },
            _ => Forgery::Forked { from: self.last_good_head, to: *to },
        })
    }

    fn check_length(&self, stored: &Stored) -> Result<(), LedgerError> {
        let size = self.frontier.size();
        let claimed = self.heads_beyond(size, stored).max(self.state.frontier.size());
        let claimed = claimed.max(tree_extent(self.sql)?);
        if claimed > size {
            return Err(Forgery::Truncated { kept: size, expected: claimed }.into());
        }
        if size > self.state.frontier.size() {
            return Err(Forgery::Inserted { seq: self.state.frontier.size() }.into());
        }
        if let Some(head) = stored.head()
            && (head.head.size > size || head.head.epoch > self.epoch)
        {
            return Err(Forgery::RolledBack { size, checkpoint: head.head.size }.into());
        }
        Ok(())
    }

    /// The largest size that a kept head of this epoch claims, the checkpoint aside.
    fn heads_beyond(&self, size: u64, stored: &Stored) -> u64 {
        let kept = |head: &&SignedHead| stored.head() != Some(*head) && head.head.epoch >= self.epoch;
        self.heads
            .range(size + 1..)
            .filter(|(_, heads)| heads.iter().any(|head| kept(&head)))
            .map(|(size, _)| *size)
            .max()
            .unwrap_or(0)
    }

    /// Every head must carry the signature of the key in force at its size, whatever came later.
    fn check_signatures(&mut self, stored: &Stored) -> Result<u64, LedgerError> {
        let mut superseded = 0;
        for head in self.heads.values().flatten() {
            self.chain.check(head)?;
            let misfit = self.misfits.contains(&(head.head.size, head.head.epoch));
            superseded += u64::from(misfit && stored.head() != Some(head));
        }
        Ok(superseded)
    }

    /// The lists kept for quick reading must follow from the records.
    fn check_lists(&self) -> Result<(), LedgerError> {
        let listed: BTreeSet<u64> = self
            .sql
            .prepare("SELECT seq FROM ledger_open_intent")?
            .query_map([], |row| row.get::<_, i64>(0).map(|seq| seq as u64))?
            .collect::<Result<_, _>>()?;
        if let Some(seq) = listed.symmetric_difference(&self.open).next() {
            return Err(Forgery::IntentList { seq: *seq }.into());
        }
        let mut keys = keys::KeyChain::default();
        let mut statement = self.sql.prepare("SELECT seq, public FROM ledger_key ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq = row.get::<_, i64>(0)? as u64;
            let public = row.get::<_, Vec<u8>>(1)?.try_into().map_err(|_| Forgery::KeyChain { seq })?;
            keys.0.push(keys::KnownKey { seq, public });
        }
        let differs = keys.0.iter().find(|known| !self.chain.0.contains(known));
        let lacks = self.chain.0.iter().find(|known| !keys.0.contains(known));
        if let Some(known) = differs.or(lacks) {
            return Err(Forgery::KeyChain { seq: known.seq }.into());
        }
        if self.chain.0.last().is_none_or(|known| known.public != self.state.key) {
            return Err(Forgery::StateEdited { size: self.frontier.size() }.into());
        }
        Ok(())
    }
}

/// How many records the stored subtrees speak of.
fn tree_extent(sql: &Connection) -> Result<u64, LedgerError> {
    let mut statement = sql.prepare("SELECT level, max(place) FROM ledger_tree GROUP BY level")?;
    let mut rows = statement.query([])?;
    let mut extent = 0;
    while let Some(row) = rows.next()? {
        let (level, place): (u32, i64) = (row.get(0)?, row.get(1)?);
        extent = extent.max((place as u64).saturating_add(1).saturating_mul(1 << level.min(62)));
    }
    Ok(extent)
}
