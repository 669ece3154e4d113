use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::context;
use crate::problem::Problem;
use crate::view::ContextView;

/// The tool `context`.
pub(super) struct Context;

impl Tool for Context {
    const NAME: &'static str = "context";
    const TITLE: &'static str = "Context for a task";
    const SAYS: &'static str = "Gives the memories that matter for a task as Markdown within a budget of tokens. Call it when you begin.";
    const EFFECT: Effect = Effect::Looks;
    type Input = context::Task;
    type Output = ContextView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        context::context(&call.house, &call.caller, input).await
    }
}
