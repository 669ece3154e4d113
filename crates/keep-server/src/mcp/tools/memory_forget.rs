use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::forget;
use crate::problem::Problem;
use crate::view::ForgottenView;

/// The tool `memory_forget`.
pub(super) struct MemoryForget;

impl Tool for MemoryForget {
    const NAME: &'static str = "memory_forget";
    const TITLE: &'static str = "Forget memories";
    const SAYS: &'static str = "Forgets memories for good: texts, versions and index entries are overwritten. To correct one, edit it instead.";
    const EFFECT: Effect = Effect::Removes;
    type Input = forget::Which;
    type Output = ForgottenView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        forget::forget(&call.house, &call.caller, input).await
    }
}
