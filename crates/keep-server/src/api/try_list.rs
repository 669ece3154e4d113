//! `GET /api/v1/tries`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::{Page, RunView};
use axum::http::Method;

/// Lists the runs whose changes wait.
pub(super) struct TryList;

impl Operation for TryList {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/tries";
    const NAME: &'static str = "try_list";
    const SAYS: &'static str = "Lists the runs whose changes wait.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = Page<RunView>;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::tries(&ask.house, &ask.caller).await
    }
}
