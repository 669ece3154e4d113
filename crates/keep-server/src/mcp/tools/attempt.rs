use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::TriedView;

/// The tool `try`.
pub(super) struct Try;

impl Tool for Try {
    const NAME: &'static str = "try";
    const TITLE: &'static str = "Try a command";
    const SAYS: &'static str = "Runs a command whose changes to the project wait beside it, and says what they are. `try_commit` takes them over, `try_discard` forgets them.";
    const EFFECT: Effect = Effect::Runs;
    type Input = runs::Command;
    type Output = TriedView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        runs::attempt(&call.house, &call.caller, input, &call.watch).await
    }
}
