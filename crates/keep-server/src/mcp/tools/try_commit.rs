use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::TriedView;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Its id.
    pub(super) run: String,
}

/// The tool `try_commit`.
pub(super) struct TryCommit;

impl Tool for TryCommit {
    const NAME: &'static str = "try_commit";
    const TITLE: &'static str = "Commit what was tried";
    const SAYS: &'static str = "Takes over what a tried command changed, all of it or nothing. A person says yes to these very changes first.";
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = TriedView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        runs::settle(&call.house, &call.caller, &input.run, runs::Settle::Commit).await
    }
}
