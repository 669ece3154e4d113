//! `POST /api/v1/approvals/{id}/answer`

use super::approval_get::Named;
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::approvals;
use crate::problem::Problem;
use crate::view::ApprovalView;
use axum::http::Method;

/// Answers a request; only a person who is signed in may.
pub(super) struct ApprovalAnswer;

impl Operation for ApprovalAnswer {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/approvals/{id}/answer";
    const NAME: &'static str = "approval_answer";
    const SAYS: &'static str = "Answers a request; only a person who is signed in may.";
    type Path = Named;
    type Query = Nothing;
    type Body = approvals::Answer;
    type Answer = ApprovalView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        approvals::answer(&ask.house, &ask.caller, &ask.path.id, ask.body).await
    }
}
