//! `POST /api/v1/memories/{id}/unlink`

use super::memory_path::{Named, Place};
use crate::operation::{Ask, Operation};
use crate::operations::link;
use crate::problem::Problem;
use axum::http::Method;

/// Takes a link between two memories away.
pub(super) struct MemoryUnlink;

impl Operation for MemoryUnlink {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/memories/{id}/unlink";
    const NAME: &'static str = "memory_unlink";
    const SAYS: &'static str = "Takes a link between two memories away.";
    const LASTING: bool = true;
    type Path = Named;
    type Query = Place;
    type Body = link::Link;
    type Answer = link::Unlinked;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        let which = (ask.path.id.as_str(), ask.query.namespace.as_deref());
        link::unlink(&ask.house, &ask.caller, which, ask.body).await
    }
}
