//! `keep stop` and `keep resume`: one row that denies everything while it exists.

use crate::admit::Gate;
use crate::approval::{self, Withdrawn};
use crate::error::GateError;
use keep_types::{
    Act, ActFacts, Action, Caller, FieldHasher, Namespace, Principal, Risk, SecretsIn, Timestamp, Touch,
};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

/// That everything is stopped, since when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StopView {
    /// Since when.
    pub since: Timestamp,
    /// Who stopped it.
    pub by: Principal,
    /// What they said.
    pub reason: String,
}

/// What stopping everything did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// That it is stopped.
    #[serde(flatten)]
    pub stop: StopView,
    /// The requests that were taken back with it.
    pub withdrawn: Withdrawn,
}

pub(crate) const STOP: &str = "gate.stop";
pub(crate) const RESUME: &str = "gate.resume";
pub(crate) const ACCEPT: &str = "audit.accept";

/// Stops everything.
struct Stop {
    reason: String,
}

/// Ends a stop.
struct Resume;

impl Act for Stop {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of(STOP),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Low,
            summary: "stop everything".into(),
            detail: json!({ "reason": self.reason }),
            bound: FieldHasher::new(STOP).field("reason", &self.reason).finish(),
            exact: None,
        }
    }

    /// Nothing holds up the emergency stop; its reason was scrubbed before.
    fn secrets(&self) -> SecretsIn {
        SecretsIn::Scrubbed
    }
}

impl Act for Resume {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of(RESUME),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: "resume: let acts happen again".into(),
            detail: json!({}),
            bound: FieldHasher::new(RESUME).finish(),
            exact: None,
        }
    }
}

impl Gate {
    /// Denies everything from now on, in every process. Anybody may: it only narrows. What waits for a person is
    /// withdrawn with it, and what was approved and not used yet.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn stop(&self, caller: &Caller, reason: String) -> Result<Stopped, GateError> {
        let reason = self.clean(&reason);
        let permit = self.admit(caller, Stop { reason }).await?;
        let view =
            StopView { since: self.now(), by: caller.principal.clone(), reason: permit.act().reason.clone() };
        let row = view.clone();
        let withdrawn = permit
            .perform(move |tx, _| {
                tx.sql()
                    .prepare_cached(
                        "INSERT INTO gate_switch VALUES (1, ?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET reason = excluded.reason",
                    )?
                    .execute(params![row.since.ms(), row.by.to_string(), row.reason])?;
                // What was asked for or approved before the stop is not done after it.
                approval::withdraw_all(tx.sql(), row.since)
            })
            .await?;
        Ok(Stopped { stop: view, withdrawn })
    }

    /// Ends a stop. Only a person may.
    ///
    /// # Errors
    /// When nobody confirms it, or the record cannot be written.
    pub async fn resume(&self, caller: &Caller) -> Result<(), GateError> {
        let permit = self.admit(caller, Resume).await?;
        permit
            .perform(|tx, _| {
                tx.sql().execute("DELETE FROM gate_switch", [])?;
                Ok(())
            })
            .await
    }

    /// Whether everything is stopped.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn stopped(&self) -> Result<Option<StopView>, GateError> {
        self.db().read(|tx| current(tx.sql())).await
    }
}

/// The stop in force, read inside whatever transaction asks.
pub(crate) fn current(sql: &Connection) -> Result<Option<StopView>, GateError> {
    let row = sql
        .prepare_cached("SELECT since_ms, by, reason FROM gate_switch")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .optional()?;
    row.map(|(since, by, reason)| {
        let by = by.parse().map_err(|e| GateError::Corrupt { table: "gate_switch", what: format!("{e}") })?;
        Ok(StopView { since: Timestamp::from_ms(since), by, reason })
    })
    .transpose()
}

/// Refuses everything while stopped but the switch itself, and accepting the ledger: a stop on a ledger
/// that takes no records could otherwise never be ended, since resuming leaves a record.
pub(crate) fn check(sql: &Connection, action: &Action) -> Result<(), GateError> {
    if matches!(action.as_str(), STOP | RESUME | ACCEPT) {
        return Ok(());
    }
    match current(sql)? {
        None => Ok(()),
        Some(StopView { since, by, reason }) => Err(GateError::Stopped { since, by, reason }),
    }
}
