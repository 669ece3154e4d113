//! `POST /api/v1/tries`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::runs;
use crate::problem::Problem;
use crate::progress::Teller;
use crate::view::TriedView;
use axum::http::Method;

/// Runs a command whose changes wait, and shows them.
pub(super) struct TryStart;

impl Operation for TryStart {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/tries";
    const NAME: &'static str = "try_start";
    const SAYS: &'static str = "Runs a command whose changes wait, and shows them.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = runs::Command;
    type Answer = TriedView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        runs::attempt(&ask.house, &ask.caller, ask.body, &Teller::nobody()).await
    }
}
