//! Appending: what a caller hands in becomes a row, a leaf and a detail, inside the caller's own
//! transaction.

use crate::error::LedgerError;
use crate::keys::{self, Secret};
use crate::merkle::Hash;
use crate::owner::Owner;
use crate::record::{Committed, NO_DETAIL, Phase, Record, Salt, Seq, detail_digest};
use crate::state::TreeState;
use keep_db::WriteTx;
use keep_types::Clock;
use rusqlite::params;
use std::sync::Mutex;

/// A record made ready outside the writer thread.
pub(crate) struct Draft {
    pub principal: String,
    pub namespace: String,
    pub action: String,
    pub phase: Phase,
    pub refers_to: Option<u64>,
    pub detail: Option<String>,
    pub exact: Option<Hash>,
    /// Who answers for an intent.
    pub owner: &'static Owner,
}

impl Draft {
    /// A caller's record; the ledger's own actions are refused.
    pub(crate) fn of(record: &Record, hmac_key: &Secret) -> Result<Self, LedgerError> {
        let action = record.action.as_str();
        if keys::is_reserved(action) {
            return Err(LedgerError::Reserved(action.to_owned()));
        }
        Ok(Self {
            principal: record.principal.to_string(),
            namespace: record.namespace.to_string(),
            action: action.to_owned(),
            phase: record.phase,
            refers_to: record.refers_to,
            detail: (!record.detail.is_null()).then(|| record.detail.to_string()),
            exact: record.exact.as_deref().map(|bytes| keys::hmac(hmac_key, bytes)),
            owner: Owner::own(),
        })
    }

    /// A record of the ledger about itself.
    pub(crate) fn own(principal: &str, action: &str, detail: &serde_json::Value) -> Self {
        Self {
            principal: principal.to_owned(),
            namespace: "global".to_owned(),
            action: action.to_owned(),
            phase: Phase::Note,
            refers_to: None,
            detail: Some(detail.to_string()),
            exact: None,
            owner: Owner::own(),
        }
    }
}

/// Salts, drawn 256 at a time: one system call for each would cost more than the rest of an append.
pub(crate) struct Salts(Mutex<(Vec<u8>, usize)>);

const POOL_BYTES: usize = 4096;

impl Salts {
    pub(crate) fn new() -> Self {
        Self(Mutex::new((vec![0; POOL_BYTES], POOL_BYTES)))
    }

    pub(crate) fn next(&self) -> Result<Salt, LedgerError> {
        let mut pool = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (bytes, used) = &mut *pool;
        if *used + 16 > bytes.len() {
            getrandom::fill(bytes).map_err(|_| LedgerError::Random)?;
            *used = 0;
        }
        let mut salt = Salt::default();
        salt.copy_from_slice(&bytes[*used..*used + 16]);
        bytes[*used..*used + 16].fill(0);
        *used += 16;
        Ok(salt)
    }
}

/// Writes one record; the caller has made sure that the ledger takes any.
pub(crate) fn insert(
    tx: &mut WriteTx<'_>,
    draft: &Draft,
    clock: &dyn Clock,
    salts: &Salts,
) -> Result<Seq, LedgerError> {
    let (state, sql) = tx.group_and_sql::<TreeState>()?;
    let salt = salts.next()?;
    let detail_hash = match &draft.detail {
        Some(detail) => detail_digest(&salt, detail.as_bytes()),
        None => NO_DETAIL,
    };
    let own = draft.owner;
    let owns = draft.phase == Phase::Intent;
    let entry = Committed {
        log: state.log,
        seq: state.frontier.size(),
        utc_ms: clock.now().ms(),
        monotonic_ns: clock.monotonic_ns(),
        boot: &own.boot,
        pid: if owns { own.pid } else { 0 },
        started_ticks: if owns { own.started_ticks } else { 0 },
        principal: draft.principal.as_bytes(),
        namespace: draft.namespace.as_bytes(),
        action: draft.action.as_bytes(),
        phase: draft.phase.as_str().as_bytes(),
        refers_to: draft.refers_to,
        detail: &detail_hash,
        exact: draft.exact.as_ref().map(|mac| &mac[..]),
    };
    let leaf = entry.leaf(&mut Vec::with_capacity(256));
    sql.prepare_cached(INSERT_RECORD)?.execute(params![
        entry.seq as i64,
        entry.log as i64,
        entry.utc_ms,
        entry.monotonic_ns as i64,
        entry.boot,
        entry.pid,
        entry.started_ticks as i64,
        draft.principal,
        draft.namespace,
        draft.action,
        draft.phase.as_str(),
        entry.refers_to.map(|seq| seq as i64),
        entry.detail,
        entry.exact,
        &leaf[..],
    ])?;
    if let Some(detail) = &draft.detail {
        sql.prepare_cached("INSERT INTO ledger_detail (seq, salt, detail) VALUES (?1, ?2, ?3)")?
            .execute((entry.seq as i64, &salt[..], detail))?;
    }
    if owns {
        sql.prepare_cached("INSERT INTO ledger_open_intent (seq) VALUES (?1)")?
            .execute([entry.seq as i64])?;
    }
    if let (true, Some(intent)) = (draft.phase.closes(), draft.refers_to) {
        sql.prepare_cached("DELETE FROM ledger_open_intent WHERE seq = ?1")?.execute([intent as i64])?;
    }
    state.now_ms = entry.utc_ms;
    Ok(Seq(state.push(leaf)))
}

pub(crate) const INSERT_RECORD: &str = "INSERT INTO ledger_record (seq, log, utc_ms, monotonic_ns, boot, \
     pid, started_ticks, principal, namespace, action, phase, refers_to, digest, exact, leaf) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
