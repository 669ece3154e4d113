use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::edit;
use crate::problem::Problem;
use crate::view::MemoryView;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which memory, and what is to be different about it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Its id, or at least four of its first characters.
    id: String,
    /// In this namespace alone. Without it: the session, its project and global.
    namespace: Option<String>,
    /// What is to be different. What is not named stays as it is.
    change: edit::Change,
}

/// The tool `memory_edit`.
pub(super) struct MemoryEdit;

impl Tool for MemoryEdit {
    const NAME: &'static str = "memory_edit";
    const TITLE: &'static str = "Edit a memory";
    const SAYS: &'static str = "Changes a memory's text, headline, kind, tags, importance or trust. How it read before stays readable.";
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = MemoryView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        let which = (input.id.as_str(), input.namespace.as_deref());
        edit::edit(&call.house, &call.caller, which, input.change).await
    }
}
