//! `POST /api/v1/tries/{id}/discard`

use super::run_path::Named;
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::TriedView;
use axum::http::Method;

/// Forgets what a run changed.
pub(super) struct TryDiscard;

impl Operation for TryDiscard {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/tries/{id}/discard";
    const NAME: &'static str = "try_discard";
    const SAYS: &'static str = "Forgets what a run changed.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = TriedView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::settle(&ask.house, &ask.caller, &ask.path.id, runs::Settle::Discard).await
    }
}
