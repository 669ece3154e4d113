//! `POST /api/v1/shell-check`

use crate::operation::{Ask, Nothing, Operation};
use crate::operations::shell_check;
use crate::problem::Problem;
use crate::view::ShellView;
use axum::http::Method;

/// Says what a command line would do, and what policy says to it; nothing runs.
pub(super) struct ShellCheck;

impl Operation for ShellCheck {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/api/v1/shell-check";
    const NAME: &'static str = "shell_check";
    const SAYS: &'static str = "Says what a command line would do, and what policy says to it; nothing runs.";
    const LOOKS: bool = true;
    type Path = Nothing;
    type Query = Nothing;
    type Body = shell_check::Command;
    type Answer = ShellView;

    async fn run(ask: Ask<Self>) -> Result<Self::Answer, Problem> {
        shell_check::check(&ask.house, &ask.caller, ask.body).await
    }
}
