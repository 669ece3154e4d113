use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::get;
use crate::problem::Problem;

/// The tool `memory_get`.
pub(super) struct MemoryGet;

impl Tool for MemoryGet {
    const NAME: &'static str = "memory_get";
    const TITLE: &'static str = "Read a memory";
    const SAYS: &'static str = "Shows one memory by its id, with how it read before each edit.";
    const EFFECT: Effect = Effect::Looks;
    type Input = get::Which;
    type Output = get::Read;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        get::get(&call.house, &call.caller, input).await
    }
}
