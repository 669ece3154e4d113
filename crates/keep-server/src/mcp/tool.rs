//! One tool. Its types are what is parsed and written, and what its schemas are made from.

use crate::house::House;
use crate::problem::Problem;
use crate::progress::Teller;
use futures_util::future::BoxFuture;
use keep_types::Caller;
use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::{JsonObject, Tool as Definition, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What a tool does to what is kept. It is a hint for clients; the gate decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only looks.
    Looks,
    /// It adds; doing it twice adds twice.
    Adds,
    /// It changes what is there; how it was stays readable. Doing it twice is doing it once.
    Changes,
    /// It takes away for good.
    Removes,
    /// It does whatever a command does.
    Runs,
}

/// One call of a tool.
pub(crate) struct Call {
    pub(crate) house: House,
    /// Who calls.
    pub(crate) caller: Caller,
    /// Who hears how far it is, and says when it is wanted no more.
    pub(crate) watch: Teller,
}

/// A tool of the protocol.
pub(crate) trait Tool: Sized + Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// Its name for people.
    const TITLE: &'static str;
    /// What it does and when to use it, short and exact.
    const SAYS: &'static str;
    /// What it does to what is kept.
    const EFFECT: Effect;
    /// What it takes.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it gives.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// Does it.
    fn run(call: &Call, input: Self::Input) -> impl Future<Output = Result<Self::Output, Problem>> + Send;
}

/// A tool without its types.
pub(crate) struct Known {
    pub(crate) definition: Definition,
    run: fn(Call, JsonObject) -> BoxFuture<'static, Result<Value, Problem>>,
}

impl Known {
    pub(crate) fn of<T: Tool>() -> Self {
        let mut input =
            schema_for_input::<T::Input>().expect("inputs are objects, as the tests of every tool see");
        // Models' interfaces take no such conditions on a whole input; it is refused when it comes.
        for condition in ["oneOf", "anyOf", "allOf", "not"] {
            Arc::make_mut(&mut input).remove(condition);
        }
        let definition = Definition::new(T::NAME, T::SAYS, input)
            .with_title(T::TITLE)
            .with_raw_output_schema(schema_for_output::<T::Output>())
            .with_annotations(annotations(T::TITLE, T::EFFECT));
        Self { definition, run: |call, input| Box::pin(run::<T>(call, input)) }
    }

    pub(crate) async fn run(&self, call: Call, input: JsonObject) -> Result<Value, Problem> {
        (self.run)(call, input).await
    }
}

fn annotations(title: &str, effect: Effect) -> ToolAnnotations {
    ToolAnnotations::with_title(title)
        .read_only(effect == Effect::Looks)
        .destructive(matches!(effect, Effect::Removes | Effect::Runs))
        .idempotent(matches!(effect, Effect::Looks | Effect::Changes | Effect::Removes))
        .open_world(effect == Effect::Runs)
}

async fn run<T: Tool>(call: Call, input: JsonObject) -> Result<Value, Problem> {
    let input = serde_json::from_value(Value::Object(input))
        .map_err(|error| Problem::usage(format!("{} does not take this: {error}", T::NAME)))?;
    let output = T::run(&call, input).await?;
    serde_json::to_value(&output).map_err(|error| Problem::internal(error.to_string()))
}
