//! `POST /api/v1/runs`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::progress::Teller;
use crate::view::RanView;
use axum::http::Method;

/// Runs a command to its end. A client that goes away ends nothing.
pub(super) struct RunStart;

impl Operation for RunStart {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/runs";
    const NAME: &'static str = "run_start";
    const SAYS: &'static str = "Runs a command to its end. A client that goes away ends nothing.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = runs::Command;
    type Answer = RanView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::run(&ask.house, &ask.caller, ask.body, &Teller::nobody()).await
    }
}
