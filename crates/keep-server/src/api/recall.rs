//! `POST /api/v1/recall`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::recall;
use crate::problem::Problem;
use crate::view::RecallView;
use axum::http::Method;

/// Recalls the memories that answer a question best.
pub(super) struct Recall;

impl Operation for Recall {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/recall";
    const NAME: &'static str = "recall";
    const SAYS: &'static str = "Recalls the memories that answer a question best, and says why these.";
    const LOOKS: bool = true;
    type Path = Nothing;
    type Query = Nothing;
    type Body = recall::Question;
    type Answer = RecallView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        recall::recall(&ask.house, &ask.caller, ask.body).await
    }
}
