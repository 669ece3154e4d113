use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::shell_check;
use crate::problem::Problem;
use crate::view::ShellView;

/// The tool `shell_check`.
pub(super) struct ShellCheck;

impl Tool for ShellCheck {
    const NAME: &'static str = "shell_check";
    const TITLE: &'static str = "Check a command";
    const SAYS: &'static str = "Says what a shell command would run, touch and risk, and whether policy would allow it, ask a person or deny it. Nothing runs.";
    const EFFECT: Effect = Effect::Looks;
    type Input = shell_check::Command;
    type Output = ShellView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        shell_check::check(&call.house, &call.caller, input).await
    }
}
