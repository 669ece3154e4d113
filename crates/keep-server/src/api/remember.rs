//! `POST /api/v1/memories`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::remember;
use crate::problem::Problem;
use crate::view::MemoryView;
use axum::http::Method;

/// Remembers one thing.
pub(super) struct Remember;

impl Operation for Remember {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/memories";
    const NAME: &'static str = "remember";
    const SAYS: &'static str = "Remembers one thing.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = remember::Remember;
    type Answer = MemoryView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        remember::remember(&ask.house, &ask.caller, ask.body).await
    }
}
