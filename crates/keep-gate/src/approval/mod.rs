//! Requests that wait for a person, and their answers. An approval binds the exact act, the requester
//! and the policy; it expires, and it is used up in the transaction that records the act, unless it was
//! given for a whole conversation.

mod answer;
mod relay;
mod saving;
mod store;

pub use answer::{InboxFilter, Resolution};
pub use relay::Relayed;
pub(crate) use store::withdraw_all;

use crate::admit::Gate;
use crate::error::GateError;
use crate::permit::Grant;
use crate::random::fresh_id;
use crate::rate;
use keep_db::WriteTx;
use keep_ledger::{Phase, Record};
use keep_policy::Ruling;
use keep_types::{
    ActFacts, Action, Approval, Caller, Channel, Digest, Duration, FieldHasher, Id, Namespace, Offers,
    Principal, ProcessId, Risk, Timestamp,
};
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::{Value, json};

/// Requests of one principal that may wait at a time: a person reads them one by one.
const MAX_WAITING: usize = 50;
/// Answered requests are kept this long for `keep inbox --all`; the ledger keeps their records.
const KEEP_ANSWERED_MS: i64 = 30 * 24 * 3_600_000;

/// An approval for a conversation ends after a working day at the latest: nobody remembers it longer.
/// The table refuses a later end, too.
const LASTS: Duration = Duration::from_ms(8 * 3_600_000);

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    /// Nobody answered yet.
    Waiting,
    /// A person said yes, and it was not used yet.
    Approved,
    /// A person said no.
    Denied,
    /// The approved act happened.
    Used,
    /// It waited, or was approved and not used, when everything was stopped.
    Withdrawn,
    /// Its time ran out.
    Expired,
}

/// What a stop took back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Withdrawn {
    /// Requests that waited.
    pub waiting: u64,
    /// Approvals that were not used yet.
    pub approved: u64,
}

/// How far a yes reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GoodFor {
    /// One act; then it is used up.
    Once,
    /// The very same act again and again, in the conversation that asked, for some hours.
    Conversation,
}

/// A request as a person sees it.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalView {
    /// Its id.
    pub id: Id<Approval>,
    /// What became of it.
    pub state: ApprovalState,
    /// Who asks.
    pub requester: Principal,
    /// What for.
    pub action: Action,
    /// Where.
    pub namespace: Namespace,
    /// How much it could harm.
    pub risk: Risk,
    /// The act in one line.
    pub summary: String,
    /// The act whole.
    pub detail: Value,
    /// Why policy asks.
    pub reason: String,
    /// What it may be answered beside yes and no.
    pub offers: Offers,
    /// How far the yes reaches, once there is one.
    pub good_for: GoodFor,
    /// The conversation that asked, where it can be told from others.
    pub conversation: Option<String>,
    /// When it was asked.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// Who answered.
    pub answered_by: Option<Principal>,
    /// What they added.
    pub note: Option<String>,
    /// What they would say yes to instead, had it been asked for.
    pub suggestion: Option<String>,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    policy_version: Digest,
    #[serde(skip)]
    acting: Vec<ProcessId>,
}

/// An approval found for a caller.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) id: Id<Approval>,
    /// The caller's conversation: the approval is looked at once more when the act happens.
    conversation: Option<String>,
}

/// How the exact act stands that a caller asks for.
pub(crate) enum Standing {
    Approved(Given),
    Waiting { id: Id<Approval>, expires: Timestamp, made_now: bool },
    Denied { note: Option<String> },
    Suggested(String),
}

/// The digest that an approval is good for: the act, its place and who asks.
fn bound(requester: &Principal, facts: &ActFacts) -> Digest {
    FieldHasher::new("keep-approval/1")
        .field("requester", requester.to_string())
        .field("action", facts.action.as_str())
        .field("namespace", facts.namespace.to_string())
        .field("risk", facts.risk.as_str())
        .field("act", facts.bound.as_bytes())
        .field("exact", facts.exact.as_deref().unwrap_or_default())
        .finish()
}

/// What tells one conversation of a requester from another: the session it works in, else the process
/// that started everything of the requester's here. A process is told from a later one of its number.
#[must_use]
pub fn conversation(caller: &Caller) -> Option<String> {
    if let Namespace::Session { .. } = caller.home {
        return Some(caller.home.to_string());
    }
    let ProcessId { boot, pid, started_ticks } = caller.acting.last()?;
    Some(format!("process:{boot}/{pid}/{started_ticks}"))
}

/// Finds the request for this exact act, or makes one that waits.
pub(crate) async fn standing(
    gate: &Gate,
    caller: &Caller,
    facts: &ActFacts,
    offers: Offers,
    ruling: &Ruling,
) -> Result<Standing, GateError> {
    let now = gate.now();
    // The request is stored and shown: what cannot be looked through for secrets must not be.
    gate.redactor().map_err(GateError::Unchecked)?;
    let mut request = ApprovalView {
        id: fresh_id(now)?,
        state: ApprovalState::Waiting,
        requester: caller.principal.clone(),
        action: facts.action.clone(),
        namespace: facts.namespace.clone(),
        // What policy counts is never less than what the act says of itself.
        risk: facts.risk.max(ruling.risk),
        summary: facts.summary.clone(),
        detail: facts.detail.clone(),
        reason: ruling.reason.clone(),
        offers,
        good_for: GoodFor::Once,
        conversation: conversation(caller),
        created: now,
        expires: now.plus(gate.config().approval_expiry),
        answered_by: None,
        note: None,
        suggestion: None,
        digest: bound(&caller.principal, facts),
        policy_version: gate.policy().version(),
        acting: caller.acting.clone(),
    };
    // Asking again for what waits already, as agents do in a loop, costs no write.
    let wanted = request.clone();
    if let Some(found) = gate.db().read(move |tx| store::find_open(tx.sql(), &wanted, now)).await? {
        return Ok(found);
    }
    request.offers = gate.fitting(request.offers, caller, facts);
    let channel = caller.channel;
    let ledger = gate.ledger().clone();
    gate.db()
        .write(move |tx| {
            store::sweep(tx.sql(), now)?;
            if let Some(found) = store::find_open(tx.sql(), &request, now)? {
                return Ok(found);
            }
            let waiting: u32 = tx
                .sql()
                .prepare_cached(
                    "SELECT count(*) FROM gate_approval WHERE requester = ?1 AND state = 'waiting'
                     AND expires_ms > ?2 AND withdrawn_ms IS NULL",
                )?
                .query_row(params![request.requester.to_string(), now.ms()], |row| row.get(0))?;
            if waiting as usize >= MAX_WAITING {
                return Err(GateError::InboxFull(waiting as usize));
            }
            store::insert(tx.sql(), &request)?;
            rate::charge(tx.sql(), &request.requester, now)?;
            ledger.append_in(tx, &request_record(&request, channel))?;
            Ok(Standing::Waiting { id: request.id, expires: request.expires, made_now: true })
        })
        .await
}

fn request_record(request: &ApprovalView, channel: Channel) -> Record {
    Record {
        principal: request.requester.clone(),
        namespace: request.namespace.clone(),
        action: Action::of("approval.request"),
        phase: Phase::Done,
        refers_to: None,
        detail: json!({
            "approval": request.id,
            "for": request.action,
            "summary": request.summary,
            "risk": request.risk,
            "channel": channel,
            "act": request.detail,
        }),
        exact: Some(request.digest.as_bytes().to_vec()),
    }
}

impl Gate {
    /// Forgets what was offered with requests that are over, where there are any.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn sweep_requests(&self) -> Result<(), GateError> {
        let now = self.now();
        if self.db().read(move |tx| store::any_over(tx.sql(), now)).await? {
            self.db().write(move |tx| store::sweep(tx.sql(), now)).await?;
        }
        Ok(())
    }
}

/// Removes every request that offers one of these texts to whoever answers, in the transaction in which the
/// texts themselves go. What waited can be asked again. Says how many waited.
///
/// # Errors
/// When the database refuses or a request cannot be read.
pub fn withdraw_texts(tx: &mut WriteTx<'_>, texts: &[String]) -> Result<u64, GateError> {
    store::withdraw(tx.sql(), texts)
}

/// Uses an approval: unexpired, for this very act, under the policy it was given under. One for a single
/// act is over with that; one for a conversation stays, in that conversation.
pub(crate) fn redeem(
    sql: &Connection,
    given: &Given,
    grant: &Grant,
    now: Timestamp,
) -> Result<(), GateError> {
    let id = given.id;
    let view = store::load(sql, id, now)?;
    if view.policy_version != grant.gate.policy().version() {
        return Err(GateError::PolicyChanged(id));
    }
    let over = |state: &str| GateError::ApprovalOver { id, state: state.into() };
    if view.digest != bound(&grant.principal, &grant.facts) {
        return Err(over("for another act"));
    }
    match view.good_for {
        GoodFor::Once => {
            let used = sql
                .prepare_cached(
                    "UPDATE gate_approval SET state = 'used'
                     WHERE id = ?1 AND state = 'approved' AND expires_ms > ?2 AND withdrawn_ms IS NULL
                       AND answered_by IS NOT NULL",
                )?
                .execute(params![id.to_string(), now.ms()])?;
            store::sweep(sql, now)?;
            if used == 1 { Ok(()) } else { Err(over(view.state.as_str())) }
        }
        GoodFor::Conversation if view.state != ApprovalState::Approved || view.answered_by.is_none() => {
            Err(over(view.state.as_str()))
        }
        GoodFor::Conversation if view.conversation.is_none() || view.conversation != given.conversation => {
            Err(over("for another conversation"))
        }
        GoodFor::Conversation => Ok(()),
    }
}

impl ApprovalView {
    /// Why a yes to this request can only be for once, if it can.
    #[must_use]
    pub fn once_only(&self) -> Option<&'static str> {
        match (self.risk, &self.conversation) {
            (Risk::Critical, _) => Some("a critical act is asked about every time"),
            (_, None) => Some("its conversation cannot be told from another"),
            (Risk::Low | Risk::Medium | Risk::High, Some(_)) => None,
        }
    }
}

impl ApprovalState {
    /// The state as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Used => "used",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}
