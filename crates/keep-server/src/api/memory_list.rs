//! `GET /api/v1/memories`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::list;
use crate::problem::Problem;
use crate::view::{MemoryView, Page};
use axum::http::Method;

/// Lists memories, the newest first.
pub(super) struct MemoryList;

impl Operation for MemoryList {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/memories";
    const NAME: &'static str = "memory_list";
    const SAYS: &'static str = "Lists memories, the newest first.";
    type Path = Nothing;
    type Query = list::Which;
    type Body = Nothing;
    type Answer = Page<MemoryView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        list::list(&ask.house, &ask.caller, ask.query).await
    }
}
