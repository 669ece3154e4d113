//! `GET /api/v1/tries/{id}`

use super::run_path::Named;
use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::TriedView;
use axum::http::Method;

/// Shows a run whose changes wait, and the changes.
pub(super) struct TryGet;

impl Operation for TryGet {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/tries/{id}";
    const NAME: &'static str = "try_get";
    const SAYS: &'static str = "Shows a run whose changes wait, and the changes.";
    type Path = Named;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = TriedView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::tried(&ask.house, &ask.caller, &ask.path.id).await
    }
}
