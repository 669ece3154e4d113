use super::try_commit;
use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::runs;
use crate::problem::Problem;
use crate::view::TriedView;

/// The tool `try_discard`.
pub(super) struct TryDiscard;

impl Tool for TryDiscard {
    const NAME: &'static str = "try_discard";
    const TITLE: &'static str = "Discard what was tried";
    const SAYS: &'static str = "Forgets what a tried command changed; the project stays as it is.";
    const EFFECT: Effect = Effect::Removes;
    type Input = try_commit::Input;
    type Output = TriedView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        runs::settle(&call.house, &call.caller, &input.run, runs::Settle::Discard).await
    }
}
