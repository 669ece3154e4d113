use crate::approval::{self, Standing};
use crate::asker::{Answer, Asker, CodeWanted, Question};
use crate::error::GateError;
use crate::in_force::InForce;
use crate::permit::{Grant, Ground, Permit};
use crate::rule_book::RuleBook;
use crate::totp::Codes;
use crate::{rate, switch};
use keep_db::Db;
use keep_ledger::{Ledger, Phase, Record};
use keep_policy::{Decision, Policy, Question as PolicyQuestion, Ruling};
use keep_types::{
    Act, ActFacts, Asks, Audience, Caller, Clock, Duration, ErrorKind, Explain, Offers, PrincipalKind, Risk,
    RuleOffer, Timestamp, Touch,
};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// What the gate is set up with; the composition root reads it from the configuration.
#[derive(Clone)]
pub struct GateConfig {
    /// How long a request for approval waits, and an approval stays good.
    pub approval_expiry: Duration,
    /// Changing acts a person may try in a minute.
    pub user_per_minute: u32,
    /// Changing acts an agent or service may try in a minute.
    pub agent_per_minute: u32,
    /// How long a token is good when nothing else is said.
    pub token_expiry: Duration,
    /// Where the one-time code's secret lies.
    pub totp_secret: PathBuf,
    /// Whether high and critical acts need a one-time code.
    pub codes: CodeWanted,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who puts questions to the person at the terminal.
    pub asker: Arc<dyn Asker>,
    /// Where a rule goes that a person saves while answering.
    pub rules: Arc<dyn RuleBook>,
    /// Knows the values that must stand in no record.
    pub redactor: keep_redact::Handle,
}

/// The one gate. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    db: Db,
    ledger: Ledger,
    policy: InForce,
    config: GateConfig,
}

impl Gate {
    /// A gate over an open database and ledger, under this policy.
    #[must_use]
    pub fn new(db: Db, ledger: Ledger, policy: impl Into<InForce>, config: GateConfig) -> Self {
        Self(Arc::new(Inner { db, ledger, policy: policy.into(), config }))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    pub(crate) fn config(&self) -> &GateConfig {
        &self.0.config
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.config.clock.now()
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.0.policy.policy()
    }

    /// What policy says to this act of this caller, without doing or recording anything.
    #[must_use]
    pub fn explain(&self, caller: &Caller, facts: &ActFacts) -> Ruling {
        self.policy().decide(&PolicyQuestion {
            principal: &caller.principal,
            action: &facts.action,
            namespace: &facts.namespace,
            risk: facts.risk,
            channel: caller.channel,
        })
    }

    /// Whether a caller's token covers an action that is no act: a look at what the house itself keeps.
    ///
    /// # Errors
    /// When it does not.
    pub fn covers(&self, caller: &Caller, action: &'static str) -> Result<(), GateError> {
        let action = keep_types::Action::of(action);
        if caller.scopes.cover(&action) {
            return Ok(());
        }
        Err(GateError::Scope { principal: caller.principal.clone(), action })
    }

    /// Whether the act would be admitted with nobody asked. Nothing is recorded, so that work which may
    /// as well be left to somebody else need not try.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn admits_unasked(&self, caller: &Caller, facts: &ActFacts) -> Result<bool, GateError> {
        if self.explain(caller, facts).decision != Decision::Allow {
            return Ok(false);
        }
        match self.preconditions(caller, facts).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Denied => Ok(false),
            Err(GateError::RateLimited { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Judges the act: a permit, or the reason why not. Refusals are recorded.
    ///
    /// # Errors
    /// One per reason for which the gate stays shut.
    pub async fn admit<A: Act>(&self, caller: &Caller, act: A) -> Result<Permit<A>, GateError> {
        let mut facts = act.facts();
        let ruling = narrowed(self.explain(caller, &facts), act.denies(), act.asks());
        let mut offers = match ruling.decision {
            Decision::Ask => act.offers(),
            Decision::Allow | Decision::Deny => Offers::default(),
        };
        self.scrub_offers(&mut offers)?;
        let held = self.scrub_facts(&mut facts, act.secrets());
        let judged = match (held, self.preconditions(caller, &facts).await) {
            (Ok(()), Ok(())) => self.ground(caller, &facts, offers, &ruling).await,
            (_, Err(error)) | (Err(error), _) => Err(error),
        };
        match judged {
            Ok(ground) => {
                let grant = Grant {
                    gate: self.clone(),
                    principal: caller.principal.clone(),
                    channel: caller.channel,
                    facts,
                    rule: ruling.rule.id.to_string(),
                    ground,
                };
                Ok(Permit::new(act, grant))
            }
            Err(error) => {
                self.record_refusal(caller, &facts, &error).await?;
                Err(error)
            }
        }
    }

    /// What must hold before any rule is asked.
    async fn preconditions(&self, caller: &Caller, facts: &ActFacts) -> Result<(), GateError> {
        if !caller.scopes.cover(&facts.action) {
            let (principal, action) = (caller.principal.clone(), facts.action.clone());
            return Err(GateError::Scope { principal, action });
        }
        let reachable = match facts.touch {
            Touch::Read => caller.may_read(&facts.namespace),
            // The emergency stop belongs to no place: whoever can call can pull it.
            Touch::Change => caller.may_write(&facts.namespace) || facts.action.as_str() == switch::STOP,
        };
        if !reachable {
            let (principal, namespace) = (caller.principal.clone(), facts.namespace.clone());
            return Err(GateError::OutOfReach { principal, namespace });
        }
        let (principal, action, now) = (caller.principal.clone(), facts.action.clone(), self.now());
        if facts.touch == Touch::Read {
            // A person must be able to look at what a stop stopped; a program gets nothing any more.
            return match principal.kind() {
                PrincipalKind::User => Ok(()),
                PrincipalKind::Agent | PrincipalKind::Service => {
                    self.db().read(move |tx| switch::check(tx.sql(), &action)).await
                }
            };
        }
        let per_minute = self.limits().of(&principal);
        self.db()
            .read(move |tx| {
                switch::check(tx.sql(), &action)?;
                let tried = rate::count(tx.sql(), &principal, now)?;
                if tried >= per_minute && action.as_str() != switch::STOP {
                    return Err(GateError::RateLimited { principal, per_minute });
                }
                Ok(())
            })
            .await
    }

    fn limits(&self) -> rate::Limits {
        rate::Limits {
            user_per_minute: self.0.config.user_per_minute,
            agent_per_minute: self.0.config.agent_per_minute,
        }
    }

    /// On whose word the act may happen.
    async fn ground(
        &self,
        caller: &Caller,
        facts: &ActFacts,
        offers: Offers,
        ruling: &Ruling,
    ) -> Result<Ground, GateError> {
        let summary = || facts.summary.clone();
        match (ruling.decision, caller.audience) {
            (Decision::Allow, _) => Ok(Ground::Rule),
            (Decision::Deny, _) => Err(GateError::Denied {
                principal: caller.principal.clone(),
                action: facts.action.clone(),
                reason: ruling.reason.clone(),
                rule: ruling.rule.id.to_string(),
            }),
            (Decision::Ask, Audience::Nobody) => Err(GateError::NobodyToAsk { summary: summary() }),
            (Decision::Ask, Audience::Terminal) => self.confirm(caller, facts, offers, ruling).await,
            (Decision::Ask, Audience::Inbox) => {
                match approval::standing(self, caller, facts, offers, ruling).await? {
                    Standing::Approved(given) => Ok(Ground::Approved(given)),
                    Standing::Waiting { id, expires, made_now } => {
                        Err(GateError::NeedsApproval { id, summary: summary(), expires, made_now })
                    }
                    Standing::Denied { note } => Err(GateError::Declined { summary: summary(), note }),
                    Standing::Suggested(text) => Err(GateError::Suggested { summary: summary(), text }),
                }
            }
        }
    }

    async fn confirm(
        &self,
        caller: &Caller,
        facts: &ActFacts,
        offers: Offers,
        ruling: &Ruling,
    ) -> Result<Ground, GateError> {
        let code = match ruling.risk {
            Risk::High | Risk::Critical => self.0.config.codes,
            Risk::Low | Risk::Medium => CodeWanted::No,
        };
        let codes = Codes::new(self);
        if code == CodeWanted::Yes {
            codes.check_ready().await?;
        }
        let summary = || facts.summary.clone();
        let mut offers = self.fitting(offers, caller, facts);
        loop {
            let principal = &caller.principal;
            let question = Question { principal, facts, reason: &ruling.reason, offers: &offers, code };
            match (self.0.config.asker.ask(&question), &offers) {
                (Answer::Yes { code: given }, _) => {
                    if code == CodeWanted::Yes {
                        codes.check(given.ok_or(GateError::CodeNeeded)?).await?;
                    }
                    return Ok(Ground::Confirmed);
                }
                (Answer::No { note }, _) => return Err(GateError::Declined { summary: summary(), note }),
                (Answer::SaveRule, Offers { rule: RuleOffer::Rule { .. }, .. }) => {
                    // Saving is a critical act with a question, and a code, of its own.
                    match self.save_rule(caller, facts, &offers.rule).await {
                        Ok(()) => return Ok(Ground::Confirmed),
                        // Whoever finds the rule too wide may still say yes to the act alone.
                        Err(GateError::Declined { .. }) => offers.rule = RuleOffer::None,
                        Err(error) => return Err(error),
                    }
                }
                (Answer::Edited(text), Offers { edit: Some(_), .. }) => {
                    return Err(GateError::Suggested { summary: summary(), text });
                }
                // What was not offered is no answer.
                (Answer::SaveRule | Answer::Edited(_), _) => {
                    return Err(GateError::Declined { summary: summary(), note: None });
                }
                (Answer::Nobody, _) => return Err(GateError::NobodyToAsk { summary: summary() }),
            }
        }
    }

    /// Leaves a record of a refusal. A flood of refusals cannot grow the ledger: they are counted as
    /// acts, and over the limit only the first of a minute is recorded.
    pub(crate) async fn record_refusal(
        &self,
        caller: &Caller,
        facts: &ActFacts,
        error: &GateError,
    ) -> Result<(), GateError> {
        // A waiting request has a record of its own, and a broken ledger can take none.
        let unrecordable = matches!(
            error,
            GateError::NeedsApproval { .. } | GateError::Db(_) | GateError::Ledger(_) | GateError::Sql(_)
        );
        if unrecordable || !self.ledger().health().takes_records() {
            return Ok(());
        }
        let mut detail = json!({ "risk": facts.risk, "channel": caller.channel });
        let free = json!({ "summary": facts.summary, "reason": error.to_string(), "act": facts.detail });
        self.scrub_into(&mut detail, free);
        let record = Record {
            principal: caller.principal.clone(),
            namespace: facts.namespace.clone(),
            action: facts.action.clone(),
            phase: Phase::Denied,
            refers_to: None,
            detail,
            exact: facts.exact.clone(),
        };
        let (gate, now) = (self.clone(), self.now());
        let limit = self.limits().of(&caller.principal);
        self.db()
            .write(move |tx| {
                let tried = rate::count(tx.sql(), &record.principal, now)?;
                if tried > limit {
                    return Ok(());
                }
                rate::charge(tx.sql(), &record.principal, now)?;
                gate.ledger().append_in(tx, &record)?;
                Ok::<_, GateError>(())
            })
            .await
    }
}

/// What policy says, with the denial or the question of an engine that has finer rules.
fn narrowed(mut ruling: Ruling, denies: Option<Asks>, asks: Option<Asks>) -> Ruling {
    if let (Decision::Allow | Decision::Ask, Some(Asks { rule, reason })) = (ruling.decision, denies) {
        ruling.decision = Decision::Deny;
        ruling.rule.id = rule;
        ruling.reason = reason;
    }
    if let (Decision::Allow | Decision::Ask, Some(Asks { rule, reason })) = (ruling.decision, asks) {
        ruling.decision = Decision::Ask;
        ruling.rule.id = rule;
        ruling.reason = reason;
    }
    ruling
}
