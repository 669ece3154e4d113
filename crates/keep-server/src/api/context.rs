//! `POST /api/v1/context`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::context;
use crate::problem::Problem;
use crate::view::ContextView;
use axum::http::Method;

/// Gives the memories that serve a task best, ready for a prompt.
pub(super) struct Context;

impl Operation for Context {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/context";
    const NAME: &'static str = "context";
    const SAYS: &'static str = "Gives the memories that serve a task best, ready for a prompt.";
    const LOOKS: bool = true;
    type Path = Nothing;
    type Query = Nothing;
    type Body = context::Task;
    type Answer = ContextView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        context::context(&ask.house, &ask.caller, ask.body).await
    }
}
