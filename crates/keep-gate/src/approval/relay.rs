//! A person's word that comes by way of the requester's own program. That program may say it in the person's
//! place, so it counts for what could do little harm, and for once; the record says by which way it came.

use super::answer::{Answered, approve, deny};
use super::{ApprovalState, ApprovalView, GoodFor, store};
use crate::admit::Gate;
use crate::error::GateError;
use keep_types::{Act, ActFacts, Action, Approval, Caller, Channel, FieldHasher, Id, Principal, Risk, Touch};
use serde_json::json;

/// The most that such a word is good for.
const MOST: Risk = Risk::Medium;
/// What stands beside an answer that came so.
const NOTE: &str = "by way of its own program";
/// As whom somebody is named whose word came so. It is the requester's claim that there was anybody, and must
/// not be taken for the word of a person who is known here.
const SOMEBODY: &str = "user:through-client";

/// What a program says that a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// Yes, once.
    Yes,
    /// No.
    No,
}

struct RelayAnswer {
    request: ApprovalView,
    relayed: Relayed,
}

impl Act for RelayAnswer {
    fn facts(&self) -> ActFacts {
        let verb = match self.relayed {
            Relayed::Yes => "approve",
            Relayed::No => "deny",
        };
        ActFacts {
            action: Action::of("approval.relay"),
            namespace: self.request.namespace.clone(),
            touch: Touch::Change,
            // Of passing it on, not of the act: what that may be is limited before.
            risk: Risk::Low,
            summary: format!("{verb}, {NOTE}: {}", self.request.summary),
            detail: json!({
                "approval": self.request.id,
                "for": self.request.action,
                "risk": self.request.risk,
                "answer": verb,
                "act": self.request.detail,
            }),
            bound: FieldHasher::new("approval.relay")
                .field("id", self.request.id.to_string())
                .field("verb", verb)
                .finish(),
            exact: None,
        }
    }
}

impl ApprovalView {
    /// Whether an answer that comes by way of the requester's own program counts.
    #[must_use]
    pub fn may_be_relayed(&self) -> bool {
        self.risk <= MOST
    }
}

impl Gate {
    /// Takes the answer that a client of the protocol says a person gave it. It counts for the client's own
    /// request, for what is of medium risk at most, and once. A rule that denies `approval.relay` ends this.
    ///
    /// # Errors
    /// When the request is another's, over, or of more risk, and when policy denies it.
    pub async fn relay_answer(
        &self,
        caller: &Caller,
        id: Id<Approval>,
        relayed: Relayed,
    ) -> Result<(), GateError> {
        let request = self.request(caller, id).await?;
        if request.requester != caller.principal || caller.channel != Channel::Mcp {
            return Err(GateError::NoSuchApproval(id));
        }
        if request.state != ApprovalState::Waiting {
            return Err(GateError::ApprovalOver { id, state: request.state.as_str().into() });
        }
        let act = RelayAnswer { request, relayed };
        if relayed == Relayed::Yes && !act.request.may_be_relayed() {
            let refusal = GateError::PersonOnly(Action::of("approval.relay"));
            self.record_refusal(caller, &act.facts(), &refusal).await?;
            return Err(refusal);
        }
        let permit = self.admit(caller, act).await?;
        let by: Principal =
            SOMEBODY.parse().expect("a literal of a kind and lower-case letters names a principal");
        let gate = self.clone();
        permit
            .perform(move |tx, act| {
                let now = gate.now();
                let expires = now.plus(gate.config().approval_expiry);
                let answered = match act.relayed {
                    Relayed::Yes => approve(tx.sql(), id, &by, GoodFor::Once, now, expires),
                    Relayed::No => deny(tx.sql(), id, &by, (Some(NOTE), None), now, expires),
                }?;
                match answered {
                    Answered::Now => Ok(()),
                    Answered::Before => {
                        let state = store::load(tx.sql(), id, now)?.state.as_str().into();
                        Err(GateError::ApprovalOver { id, state })
                    }
                }
            })
            .await
    }
}
