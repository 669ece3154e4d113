//! `PATCH /api/v1/memories/{id}`

use super::memory_path::{Named, Place};
use crate::operation::{Ask, Operation};
use crate::operations::edit;
use crate::problem::Problem;
use crate::view::MemoryView;
use axum::http::Method;

/// Changes a memory; how it read before stays readable.
pub(super) struct MemoryEdit;

impl Operation for MemoryEdit {
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/api/v1/memories/{id}";
    const NAME: &'static str = "memory_edit";
    const SAYS: &'static str = "Changes a memory; how it read before stays readable.";
    type Path = Named;
    type Query = Place;
    type Body = edit::Change;
    type Answer = MemoryView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        let which = (ask.path.id.as_str(), ask.query.namespace.as_deref());
        edit::edit(&ask.house, &ask.caller, which, ask.body).await
    }
}
