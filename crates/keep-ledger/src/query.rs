//! Reading records by filters.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::record::{Entry, Phase};
use crate::rows::{entry, entry_at, qualified};
use keep_db::Pending;
use keep_types::{Namespace, Principal, Timestamp};
use rusqlite::Connection;
use rusqlite::types::Value;

/// Records in one answer at most: a page, not an export.
const MAX_LIMIT: usize = 10_000;

/// Which records are wanted; what is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only records after this one.
    pub after: Option<u64>,
    /// Only records before this one.
    pub before_seq: Option<u64>,
    /// Whose.
    pub principal: Option<Principal>,
    /// Actions that are this or start with it and a dot: `memory` finds `memory.write`.
    pub action: Option<String>,
    /// Of this namespace exactly.
    pub namespace: Option<Namespace>,
    /// Of one of these namespaces: what whoever asks may see.
    pub within: Option<Vec<Namespace>>,
    /// Of this phase.
    pub phase: Option<Phase>,
    /// Of one of these phases; none of them: of any.
    pub phases: Vec<Phase>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// At most so many; 10,000 without it.
    pub limit: Option<usize>,
    /// The newest first instead of the oldest.
    pub newest_first: bool,
}

impl Ledger {
    /// Records that fit the filter. What it leaves out is hidden from this view only: verification
    /// always covers all.
    pub fn query(&self, filter: Filter) -> Pending<Vec<Entry>, LedgerError> {
        self.core.db.read(move |tx| select(tx.sql(), &filter))
    }

    /// One record.
    pub fn get(&self, seq: u64) -> Pending<Entry, LedgerError> {
        self.core.db.read(move |tx| entry_at(tx.sql(), seq))
    }
}

fn select(sql: &Connection, filter: &Filter) -> Result<Vec<Entry>, LedgerError> {
    let mut wheres = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            wheres.push(condition.replace('?', &format!("?{}", values.len())));
        }
    };
    let number = |n: u64| Value::from(i64::try_from(n).unwrap_or(i64::MAX));
    add("r.seq > ?", filter.after.map(number));
    add("r.seq < ?", filter.before_seq.map(number));
    add("r.principal = ?", filter.principal.as_ref().map(|p| p.to_string().into()));
    add(
        "(r.action = ? OR substr(r.action, 1, length(?) + 1) = ? || '.')",
        filter.action.as_ref().map(|a| a.trim_end_matches(['.', '*']).to_owned().into()),
    );
    add("r.phase = ?", filter.phase.map(|p| p.as_str().to_owned().into()));
    add("r.utc_ms >= ?", filter.since.map(|t| t.ms().into()));
    add("r.utc_ms < ?", filter.until.map(|t| t.ms().into()));
    add("r.namespace = ?", filter.namespace.as_ref().map(|n| n.to_string().into()));
    if !filter.phases.is_empty() {
        let first = values.len() + 1;
        let marks: Vec<String> = (first..first + filter.phases.len()).map(|n| format!("?{n}")).collect();
        wheres.push(format!("r.phase IN ({})", marks.join(", ")));
        values.extend(filter.phases.iter().map(|phase| Value::from(phase.as_str().to_owned())));
    }
    if let Some(within) = &filter.within {
        let first = values.len() + 1;
        values.extend(within.iter().map(|namespace| Value::from(namespace.to_string())));
        let places: Vec<String> = (first..=values.len()).map(|place| format!("?{place}")).collect();
        wheres.push(format!("r.namespace IN ({})", places.join(", ")));
    }
    let limit = filter.limit.unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
    let order = if filter.newest_first { "DESC" } else { "ASC" };
    let condition = if wheres.is_empty() { String::new() } else { format!("WHERE {}", wheres.join(" AND ")) };
    let query = format!(
        "SELECT {}, d.detail FROM ledger_record r LEFT JOIN ledger_detail d ON d.seq = r.seq
         {condition} ORDER BY r.seq {order} LIMIT {limit}",
        qualified()
    );
    let mut statement = sql.prepare(&query)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}
