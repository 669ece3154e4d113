//! The proof that an act was admitted, and the two ways to use it.

use crate::admit::Gate;
use crate::approval::{self, Given};
use crate::error::GateError;
use crate::{rate, switch};
use keep_db::{DbError, WriteTx};
use keep_ledger::{Phase, Record};
use keep_types::{Act, ActFacts, Channel, Principal};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// An admitted act. It owns the act, cannot be copied, and only the gate can make one.
#[must_use = "a permit that is not used changes nothing"]
pub struct Permit<A> {
    act: A,
    grant: Arc<Grant>,
}

/// On whose word the act happens.
#[derive(Clone, Debug)]
pub(crate) enum Ground {
    /// A rule allows it.
    Rule,
    /// The person at the terminal said yes just now.
    Confirmed,
    /// An approval given in another process; one for a single act is used up when the act is recorded.
    Approved(Given),
}

/// What was granted, to whom, and why.
pub(crate) struct Grant {
    pub(crate) gate: Gate,
    pub(crate) principal: Principal,
    pub(crate) channel: Channel,
    pub(crate) facts: ActFacts,
    pub(crate) rule: String,
    pub(crate) ground: Ground,
}

/// How an outside effect ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// As wanted; with what is worth keeping of it.
    Done(Value),
    /// Not as wanted, and why.
    Failed(String),
}

/// An act whose intent is durable and whose outcome is still to come.
#[must_use = "finish it, so that its outcome is recorded"]
pub struct Started<A> {
    act: A,
    grant: Arc<Grant>,
    intent: u64,
    finished: bool,
}

impl<A: Act> Permit<A> {
    pub(crate) fn new(act: A, grant: Grant) -> Self {
        Self { act, grant: Arc::new(grant) }
    }

    /// The act that was admitted, and no other.
    pub fn act(&self) -> &A {
        &self.act
    }

    /// What was judged.
    #[must_use]
    pub fn facts(&self) -> &ActFacts {
        &self.grant.facts
    }

    /// For whom it was admitted.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.grant.principal
    }

    /// Hands out an act that only reads. It is recorded when a person had to say yes to it; reads that
    /// a rule allows are not recorded one by one.
    ///
    /// # Errors
    /// When the approval is no longer good or the ledger takes no record: then show nothing.
    pub async fn observe(self) -> Result<A, GateError>
    where
        A: Sync,
    {
        if matches!(self.grant.ground, Ground::Rule) {
            return Ok(self.act);
        }
        let Self { act, grant } = self;
        let inside = Arc::clone(&grant);
        let record = grant.record(Phase::Done, None, Value::Null);
        let recorded = grant.gate.db().write(move |tx| {
            inside.redeem(tx)?;
            inside.gate.ledger().append_in(tx, &record)?;
            Ok::<_, GateError>(())
        });
        recorded.await?;
        Ok(act)
    }

    /// Hands out an act whose effect and record the ledger itself makes: accepting a mismatch, erasing
    /// details, turning its key.
    pub(crate) fn into_act(self) -> A {
        self.act
    }

    /// Does an effect inside the database: the effect and its record are one transaction.
    ///
    /// # Errors
    /// The effect's own, after its failure was recorded; or the gate's, and then nothing was done.
    pub async fn perform<T, E, F>(self, effect: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>, &A) -> Result<T, E> + Send + 'static,
        E: From<GateError> + fmt::Display + Send + 'static,
        T: Send + 'static,
    {
        let Self { act, grant } = self;
        let inside = Arc::clone(&grant);
        let record = grant.record(Phase::Done, None, Value::Null);
        let done = grant.gate.db().write(move |tx| {
            inside.redeem(tx).map_err(Step::Gate)?;
            let value = effect(tx, &act).map_err(Step::Effect)?;
            let ledger = inside.gate.ledger();
            ledger.append_in(tx, &record).map_err(|e| Step::Gate(e.into()))?;
            Ok(value)
        });
        match done.await {
            Ok(value) => Ok(value),
            Err(Step::Gate(error)) => Err(error.into()),
            Err(Step::Effect(error)) => {
                let why = json!({ "error": error.to_string() });
                let record = grant.record(Phase::Failed, None, why);
                grant.gate.ledger().append(record).await.map_err(GateError::from)?;
                Err(error)
            }
        }
    }

    /// Makes the intent durable, before an effect outside the database.
    ///
    /// # Errors
    /// When the approval is no longer good or the ledger takes no record: then do nothing.
    pub async fn begin(self) -> Result<Started<A>, GateError> {
        self.begin_with(Value::Null, |_| Ok(())).await
    }

    /// Like [`Permit::begin`], with more detail in the intent and an effect in its transaction: what is
    /// about to happen is then on record in the database, too.
    ///
    /// # Errors
    /// As for `begin`, and the effect's own: then do nothing.
    pub async fn begin_with<E, F>(self, note: Value, also: F) -> Result<Started<A>, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<(), E> + Send + 'static,
        E: From<GateError> + From<DbError> + Send + 'static,
    {
        let Self { act, grant } = self;
        let inside = Arc::clone(&grant);
        let record = grant.record(Phase::Intent, None, note);
        let intent = grant.gate.db().write(move |tx| {
            inside.redeem(tx)?;
            also(tx)?;
            Ok::<_, E>(inside.gate.ledger().append_in(tx, &record).map_err(GateError::from)?)
        });
        let intent = intent.await?.into();
        Ok(Started { act, grant, intent, finished: false })
    }
}

impl<A> Started<A> {
    /// The act that was admitted.
    pub fn act(&self) -> &A {
        &self.act
    }

    /// The number of the record that holds the intent.
    #[must_use]
    pub fn intent(&self) -> u64 {
        self.intent
    }

    /// Records how the effect ended.
    ///
    /// # Errors
    /// When the ledger takes no record; the intent then stays open and is closed as abandoned later.
    pub async fn finish(self, outcome: Outcome) -> Result<(), GateError> {
        self.finish_with(outcome, |_| Ok(())).await
    }

    /// Like [`Started::finish`], with an effect in the outcome's transaction.
    ///
    /// # Errors
    /// As for `finish`, and the effect's own: then neither is recorded.
    pub async fn finish_with<E, F>(mut self, outcome: Outcome, also: F) -> Result<(), E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<(), E> + Send + 'static,
        E: From<GateError> + From<DbError> + Send + 'static,
    {
        let (phase, extra) = match outcome {
            Outcome::Done(detail) => (Phase::Outcome, json!({ "outcome": detail })),
            Outcome::Failed(why) => (Phase::OutcomeFailed, json!({ "error": why })),
        };
        let record = self.grant.record(phase, Some(self.intent), extra);
        let ledger = self.grant.gate.ledger().clone();
        let recorded = self.grant.gate.db().write(move |tx| {
            also(tx)?;
            ledger.append_in(tx, &record).map_err(GateError::from)?;
            Ok::<_, E>(())
        });
        recorded.await?;
        self.finished = true;
        Ok(())
    }
}

impl<A> Drop for Started<A> {
    fn drop(&mut self) {
        if !self.finished {
            let record = self.grant.record(Phase::Abandoned, Some(self.intent), Value::Null);
            // Nobody is left to wait for it; should it fail, the next opening closes the intent.
            drop(self.grant.gate.ledger().append(record));
        }
    }
}

/// Which side of a transaction failed.
enum Step<E> {
    Gate(GateError),
    Effect(E),
}

impl<E> From<DbError> for Step<E> {
    fn from(error: DbError) -> Self {
        Self::Gate(error.into())
    }
}

impl Grant {
    /// Checks, inside the transaction that records the act, that what was granted still holds; uses up
    /// the approval and counts the act.
    fn redeem(&self, tx: &mut WriteTx<'_>) -> Result<(), GateError> {
        let now = self.gate.now();
        switch::check(tx.sql(), &self.facts.action)?;
        rate::charge(tx.sql(), &self.principal, now)?;
        match &self.ground {
            Ground::Rule | Ground::Confirmed => Ok(()),
            Ground::Approved(given) => approval::redeem(tx.sql(), given, self, now),
        }
    }

    pub(crate) fn record(&self, phase: Phase, refers_to: Option<u64>, extra: Value) -> Record {
        let mut detail = json!({ "risk": self.facts.risk, "channel": self.channel, "rule": self.rule });
        match &self.ground {
            Ground::Rule => {}
            Ground::Confirmed => detail["confirmed"] = json!("at the terminal"),
            Ground::Approved(given) => detail["approval"] = json!(given.id),
        }
        let mut free = json!({ "summary": self.facts.summary, "act": self.facts.detail });
        if let Value::Object(extra) = extra {
            for (key, value) in extra {
                free[key] = value;
            }
        }
        self.gate.scrub_into(&mut detail, free);
        Record {
            principal: self.principal.clone(),
            namespace: self.facts.namespace.clone(),
            action: self.facts.action.clone(),
            phase,
            refers_to,
            detail,
            exact: self.facts.exact.clone(),
        }
    }
}
