//! Answering a request, and who may.

use super::{ApprovalState, ApprovalView, GoodFor, LASTS, store};
use crate::admit::Gate;
use crate::error::GateError;
use keep_types::{
    Act, ActFacts, Action, Approval, Caller, Channel, FieldHasher, Id, Principal, PrincipalKind, Risk,
    Timestamp, Touch,
};
use rusqlite::{Connection, params};
use serde_json::json;

/// A person's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Yes, once.
    Approve,
    /// Yes to this exact act, as often as it comes in the conversation that asked, for some hours.
    ApproveForConversation,
    /// No, and perhaps why. It also takes back a yes that is still good.
    Deny {
        /// What the requester is told.
        note: Option<String>,
    },
    /// No, but this text in the place of the one that was offered for editing. An approval binds exact
    /// bytes, so it is no yes to that text: the requester is told, and asks anew if it wants that.
    Suggest {
        /// The text they would rather see.
        text: String,
    },
}

/// Which requests to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxFilter {
    /// Those that wait.
    Waiting,
    /// Answered, used, withdrawn and expired ones too.
    All,
}

/// Answering a request: what the person at the terminal is shown is the act that was asked for.
struct AnswerRequest {
    request: ApprovalView,
    resolution: Resolution,
}

impl Resolution {
    /// What goes with a no: a note, a text to take instead.
    fn words(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Approve | Self::ApproveForConversation => (None, None),
            Self::Deny { note } => (note.as_deref(), None),
            Self::Suggest { text } => (None, Some(text)),
        }
    }
}

impl Act for AnswerRequest {
    fn facts(&self) -> ActFacts {
        let (action, risk, verb) = match self.resolution {
            Resolution::Approve => ("approval.answer", Risk::Critical, "approve"),
            Resolution::ApproveForConversation => {
                ("approval.answer", Risk::Critical, "approve for this conversation")
            }
            // Saying no only narrows: it needs a person, but no second question.
            Resolution::Deny { .. } => ("approval.deny", Risk::Low, "deny"),
            Resolution::Suggest { .. } => ("approval.deny", Risk::Low, "suggest another in the place of"),
        };
        let good_for = match &self.resolution {
            Resolution::Approve => Some(GoodFor::Once),
            Resolution::ApproveForConversation => Some(GoodFor::Conversation),
            Resolution::Deny { .. } | Resolution::Suggest { .. } => None,
        };
        let (note, suggestion) = self.resolution.words();
        let mut detail = json!({
            "approval": self.request.id,
            "requester": self.request.requester,
            "for": self.request.action,
            "risk": self.request.risk,
            "good_for": good_for,
            // Which one it was is of interest where the yes reaches through it.
            "conversation": match good_for {
                Some(GoodFor::Conversation) => self.request.conversation.as_deref(),
                Some(GoodFor::Once) | None => None,
            },
            "note": note,
            "act": self.request.detail,
        });
        if let Some(text) = suggestion {
            detail["suggestion"] = json!(text);
        }
        ActFacts {
            action: Action::of(action),
            namespace: self.request.namespace.clone(),
            touch: Touch::Change,
            risk,
            summary: format!("{verb}: {}", self.request.summary),
            detail,
            bound: FieldHasher::new(action)
                .field("id", self.request.id.to_string())
                .field("verb", verb)
                .field("suggestion", suggestion.unwrap_or_default())
                .finish(),
            exact: Some(self.request.digest.as_bytes().to_vec()),
        }
    }
}

/// What a token has to cover to read the inbox.
const READ: &str = "approval.read";

impl Gate {
    /// The requests that wait, oldest first; with `all`, also what became of earlier ones. A program sees its own,
    /// in namespaces that it can read.
    ///
    /// # Errors
    /// When the token does not cover `approval.read`, or the database cannot be read.
    pub async fn inbox(&self, caller: &Caller, which: InboxFilter) -> Result<Vec<ApprovalView>, GateError> {
        self.covers(caller, READ)?;
        self.seen(caller, which).await
    }

    /// How many requests wait that this caller's inbox would show; a number needs no scope.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn waiting(&self, caller: &Caller) -> Result<usize, GateError> {
        Ok(self.seen(caller, InboxFilter::Waiting).await?.len())
    }

    async fn seen(&self, caller: &Caller, which: InboxFilter) -> Result<Vec<ApprovalView>, GateError> {
        let (now, caller) = (self.now(), caller.clone());
        self.db()
            .read(move |tx| {
                let mut views = store::list(tx, now)?;
                views.retain(|view| {
                    let open = view.state == ApprovalState::Waiting;
                    (which == InboxFilter::All || open) && may_see(&caller, view)
                });
                Ok(views)
            })
            .await
    }

    /// One request. Who may do what was asked for may see what became of it, without a scope for requests.
    ///
    /// # Errors
    /// When there is none, it is another principal's and the caller is no person, or it is out of the caller's reach
    /// or scopes.
    pub async fn request(&self, caller: &Caller, id: Id<Approval>) -> Result<ApprovalView, GateError> {
        let (now, caller, gate) = (self.now(), caller.clone(), self.clone());
        self.db()
            .read(move |tx| {
                let view = match store::load(tx.sql(), id, now) {
                    Err(GateError::NoSuchApproval(_)) => None,
                    found => Some(found?).filter(|view| may_see(&caller, view)),
                };
                let own = view.as_ref().is_some_and(|view| caller.scopes.cover(&view.action));
                if !own {
                    // Whether there is such a request is already more than the token covers.
                    gate.covers(&caller, READ)?;
                }
                view.ok_or(GateError::NoSuchApproval(id))
            })
            .await
    }

    /// Answers a request. Only a person may, never the requester, and no process below the requester.
    ///
    /// # Errors
    /// One for each of these, when the request is over, and when a yes to it can only be for once.
    pub async fn answer(
        &self,
        caller: &Caller,
        id: Id<Approval>,
        resolution: Resolution,
    ) -> Result<ApprovalView, GateError> {
        let now = self.now();
        let request = self.db().read(move |tx| store::load(tx.sql(), id, now)).await?;
        let open = match resolution {
            Resolution::Approve | Resolution::ApproveForConversation => {
                request.state == ApprovalState::Waiting
            }
            Resolution::Deny { .. } | Resolution::Suggest { .. } => {
                matches!(request.state, ApprovalState::Waiting | ApprovalState::Approved)
            }
        };
        if !open {
            return Err(GateError::ApprovalOver { id, state: request.state.as_str().into() });
        }
        if let Resolution::Suggest { .. } = resolution {
            if request.offers.edit.is_none() {
                return Err(GateError::NothingToEdit(id));
            }
            // It is stored and handed to the requester.
            self.redactor().map_err(GateError::Unchecked)?;
        }
        let act = AnswerRequest { request, resolution };
        let facts = act.facts();
        self.may_answer(caller, &act.request, &facts).await?;
        if let (Resolution::ApproveForConversation, Some(why)) = (&act.resolution, act.request.once_only()) {
            let refusal = GateError::OnceOnly { id, why };
            self.record_refusal(caller, &facts, &refusal).await?;
            return Err(refusal);
        }
        let permit = self.admit(caller, act).await?;
        let (by, gate) = (caller.principal.clone(), self.clone());
        permit
            .perform(move |tx, act| {
                let now = gate.now();
                let expires = now.plus(gate.config().approval_expiry);
                let answered = match &act.resolution {
                    Resolution::Approve => approve(tx.sql(), id, &by, GoodFor::Once, now, expires),
                    Resolution::ApproveForConversation => {
                        approve(tx.sql(), id, &by, GoodFor::Conversation, now, now.plus(LASTS))
                    }
                    Resolution::Deny { .. } | Resolution::Suggest { .. } => {
                        deny(tx.sql(), id, &by, act.resolution.words(), now, expires)
                    }
                }?;
                let view = store::load(tx.sql(), id, now)?;
                match answered {
                    Answered::Now => Ok(view),
                    Answered::Before => {
                        Err(GateError::ApprovalOver { id, state: view.state.as_str().into() })
                    }
                }
            })
            .await
    }

    /// Who may answer is checked before the question is shown; each refusal is recorded.
    pub(super) async fn may_answer(
        &self,
        caller: &Caller,
        request: &ApprovalView,
        facts: &ActFacts,
    ) -> Result<(), GateError> {
        let id = request.id;
        let own = request.requester == caller.principal;
        let below = caller.lineage.iter().any(|process| request.acting.contains(process));
        let person = caller.principal.kind() == PrincipalKind::User
            && matches!(caller.channel, Channel::Terminal | Channel::Http);
        let refusal = if own {
            GateError::SelfApproval(id)
        } else if below {
            GateError::DescendantApproval(id)
        } else if !person {
            GateError::PersonOnly(facts.action.clone())
        } else {
            return Ok(());
        };
        self.record_refusal(caller, facts, &refusal).await?;
        Err(refusal)
    }
}

/// Whether a request is one that a caller's inbox shows.
fn may_see(caller: &Caller, view: &ApprovalView) -> bool {
    let theirs = view.requester == caller.principal || caller.principal.kind() == PrincipalKind::User;
    theirs && caller.may_read(&view.namespace)
}

/// Whether an answer still found the request open.
pub(super) enum Answered {
    Now,
    Before,
}

impl Answered {
    fn of(changed_rows: usize) -> Self {
        if changed_rows == 1 { Self::Now } else { Self::Before }
    }
}

pub(super) fn approve(
    sql: &Connection,
    id: Id<Approval>,
    by: &Principal,
    good_for: GoodFor,
    now: Timestamp,
    expires: Timestamp,
) -> Result<Answered, GateError> {
    let lasting = match good_for {
        GoodFor::Once => 0,
        GoodFor::Conversation => 1,
    };
    let changed = sql
        .prepare_cached(
            "UPDATE gate_approval SET state = 'approved', answered_by = ?2, answered_ms = ?3,
                 expires_ms = ?4, lasting = ?5
             WHERE id = ?1 AND state = 'waiting' AND expires_ms > ?3",
        )?
        .execute(params![id.to_string(), by.to_string(), now.ms(), expires.ms(), lasting])?;
    Ok(Answered::of(changed))
}

/// A no to what waits, or to what was approved and can still be used.
pub(super) fn deny(
    sql: &Connection,
    id: Id<Approval>,
    by: &Principal,
    (note, suggestion): (Option<&str>, Option<&str>),
    now: Timestamp,
    expires: Timestamp,
) -> Result<Answered, GateError> {
    let changed = sql
        .prepare_cached(
            "UPDATE gate_approval SET state = 'denied', answered_by = ?2, answered_ms = ?3,
                 expires_ms = ?4, note = ?5, suggestion = ?6, lasting = 0
             WHERE id = ?1 AND state IN ('waiting', 'approved') AND expires_ms > ?3",
        )?
        .execute(params![id.to_string(), by.to_string(), now.ms(), expires.ms(), note, suggestion])?;
    Ok(Answered::of(changed))
}
