//! `GET /api/v1/audit/records`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::audit;
use crate::problem::Problem;
use crate::view::{Page, RecordView};
use axum::http::Method;

/// Lists records of the audit log, the newest first.
pub(super) struct AuditQuery;

impl Operation for AuditQuery {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/audit/records";
    const NAME: &'static str = "audit_query";
    const SAYS: &'static str = "Lists records of the audit log, the newest first.";
    type Path = Nothing;
    type Query = audit::Which;
    type Body = Nothing;
    type Answer = Page<RecordView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        audit::query(&ask.house, &ask.caller, ask.query).await
    }
}
