use super::{maybe, rows};
use crate::house::House;
use crate::problem::Problem;
use crate::view::{Page, ProofView, RecordView};
use axum::http::StatusCode;
use keep_app::words::Filter;
use keep_gate::AuditFilter;
use keep_types::{Caller, ErrorKind};
use schemars::JsonSchema;
use serde::Deserialize;

/// Which records to list. A program sees its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Whose: user:NAME, agent:NAME or service:NAME.
    #[schemars(transform = crate::shape::principal)]
    pub(crate) principal: Option<String>,
    /// This action, or a family of them: `memory` finds `memory.write`.
    pub(crate) action: Option<String>,
    /// Of this namespace exactly.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
    /// Not before this moment, such as 2026-11-21T09:30:00Z.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) since: Option<String>,
    /// Before this moment.
    #[schemars(transform = crate::shape::moment)]
    pub(crate) until: Option<String>,
    /// So many at most; 50 without it, 500 at most.
    pub(crate) limit: Option<usize>,
    /// Only records before this one: the `next` of the page before.
    pub(crate) after: Option<u64>,
}

/// Records of the audit log, the newest first.
pub(crate) async fn query(house: &House, caller: &Caller, asked: Which) -> Result<Page<RecordView>, Problem> {
    let limit = rows(asked.limit);
    let filter = Filter {
        before_seq: asked.after,
        principal: maybe("principal", asked.principal.as_deref())?,
        action: asked.action,
        namespace: maybe("namespace", asked.namespace.as_deref())?,
        since: maybe("since", asked.since.as_deref())?,
        until: maybe("until", asked.until.as_deref())?,
        limit: Some(limit + 1),
        newest_first: true,
        ..Filter::default()
    };
    let found = house.app.gate().audit_log(caller, AuditFilter(filter)).await?;
    let more = found.len() > limit;
    let items: Vec<RecordView> = found.into_iter().take(limit).map(Into::into).collect();
    let next = items.last().filter(|_| more).map(|last| last.seq);
    Ok(Page { items, next })
}

/// The proof of one record that the caller may see.
pub(crate) async fn prove(house: &House, caller: &Caller, seq: u64) -> Result<ProofView, Problem> {
    let filter = Filter {
        after: seq.checked_sub(1),
        before_seq: Some(seq.saturating_add(1)),
        limit: Some(1),
        ..Filter::default()
    };
    let seen = house.app.gate().audit_log(caller, AuditFilter(filter)).await?;
    if seen.iter().all(|entry| entry.seq.0 != seq) {
        let why = format!("there is no record {seq} that you may see");
        return Err(Problem::new(StatusCode::NOT_FOUND, ErrorKind::NotFound, why));
    }
    let house = house.clone();
    let proof = tokio::task::spawn_blocking(move || house.app.audit_prove(seq)).await;
    Ok(proof.map_err(|error| Problem::internal(format!("proving a record: {error}")))??.into())
}
