//! The rows of requests.

use super::{ApprovalState, ApprovalView, Given, GoodFor, KEEP_ANSWERED_MS, Standing, Withdrawn};
use crate::error::GateError;
use keep_db::ReadTx;
use keep_types::{Approval, Digest, Id, Offers, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

/// An open request for the same act under the same policy. A recent no also stands, so that asking
/// again at once does not wear a person down. What was approved for a conversation is found in it alone,
/// and there before anything that another conversation asked since.
pub(super) fn find_open(
    sql: &Connection,
    wanted: &ApprovalView,
    now: Timestamp,
) -> Result<Option<Standing>, GateError> {
    let mut statement = sql.prepare_cached(
        "SELECT * FROM gate_approval WHERE requester = ?1 AND digest = ?2 AND state <> 'used'
         AND expires_ms > ?3 AND withdrawn_ms IS NULL AND policy_version = ?4 AND (lasting = 0 OR conversation = ?5)
         ORDER BY lasting DESC, created_ms DESC LIMIT 1",
    )?;
    let found = statement
        .query_row(
            params![
                wanted.requester.to_string(),
                wanted.digest.as_bytes(),
                now.ms(),
                wanted.policy_version.as_bytes(),
                wanted.conversation
            ],
            |row| Ok(read_row(row, now)),
        )
        .optional()?
        .transpose()?;
    Ok(found.map(|view| match view.state {
        ApprovalState::Approved => {
            Standing::Approved(Given { id: view.id, conversation: wanted.conversation.clone() })
        }
        ApprovalState::Denied => match view.suggestion {
            Some(text) => Standing::Suggested(text),
            None => Standing::Denied { note: view.note },
        },
        ApprovalState::Waiting | ApprovalState::Used | ApprovalState::Withdrawn | ApprovalState::Expired => {
            Standing::Waiting { id: view.id, expires: view.expires, made_now: false }
        }
    }))
}

pub(super) fn insert(sql: &Connection, request: &ApprovalView) -> Result<(), GateError> {
    let corrupt = |e: serde_json::Error| GateError::Corrupt { table: "gate_approval", what: e.to_string() };
    let acting = serde_json::to_string(&request.acting).map_err(corrupt)?;
    let offers = serde_json::to_string(&request.offers).map_err(corrupt)?;
    sql.prepare_cached(
        "INSERT INTO gate_approval (id, digest, action, namespace, risk, summary, detail, reason,
             requester, acting, policy_version, created_ms, expires_ms, state, conversation,
             offers)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 'waiting', ?14, ?15)",
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
        request.conversation,
        offers,
    ])?;
    Ok(())
}

/// Forgets requests that are long over, and of those that are over what was offered with them: that may be
/// the whole text of what somebody wanted kept, and only whoever answers needs it.
pub(super) fn sweep(sql: &Connection, now: Timestamp) -> Result<(), GateError> {
    sql.prepare_cached("DELETE FROM gate_approval WHERE created_ms < ?1")?
        .execute([now.ms() - KEEP_ANSWERED_MS])?;
    sql.prepare_cached(&format!(
        "UPDATE gate_approval SET offers = NULL WHERE offers IS NOT NULL AND {OVER}"
    ))?
    .execute([now.ms()])?;
    sql.prepare_cached(
        "UPDATE gate_approval SET suggestion = NULL WHERE suggestion IS NOT NULL AND expires_ms <= ?1",
    )?
    .execute([now.ms()])?;
    Ok(())
}

/// What nobody can answer any more.
const OVER: &str = "(state IN ('used', 'denied') OR withdrawn_ms IS NOT NULL OR expires_ms <= ?1)";

/// Whether a request that is over still has what was offered with it.
pub(super) fn any_over(sql: &Connection, now: Timestamp) -> Result<bool, GateError> {
    let mut any = sql.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM gate_approval
         WHERE offers IS NOT NULL AND {OVER} OR suggestion IS NOT NULL AND expires_ms <= ?1)"
    ))?;
    Ok(any.query_row([now.ms()], |row| row.get(0))?)
}

/// Removes the requests that offer one of these texts, or in whose place one of them was suggested, whatever
/// became of them; says how many waited.
pub(super) fn withdraw(sql: &Connection, texts: &[String]) -> Result<u64, GateError> {
    let mut find = sql.prepare_cached(
        "SELECT id, offers, suggestion, state FROM gate_approval
         WHERE offers IS NOT NULL OR suggestion IS NOT NULL",
    )?;
    let mut remove = sql.prepare_cached("DELETE FROM gate_approval WHERE id = ?1")?;
    let mut rows = find.query([])?;
    let (mut doomed, mut waited) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (offers, suggestion): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
        let offers: Offers = match offers {
            None => Offers::default(),
            Some(text) => serde_json::from_str(&text)
                .map_err(|e| GateError::Corrupt { table: "gate_approval", what: format!("offers: {e}") })?,
        };
        if [offers.edit, suggestion].iter().flatten().any(|text| texts.contains(text)) {
            doomed.push(row.get::<_, String>(0)?);
            waited += u64::from(row.get::<_, String>(3)? == "waiting");
        }
    }
    doomed.iter().try_for_each(|id| remove.execute([id]).map(drop))?;
    Ok(waited)
}

/// Withdraws what waits, and what was approved and not used yet: nothing that was asked before a stop happens after
/// it. The rows stay for whoever looks for them.
pub(crate) fn withdraw_all(sql: &Connection, now: Timestamp) -> Result<Withdrawn, GateError> {
    let mut set = sql.prepare_cached(
        "UPDATE gate_approval SET withdrawn_ms = ?1
         WHERE state = ?2 AND expires_ms > ?1 AND withdrawn_ms IS NULL",
    )?;
    let waiting = set.execute(params![now.ms(), "waiting"])?;
    let approved = set.execute(params![now.ms(), "approved"])?;
    // Whatever the clock says later, an approval from before is over.
    sql.execute("UPDATE gate_approval SET expires_ms = 0 WHERE state = 'approved'", [])?;
    Ok(Withdrawn { waiting: waiting as u64, approved: approved as u64 })
}

pub(super) fn load(sql: &Connection, id: Id<Approval>, now: Timestamp) -> Result<ApprovalView, GateError> {
    sql.prepare_cached("SELECT * FROM gate_approval WHERE id = ?1")?
        .query_row([id.to_string()], |row| Ok(read_row(row, now)))
        .optional()?
        .ok_or(GateError::NoSuchApproval(id))?
}

fn read_row(row: &Row<'_>, now: Timestamp) -> Result<ApprovalView, GateError> {
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
        "waiting" | "approved" if row.get::<_, Option<i64>>("withdrawn_ms")?.is_some() => {
            ApprovalState::Withdrawn
        }
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
        good_for: match row.get("lasting")? {
            0 => GoodFor::Once,
            1 => GoodFor::Conversation,
            other => return Err(corrupt(format!("lasting {other}"))),
        },
        offers: match row.get::<_, Option<String>>("offers")? {
            None => Offers::default(),
            Some(text) => serde_json::from_str(&text).map_err(|e| corrupt(format!("offers: {e}")))?,
        },
        conversation: row.get("conversation")?,
        created: Timestamp::from_ms(row.get("created_ms")?),
        expires,
        answered_by: answered_by
            .map(|by| by.parse().map_err(|e| corrupt(format!("answered_by: {e}"))))
            .transpose()?,
        note: row.get("note")?,
        suggestion: row.get("suggestion")?,
        digest: Digest::from_bytes(row.get("digest")?),
        policy_version: Digest::from_bytes(row.get("policy_version")?),
        acting: serde_json::from_value(json("acting")?).map_err(|e| corrupt(format!("acting: {e}")))?,
    })
}

pub(super) fn list(tx: &ReadTx<'_>, now: Timestamp) -> Result<Vec<ApprovalView>, GateError> {
    let mut statement = tx.sql().prepare_cached("SELECT * FROM gate_approval ORDER BY created_ms, id")?;
    let rows = statement.query_map([], |row| Ok(read_row(row, now)))?;
    rows.map(|row| row?).collect()
}
