//! `GET /api/v1/memories/{id}`

use super::memory_path::{Named, Place};
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::get;
use crate::problem::Problem;
use axum::http::Method;

/// Shows one memory and how it read before.
pub(super) struct MemoryGet;

impl Operation for MemoryGet {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/memories/{id}";
    const NAME: &'static str = "memory_get";
    const SAYS: &'static str = "Shows one memory and how it read before.";
    type Path = Named;
    type Query = Place;
    type Body = Nothing;
    type Answer = get::Read;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        let Place { namespace } = ask.query;
        get::get(&ask.house, &ask.caller, get::Which { id: ask.path.id, namespace }).await
    }
}
