use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::{DifferenceView, Page};

/// The tool `artifact_diff`.
pub(super) struct ArtifactDiff;

impl Tool for ArtifactDiff {
    const NAME: &'static str = "artifact_diff";
    const TITLE: &'static str = "Compare two versions";
    const SAYS: &'static str = "Says what differs between two stored versions, tensor by tensor: how many elements, by how much, and what that costs.";
    const EFFECT: Effect = Effect::Looks;
    type Input = artifacts::Two;
    type Output = Page<DifferenceView>;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        artifacts::diff(&call.house, &call.caller, input).await
    }
}
