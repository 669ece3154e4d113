use super::place;
use crate::house::House;
use crate::problem::Problem;
use crate::view::ContextView;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// Tokens when nobody says how many.
const USUAL: usize = 1_500;
/// Tokens at most.
const MOST: usize = 20_000;

/// A task that memories are wanted for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// What is about to be done, in any words.
    #[schemars(transform = crate::shape::said)]
    pub(crate) task: String,
    /// About so many tokens at most; 1500 without it.
    pub(crate) budget: Option<usize>,
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// The memories that serve a task best, ready for a prompt.
pub(crate) async fn context(house: &House, caller: &Caller, asked: Task) -> Result<ContextView, Problem> {
    let place = place(asked.namespace.as_deref())?;
    let budget = asked.budget.unwrap_or(USUAL).min(MOST);
    Ok(house.app.memories()?.context(caller, place, &asked.task, budget).await?.into())
}
