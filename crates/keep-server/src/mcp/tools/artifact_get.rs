use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::GotView;

/// The tool `artifact_get`.
pub(super) struct ArtifactGet;

impl Tool for ArtifactGet {
    const NAME: &'static str = "artifact_get";
    const TITLE: &'static str = "Restore an artifact";
    const SAYS: &'static str = "Restores a stored version into the project, every byte checked. What is there stays unless it is a file and `replace` is set.";
    const EFFECT: Effect = Effect::Changes;
    type Input = artifacts::Restore;
    type Output = GotView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        artifacts::get(&call.house, &call.caller, input, &call.watch).await
    }
}
