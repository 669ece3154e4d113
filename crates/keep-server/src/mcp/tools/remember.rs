use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::remember;
use crate::problem::Problem;
use crate::view::MemoryView;

/// The tool `remember`.
pub(super) struct Remember;

impl Tool for Remember {
    const NAME: &'static str = "remember";
    const TITLE: &'static str = "Remember";
    const SAYS: &'static str = "Remembers one thing for later: a decision, a constraint, a fix, a preference. One matter each, in words that stand alone. Never write a secret's value.";
    const EFFECT: Effect = Effect::Adds;
    type Input = remember::Remember;
    type Output = MemoryView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        remember::remember(&call.house, &call.caller, input).await
    }
}
