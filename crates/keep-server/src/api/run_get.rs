//! `GET /api/v1/runs/{id}`

use super::run_path::Named;
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::RunView;
use axum::http::Method;

/// Shows one run, with what it said.
pub(super) struct RunGet;

impl Operation for RunGet {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/runs/{id}";
    const NAME: &'static str = "run_get";
    const SAYS: &'static str = "Shows one run, with what it said.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = RunView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::one(&ask.house, &ask.caller, &ask.path.id).await
    }
}
