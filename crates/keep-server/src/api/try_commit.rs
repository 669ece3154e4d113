//! `POST /api/v1/tries/{id}/commit`

use super::run_path::Named;
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::TriedView;
use axum::http::Method;

/// Takes over what a run changed: all of it, or nothing.
pub(super) struct TryCommit;

impl Operation for TryCommit {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/tries/{id}/commit";
    const NAME: &'static str = "try_commit";
    const SAYS: &'static str = "Takes over what a run changed: all of it, or nothing.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = TriedView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::settle(&ask.house, &ask.caller, &ask.path.id, runs::Settle::Commit).await
    }
}
