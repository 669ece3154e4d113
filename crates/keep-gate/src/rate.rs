//! How many changing acts a principal may try in a minute, counted across all processes.

use crate::error::GateError;
use keep_types::{Principal, PrincipalKind, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// The limits by kind of principal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) user_per_minute: u32,
    pub(crate) agent_per_minute: u32,
}

impl Limits {
    pub(crate) fn of(self, principal: &Principal) -> u32 {
        match principal.kind() {
            PrincipalKind::User => self.user_per_minute,
            PrincipalKind::Agent | PrincipalKind::Service => self.agent_per_minute,
        }
    }
}

fn minute(now: Timestamp) -> i64 {
    now.ms().div_euclid(60_000)
}

/// How many acts this principal has tried in the current minute.
pub(crate) fn count(sql: &Connection, principal: &Principal, now: Timestamp) -> Result<u32, GateError> {
    let row = sql
        .prepare_cached("SELECT count FROM gate_rate WHERE principal = ?1 AND minute = ?2")?
        .query_row(params![principal.to_string(), minute(now)], |row| row.get(0))
        .optional()?;
    Ok(row.unwrap_or(0))
}

/// Counts one act, in the transaction that records it.
pub(crate) fn charge(sql: &Connection, principal: &Principal, now: Timestamp) -> Result<(), GateError> {
    sql.prepare_cached(
        "INSERT INTO gate_rate VALUES (?1, ?2, 1) ON CONFLICT (principal) DO UPDATE SET
             count = CASE WHEN minute = excluded.minute THEN count + 1 ELSE 1 END,
             minute = excluded.minute",
    )?
    .execute(params![principal.to_string(), minute(now)])?;
    Ok(())
}
