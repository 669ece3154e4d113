//! Requests that wait for a person, and their answers. An approval binds the exact act, the requester
//! and the policy; it expires, and it is used up in the transaction that records the act.

use crate::admit::Gate;
use crate::error::GateError;
use crate::permit::Grant;
use crate::random::fresh_id;
use crate::rate;
use keep_db::ReadTx;
use keep_ledger::{Phase, Record};
use keep_policy::Ruling;
use keep_types::{
    Act, ActFacts, Action, Approval, Caller, Channel, Digest, FieldHasher, Id, Namespace, Principal,
    PrincipalKind, ProcessId, Risk, Timestamp, Touch,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Requests of one principal that may wait at a time: a person reads them one by one.
const MAX_WAITING: usize = 50;
/// Answered requests are kept this long for `keep inbox --all`; the ledger keeps their records.
const KEEP_ANSWERED_MS: i64 = 30 * 24 * 3_600_000;

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
    /// Its time ran out.
    Expired,
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
    /// When it was asked.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// Who answered.
    pub answered_by: Option<Principal>,
    /// What they added.
    pub note: Option<String>,
    #[serde(skip)]
    digest: Digest,
    #[serde(skip)]
    policy_version: Digest,
    #[serde(skip)]
    acting: Vec<ProcessId>,
}

/// A person's answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Yes, once.
    Approve,
    /// No, and perhaps why.
    Deny {
        /// What the requester is told.
        note: Option<String>,
    },
}

/// How the exact act stands that a caller asks for.
pub(crate) enum Standing {
    Approved(Id<Approval>),
    Waiting { id: Id<Approval>, expires: Timestamp, made_now: bool },
    Denied { note: Option<String> },
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

/// Finds the request for this exact act, or makes one that waits.
pub(crate) async fn standing(
    gate: &Gate,
    caller: &Caller,
    facts: &ActFacts,
    ruling: &Ruling,
) -> Result<Standing, GateError> {
    let now = gate.now();
    // The request is stored and shown: what cannot be looked through for secrets must not be.
    gate.redactor().map_err(GateError::Unchecked)?;
    let request = ApprovalView {
        id: fresh_id(now)?,
        state: ApprovalState::Waiting,
        requester: caller.principal.clone(),
        action: facts.action.clone(),
        namespace: facts.namespace.clone(),
        risk: facts.risk,
        summary: facts.summary.clone(),
        detail: facts.detail.clone(),
        reason: ruling.reason.clone(),
        created: now,
        expires: now.plus(gate.config().approval_expiry),
        answered_by: None,
        note: None,
        digest: bound(&caller.principal, facts),
        policy_version: gate.policy().version(),
        acting: caller.acting.clone(),
    };
    // Asking again for what waits already, as agents do in a loop, costs no write.
    let request = Arc::new(request);
    let wanted = Arc::clone(&request);
    if let Some(found) = gate.db().read(move |tx| find_open(tx.sql(), &wanted, now)).await? {
        return Ok(found);
    }
    let channel = caller.channel;
    let ledger = gate.ledger().clone();
    gate.db()
        .write(move |tx| {
            sweep(tx.sql(), now)?;
            if let Some(found) = find_open(tx.sql(), &request, now)? {
                return Ok(found);
            }
            let waiting: u32 = tx
                .sql()
                .prepare_cached(
                    "SELECT count(*) FROM gate_approval WHERE requester = ?1 AND state = 'waiting'",
                )?
                .query_row([request.requester.to_string()], |row| row.get(0))?;
            if waiting as usize >= MAX_WAITING {
                return Err(GateError::InboxFull(waiting as usize));
            }
            insert(tx.sql(), &request)?;
            rate::charge(tx.sql(), &request.requester, now)?;
            ledger.append_in(tx, &request_record(&request, channel))?;
            Ok(Standing::Waiting { id: request.id, expires: request.expires, made_now: true })
        })
        .await
}

/// An open request for the same act under the same policy. A recent no also stands, so that asking
/// again at once does not wear a person down.
fn find_open(sql: &Connection, wanted: &ApprovalView, now: Timestamp) -> Result<Option<Standing>, GateError> {
    let mut statement = sql.prepare_cached(
        "SELECT * FROM gate_approval WHERE requester = ?1 AND digest = ?2 AND state <> 'used'
         AND expires_ms > ?3 AND policy_version = ?4 ORDER BY created_ms DESC LIMIT 1",
    )?;
    let found = statement
        .query_row(
            params![
                wanted.requester.to_string(),
                wanted.digest.as_bytes(),
                now.ms(),
                wanted.policy_version.as_bytes()
            ],
            |row| Ok(read_row(row, now)),
        )
        .optional()?
        .transpose()?;
    Ok(found.map(|view| match view.state {
        ApprovalState::Approved => Standing::Approved(view.id),
        ApprovalState::Denied => Standing::Denied { note: view.note },
        ApprovalState::Waiting | ApprovalState::Used | ApprovalState::Expired => {
            Standing::Waiting { id: view.id, expires: view.expires, made_now: false }
        }
    }))
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

fn insert(sql: &Connection, request: &ApprovalView) -> Result<(), GateError> {
    let acting = serde_json::to_string(&request.acting)
        .map_err(|e| GateError::Corrupt { table: "gate_approval", what: e.to_string() })?;
    sql.prepare_cached(
        "INSERT INTO gate_approval (id, digest, action, namespace, risk, summary, detail, reason,
             requester, acting, policy_version, created_ms, expires_ms, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'waiting')",
    )?
    .execute(params![
        request.id.to_string(),
        request.digest.as_bytes(),
        request.action.as_str(),
        request.namespace.to_string(),
        request.risk.as_str(),
        request.summary,
        request.detail.to_string(),
        request.reason,
        request.requester.to_string(),
        acting,
        request.policy_version.as_bytes(),
        request.created.ms(),
        request.expires.ms(),
    ])?;
    Ok(())
}

/// Forgets requests that are long over.
fn sweep(sql: &Connection, now: Timestamp) -> Result<(), GateError> {
    sql.prepare_cached("DELETE FROM gate_approval WHERE created_ms < ?1")?
        .execute([now.ms() - KEEP_ANSWERED_MS])?;
    Ok(())
}

/// Uses an approval up: once, unexpired, for this very act, under the policy it was given under.
pub(crate) fn use_up(
    sql: &Connection,
    id: Id<Approval>,
    grant: &Grant,
    now: Timestamp,
) -> Result<(), GateError> {
    let view = load(sql, id, now)?;
    if view.policy_version != grant.gate.policy().version() {
        return Err(GateError::PolicyChanged(id));
    }
    let same_act = view.digest == bound(&grant.principal, &grant.facts);
    let used = sql
        .prepare_cached(
            "UPDATE gate_approval SET state = 'used'
             WHERE id = ?1 AND state = 'approved' AND expires_ms > ?2 AND answered_by IS NOT NULL",
        )?
        .execute(params![id.to_string(), now.ms()])?;
    if used == 1 && same_act {
        Ok(())
    } else {
        let state = if same_act { view.state.as_str() } else { "for another act" };
        Err(GateError::ApprovalOver { id, state: state.into() })
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
            Self::Expired => "expired",
        }
    }
}

fn load(sql: &Connection, id: Id<Approval>, now: Timestamp) -> Result<ApprovalView, GateError> {
    sql.prepare_cached("SELECT * FROM gate_approval WHERE id = ?1")?
        .query_row([id.to_string()], |row| Ok(read_row(row, now)))
        .optional()?
        .ok_or(GateError::NoSuchApproval(id))?
}

pub(crate) fn read_row(row: &Row<'_>, now: Timestamp) -> Result<ApprovalView, GateError> {
    let corrupt = |what: String| GateError::Corrupt { table: "gate_approval", what };
    fn parsed<T>(row: &Row<'_>, column: &str) -> Result<T, GateError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let text: String = row.get(column)?;
        text.parse().map_err(|e: T::Err| GateError::Corrupt {
            table: "gate_approval",
            what: format!("{column}: {e}"),
        })
    }
    let expires = Timestamp::from_ms(row.get("expires_ms")?);
    let stored: String = row.get("state")?;
    let state = match stored.as_str() {
        "used" => ApprovalState::Used,
        "denied" => ApprovalState::Denied,
        "waiting" | "approved" if expires <= now => ApprovalState::Expired,
        "waiting" => ApprovalState::Waiting,
        "approved" => ApprovalState::Approved,
        other => return Err(corrupt(format!("state {other:?}"))),
    };
    let json = |column: &str| -> Result<Value, GateError> {
        serde_json::from_str(&row.get::<_, String>(column)?).map_err(|e| corrupt(format!("{column}: {e}")))
    };
    let answered_by: Option<String> = row.get("answered_by")?;
    Ok(ApprovalView {
        id: parsed(row, "id")?,
        state,
        requester: parsed(row, "requester")?,
        action: parsed(row, "action")?,
        namespace: parsed(row, "namespace")?,
        risk: parsed(row, "risk")?,
        summary: row.get("summary")?,
        detail: json("detail")?,
        reason: row.get("reason")?,
        created: Timestamp::from_ms(row.get("created_ms")?),
        expires,
        answered_by: answered_by
            .map(|by| by.parse().map_err(|e| corrupt(format!("answered_by: {e}"))))
            .transpose()?,
        note: row.get("note")?,
        digest: Digest::from_bytes(row.get("digest")?),
        policy_version: Digest::from_bytes(row.get("policy_version")?),
        acting: serde_json::from_value(json("acting")?).map_err(|e| corrupt(format!("acting: {e}")))?,
    })
}

/// Answering a request: what the person at the terminal is shown is the act that was asked for.
struct AnswerRequest {
    request: ApprovalView,
    resolution: Resolution,
}

impl Act for AnswerRequest {
    fn facts(&self) -> ActFacts {
        let (action, risk, verb) = match self.resolution {
            Resolution::Approve => ("approval.answer", Risk::Critical, "approve"),
            // Saying no only narrows: it needs a person, but no second question.
            Resolution::Deny { .. } => ("approval.deny", Risk::Low, "deny"),
        };
        let note = match &self.resolution {
            Resolution::Deny { note } => note.clone(),
            Resolution::Approve => None,
        };
        ActFacts {
            action: Action::of(action),
            namespace: self.request.namespace.clone(),
            touch: Touch::Change,
            risk,
            summary: format!("{verb}: {}", self.request.summary),
            detail: json!({
                "approval": self.request.id,
                "requester": self.request.requester,
                "for": self.request.action,
                "risk": self.request.risk,
                "note": note,
                "act": self.request.detail,
            }),
            bound: FieldHasher::new(action).field("id", self.request.id.to_string()).finish(),
            exact: Some(self.request.digest.as_bytes().to_vec()),
        }
    }
}

impl Gate {
    /// The requests that wait, oldest first; with `all`, also what became of earlier ones.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn inbox(&self, caller: &Caller, which: InboxFilter) -> Result<Vec<ApprovalView>, GateError> {
        let (now, caller) = (self.now(), caller.clone());
        self.db()
            .read(move |tx| {
                let mut views = list(tx, now)?;
                views.retain(|view| {
                    let mine = view.requester == caller.principal;
                    let open = view.state == ApprovalState::Waiting;
                    (which == InboxFilter::All || open)
                        && (mine || caller.principal.kind() == PrincipalKind::User)
                });
                Ok(views)
            })
            .await
    }

    /// One request.
    ///
    /// # Errors
    /// When there is none, or it is another principal's and the caller is no person.
    pub async fn request(&self, caller: &Caller, id: Id<Approval>) -> Result<ApprovalView, GateError> {
        let (now, caller) = (self.now(), caller.clone());
        self.db()
            .read(move |tx| {
                let view = load(tx.sql(), id, now)?;
                let may_see =
                    view.requester == caller.principal || caller.principal.kind() == PrincipalKind::User;
                if may_see { Ok(view) } else { Err(GateError::NoSuchApproval(id)) }
            })
            .await
    }

    /// Answers a request. Only a person may, never the requester, and no process below the requester.
    ///
    /// # Errors
    /// One for each of these, and when the request is over.
    pub async fn answer(
        &self,
        caller: &Caller,
        id: Id<Approval>,
        resolution: Resolution,
    ) -> Result<ApprovalView, GateError> {
        let now = self.now();
        let request = self.db().read(move |tx| load(tx.sql(), id, now)).await?;
        if request.state != ApprovalState::Waiting {
            return Err(GateError::ApprovalOver { id, state: request.state.as_str().into() });
        }
        let act = AnswerRequest { request, resolution };
        self.may_answer(caller, &act).await?;
        let permit = self.admit(caller, act).await?;
        let (by, gate) = (caller.principal.clone(), self.clone());
        permit
            .perform(move |tx, act| {
                let now = gate.now();
                let (state, note) = match &act.resolution {
                    Resolution::Approve => ("approved", None),
                    Resolution::Deny { note } => ("denied", note.as_deref()),
                };
                let expires = now.plus(gate.config().approval_expiry);
                let answered = tx
                    .sql()
                    .prepare_cached(
                        "UPDATE gate_approval SET state = ?2, answered_by = ?3, answered_ms = ?4,
                             note = ?5, expires_ms = ?6
                         WHERE id = ?1 AND state = 'waiting' AND expires_ms > ?4",
                    )?
                    .execute(params![id.to_string(), state, by.to_string(), now.ms(), note, expires.ms()])?;
                let view = load(tx.sql(), id, now)?;
                if answered == 1 {
                    Ok(view)
                } else {
                    Err(GateError::ApprovalOver { id, state: view.state.as_str().into() })
                }
            })
            .await
    }

    /// Who may answer is checked before the question is shown; each refusal is recorded.
    async fn may_answer(&self, caller: &Caller, act: &AnswerRequest) -> Result<(), GateError> {
        let id = act.request.id;
        let own = act.request.requester == caller.principal;
        let below = caller.lineage.iter().any(|process| act.request.acting.contains(process));
        let person = caller.principal.kind() == PrincipalKind::User
            && matches!(caller.channel, Channel::Terminal | Channel::Http);
        let refusal = if own {
            GateError::SelfApproval(id)
        } else if below {
            GateError::DescendantApproval(id)
        } else if !person {
            GateError::PersonOnly(act.facts().action)
        } else {
            return Ok(());
        };
        self.record_refusal(caller, &act.facts(), &refusal).await?;
        Err(refusal)
    }
}

/// Which requests to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxFilter {
    /// Those that wait.
    Waiting,
    /// Answered, used and expired ones too.
    All,
}

fn list(tx: &ReadTx<'_>, now: Timestamp) -> Result<Vec<ApprovalView>, GateError> {
    let mut statement = tx.sql().prepare_cached("SELECT * FROM gate_approval ORDER BY created_ms, id")?;
    let rows = statement.query_map([], |row| Ok(read_row(row, now)))?;
    rows.map(|row| row?).collect()
}
