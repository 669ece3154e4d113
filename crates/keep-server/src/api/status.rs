//! `GET /api/v1/status`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::care;
use crate::problem::Problem;
use crate::view::StatusView;
use axum::http::Method;

/// Says how the house is.
pub(super) struct Status;

impl Operation for Status {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/api/v1/status";
    const NAME: &'static str = "status";
    const SAYS: &'static str = "Says how the house is.";
    type Path = Nothing;
    type Query = Nothing;
    type Body = Nothing;
    type Answer = StatusView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        care::status(&ask.house, &ask.caller).await
    }
}
