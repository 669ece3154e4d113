use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::VersionView;

/// The tool `artifact_put`.
pub(super) struct ArtifactPut;

impl Tool for ArtifactPut {
    const NAME: &'static str = "artifact_put";
    const TITLE: &'static str = "Store an artifact";
    const SAYS: &'static str = "Stores a file or folder of the project as the next version of an artifact. What is stored already is not stored again.";
    const EFFECT: Effect = Effect::Adds;
    type Input = artifacts::NewVersion;
    type Output = VersionView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        artifacts::put(&call.house, &call.caller, input, &call.watch).await
    }
}
