use crate::mcp::tool::{Call, Effect, Tool};
use crate::operations::secrets;
use crate::problem::Problem;
use crate::view::{Page, SecretView};

/// The tool `secret_list`.
pub(super) struct SecretList;

impl Tool for SecretList {
    const NAME: &'static str = "secret_list";
    const TITLE: &'static str = "List secrets";
    const SAYS: &'static str = "Lists the names of secrets that can be used here, never their values.";
    const EFFECT: Effect = Effect::Looks;
    type Input = secrets::Which;
    type Output = Page<SecretView>;

    async fn run(call: &Call, input: Self::Input) -> Result<Self::Output, Problem> {
        secrets::list(&call.house, &call.caller, input).await
    }
}
