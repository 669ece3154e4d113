use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::recall;
use crate::problem::Problem;
use crate::view::RecallView;

/// The tool `recall`.
pub(super) struct Recall;

impl Tool for Recall {
    const NAME: &'static str = "recall";
    const TITLE: &'static str = "Recall";
    const SAYS: &'static str = "Recalls what was remembered, by any words, best first, and says why each was found. Finding nothing means that nothing relevant is known.";
    const EFFECT: Effect = Effect::Looks;
    type Input = recall::Question;
    type Output = RecallView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        recall::recall(&call.house, &call.caller, input).await
    }
}
