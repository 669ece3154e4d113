//! `POST /api/v1/memories/forget`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::forget;
use crate::problem::Problem;
use crate::view::ForgottenView;
use axum::http::Method;

/// Forgets memories for good.
pub(super) struct MemoryForget;

impl Operation for MemoryForget {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/memories/forget";
    const NAME: &'static str = "memory_forget";
    const SAYS: &'static str = "Forgets memories for good.";
    const LASTING: bool = true;
    type Path = Nothing;
    type Query = Nothing;
    type Body = forget::Which;
    type Answer = ForgottenView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        forget::forget(&ask.house, &ask.caller, ask.body).await
    }
}
