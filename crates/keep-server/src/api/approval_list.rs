//! `GET /api/v1/approvals`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::approvals;
use crate::problem::Problem;
use crate::view::{ApprovalView, Page};
use axum::http::Method;

/// Lists the requests that wait for a person.
pub(super) struct ApprovalList;

impl Operation for ApprovalList {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/approvals";
    const NAME: &'static str = "approval_list";
    const SAYS: &'static str = "Lists the requests that wait for a person.";
    type Path = Nothing;
    type Query = approvals::Which;
    type Body = Nothing;
    type Answer = Page<ApprovalView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        approvals::list(&ask.house, &ask.caller, ask.query).await
    }
}
