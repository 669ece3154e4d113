//! Saving a rule while answering: one act of the house, which only a person may do, with the rule and its
//! file in front of them.

use super::answer::{Answered, approve};
use super::{ApprovalState, ApprovalView, GoodFor, store};
use crate::admit::Gate;
use crate::error::GateError;
use crate::permit::{Outcome, Started};
use crate::rule_book::{Covered, RuleDraft};
use keep_types::{
    Act, ActFacts, Action, Approval, Caller, FieldHasher, Id, Namespace, Principal, Risk, RuleOffer, Touch,
};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;

/// Its name; the `policy.` acts are closed to programs whatever rules say.
const SAVE: &str = "policy.save_rule";

/// Saving a rule that covers an act, and with it a yes to that act.
pub(super) struct SaveRule {
    /// The request that is answered with it; none when the act is asked about at the terminal.
    request: Option<ApprovalView>,
    principal: Principal,
    namespace: Namespace,
    action: Action,
    summary: String,
    detail: Value,
    draft: RuleDraft,
    covers: String,
}

impl SaveRule {
    fn covered(&self) -> Covered<'_> {
        Covered { principal: &self.principal, namespace: &self.namespace, detail: &self.detail }
    }
}

impl Act for SaveRule {
    fn facts(&self) -> ActFacts {
        let file = self.draft.file.display().to_string();
        let id = self.request.as_ref().map(|request| request.id);
        let mut detail = json!({
            "requester": self.principal,
            "for": self.action,
            "file": file,
            "rule": self.draft.text,
            "covers": self.covers,
            "act": self.detail,
        });
        if let Some(id) = id {
            detail["approval"] = json!(id);
        }
        ActFacts {
            action: Action::of(SAVE),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!("save a rule, and say yes to: {}", self.summary),
            detail,
            bound: FieldHasher::new(SAVE)
                .field("id", id.map(|id| id.to_string()).unwrap_or_default())
                .field("file", &file)
                .field("rule", &self.draft.text)
                .finish(),
            exact: Some(self.draft.text.clone().into_bytes()),
        }
    }
}

impl Gate {
    /// Saves the rule that a person chose at the terminal. The future is boxed because saving is itself
    /// asked about, by the way that led here; it offers no rule, so it leads here once.
    pub(crate) fn save_rule<'a>(
        &'a self,
        caller: &'a Caller,
        facts: &'a ActFacts,
        rule: &'a RuleOffer,
    ) -> Pin<Box<dyn Future<Output = Result<(), GateError>> + Send + 'a>> {
        Box::pin(async move {
            let covered =
                Covered { principal: &caller.principal, namespace: &facts.namespace, detail: &facts.detail };
            let (draft, covers) = self.draft(rule, &covered)?;
            let act = SaveRule {
                request: None,
                principal: caller.principal.clone(),
                namespace: facts.namespace.clone(),
                action: facts.action.clone(),
                summary: facts.summary.clone(),
                detail: facts.detail.clone(),
                draft,
                covers,
            };
            let started = self.admit(caller, act).await?.begin().await?;
            self.finish_saving(started).await
        })
    }

    /// Approves a request once and saves the rule that would cover it. The yes is on record with the
    /// intent, before the file is touched: when the file cannot be written, the request is approved all
    /// the same, which is what the person said of it.
    ///
    /// # Errors
    /// Those of [`Gate::answer`]; when no rule can cover the request; when the file cannot be written.
    pub async fn answer_with_rule(
        &self,
        caller: &Caller,
        id: Id<Approval>,
    ) -> Result<(ApprovalView, RuleDraft), GateError> {
        let now = self.now();
        let request = self.db().read(move |tx| store::load(tx.sql(), id, now)).await?;
        if request.state != ApprovalState::Waiting {
            return Err(GateError::ApprovalOver { id, state: request.state.as_str().into() });
        }
        let act = self.saving_for(request.clone());
        // Who may not answer learns nothing of what rules are there.
        let shown = match &act {
            Ok(act) => act.facts(),
            Err(_) => refused_facts(&request),
        };
        self.may_answer(caller, &request, &shown).await?;
        let permit = self.admit(caller, act?).await?;
        let (by, gate) = (caller.principal.clone(), self.clone());
        let started = permit
            .begin_with(Value::Null, move |tx| {
                let now = gate.now();
                let expires = now.plus(gate.config().approval_expiry);
                match approve(tx.sql(), id, &by, GoodFor::Once, now, expires)? {
                    Answered::Now => Ok::<_, GateError>(()),
                    Answered::Before => {
                        let state = store::load(tx.sql(), id, now)?.state.as_str().into();
                        Err(GateError::ApprovalOver { id, state })
                    }
                }
            })
            .await?;
        let draft = started.act().draft.clone();
        self.finish_saving(started).await?;
        let view = self.db().read(move |tx| store::load(tx.sql(), id, now)).await?;
        Ok((view, draft))
    }

    fn saving_for(&self, request: ApprovalView) -> Result<SaveRule, GateError> {
        let covered =
            Covered { principal: &request.requester, namespace: &request.namespace, detail: &request.detail };
        let (draft, covers) = self.draft(&request.offers.rule, &covered)?;
        Ok(SaveRule {
            principal: request.requester.clone(),
            namespace: request.namespace.clone(),
            action: request.action.clone(),
            summary: request.summary.clone(),
            detail: request.detail.clone(),
            request: Some(request),
            draft,
            covers,
        })
    }

    /// What would be saved, or why nothing can be.
    fn draft(&self, rule: &RuleOffer, covered: &Covered<'_>) -> Result<(RuleDraft, String), GateError> {
        // The rule file is no place for a value: what cannot be looked through must not go there.
        self.redactor().map_err(GateError::Unchecked)?;
        match rule {
            RuleOffer::Rule { text, covers } => {
                let draft = self.config().rules.draft(text, covered).map_err(GateError::NoRule)?;
                Ok((draft, covers.clone()))
            }
            RuleOffer::Unsuitable(why) => Err(GateError::NoRule(why.clone())),
            RuleOffer::None => Err(GateError::NoRule("rules do not speak of such acts".into())),
        }
    }

    async fn finish_saving(&self, started: Started<SaveRule>) -> Result<(), GateError> {
        let act = started.act();
        let approved = act.request.is_some();
        let saved = self.config().rules.save(&act.draft, &act.covered());
        let outcome = match &saved {
            Ok(()) => Outcome::Done(json!({})),
            Err(why) => Outcome::Failed(why.clone()),
        };
        started.finish(outcome).await?;
        saved.map_err(|why| GateError::RuleNotSaved { why, approved })
    }
}

/// What a refusal says when there is no rule to show.
fn refused_facts(request: &ApprovalView) -> ActFacts {
    ActFacts {
        action: Action::of(SAVE),
        namespace: Namespace::Global,
        touch: Touch::Change,
        risk: Risk::Critical,
        summary: format!("save a rule, and say yes to: {}", request.summary),
        detail: json!({ "approval": request.id }),
        bound: FieldHasher::new(SAVE).field("id", request.id.to_string()).finish(),
        exact: None,
    }
}
