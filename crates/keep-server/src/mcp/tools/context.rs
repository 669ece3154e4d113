use crate::house::House;
use crate::mcp::tool::{Effect, Tool};
use crate::operations::context;
use crate::problem::Problem;
use crate::view::ContextView;
use keep_types::Caller;

/// The tool `context`.
pub(super) struct Context;

impl Tool for Context {
    const NAME: &'static str = "context";
    const TITLE: &'static str = "Context for a task";
    const SAYS: &'static str = "Gives the memories that matter for a task as Markdown within a budget of tokens. Call it when you begin.";
    const EFFECT: Effect = Effect::Looks;
    type Input = context::Task;
    type Output = ContextView;

    async fn run(house: &House, caller: &Caller, input: Self::Input) -> Result<Self::Output, Problem> {
        context::context(house, caller, input).await
    }
}
