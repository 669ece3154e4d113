//! `POST /api/v1/runs/{id}/stop`

use super::run_path::Named;
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::RunView;
use axum::http::Method;

/// Ends a run with everything that it started.
pub(super) struct RunStop;

impl Operation for RunStop {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/runs/{id}/stop";
    const NAME: &'static str = "run_stop";
    const SAYS: &'static str = "Ends a run with everything that it started; a program ends its own.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = RunView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::end(&ask.house, &ask.caller, &ask.path.id).await
    }
}
