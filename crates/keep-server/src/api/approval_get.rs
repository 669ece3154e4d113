//! `GET /api/v1/approvals/{id}`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::approvals;
use crate::problem::Problem;
use crate::view::ApprovalView;
use axum::http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which request.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    /// Its id.
    #[schemars(transform = crate::shape::approval)]
    pub(super) id: String,
}

/// Shows one request, whole.
pub(super) struct ApprovalGet;

impl Operation for ApprovalGet {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/approvals/{id}";
    const NAME: &'static str = "approval_get";
    const SAYS: &'static str = "Shows one request, whole.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = ApprovalView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        approvals::one(&ask.house, &ask.caller, &ask.path.id).await
    }
}
