//! `GET /api/v1/runs`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::{Page, RunView};
use axum::http::Method;

/// Lists the latest runs, the newest first.
pub(super) struct RunList;

impl Operation for RunList {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/runs";
    const NAME: &'static str = "run_list";
    const SAYS: &'static str = "Lists the latest runs, the newest first.";
    type Path = Nothing;
    type Query = runs::Which;
    type Body = Nothing;
    type Answer = Page<RunView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::list(&ask.house, &ask.caller, ask.query).await
    }
}
