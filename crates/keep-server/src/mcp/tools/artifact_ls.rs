use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::artifacts;
use crate::problem::Problem;
use crate::view::{Page, VersionView};
use schemars::JsonSchema;
use serde::Deserialize;

/// Which artifacts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// All versions of this one. Without it: the last version of each.
    name: Option<String>,
    /// In this namespace, where a name is given.
    namespace: Option<String>,
}

/// The tool `artifact_ls`.
pub(super) struct ArtifactLs;

impl Tool for ArtifactLs {
    const NAME: &'static str = "artifact_ls";
    const TITLE: &'static str = "List artifacts";
    const SAYS: &'static str = "Lists stored artifacts, or with a name all versions of that one, with their sizes and what storing them took.";
    const EFFECT: Effect = Effect::Looks;
    type Input = Input;
    type Output = Page<VersionView>;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        match input.name {
            None => artifacts::list(&call.house, &call.caller).await,
            Some(name) => {
                artifacts::log(
                    &call.house,
                    &call.caller,
                    &name,
                    artifacts::Place { namespace: input.namespace },
                )
                .await
            }
        }
    }
}
