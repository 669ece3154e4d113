use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::RanView;

/// The tool `exec`.
pub(super) struct Exec;

impl Tool for Exec {
    const NAME: &'static str = "exec";
    const TITLE: &'static str = "Run a command";
    const SAYS: &'static str = "Runs a command in the project, confined and on record, and gives its exit status and what it said. What is risky waits for a person: call again with the same arguments then.";
    const EFFECT: Effect = Effect::Runs;
    type Input = runs::Command;
    type Output = RanView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        runs::run(&call.house, &call.caller, input, &call.watch).await
    }
}
