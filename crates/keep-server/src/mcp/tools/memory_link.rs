use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::link;
use crate::problem::Problem;
use crate::view::LinkView;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which memory, and how it is linked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The memory that the link goes out from.
    from: String,
    /// In this namespace alone. Without it: the session, its project and global.
    namespace: Option<String>,
    /// How, and to which.
    link: link::Terms,
}

/// The tool `memory_link`.
pub(super) struct MemoryLink;

impl Tool for MemoryLink {
    const NAME: &'static str = "memory_link";
    const TITLE: &'static str = "Link two memories";
    const SAYS: &'static str = "Links a memory to another: it extends, contradicts, implements, references, supersedes it, was caused by it or is part of it.";
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = LinkView;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        let which = (input.from.as_str(), input.namespace.as_deref());
        link::link(&call.house, &call.caller, which, input.link).await
    }
}
