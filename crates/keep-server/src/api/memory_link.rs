//! `POST /api/v1/memories/{id}/links`

use super::memory_path::{Named, Place};
use crate::operation::{Ask, Operation};
use crate::operations::link;
use crate::problem::Problem;
use crate::view::LinkView;
use axum::http::Method;

/// Links a memory to another.
pub(super) struct MemoryLink;

impl Operation for MemoryLink {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/memories/{id}/links";
    const NAME: &'static str = "memory_link";
    const SAYS: &'static str = "Links a memory to another.";
    type Path = Named;
    type Query = Place;
    type Body = link::Terms;
    type Answer = LinkView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        let which = (ask.path.id.as_str(), ask.query.namespace.as_deref());
        link::link(&ask.house, &ask.caller, which, ask.body).await
    }
}
