use super::{maybe, parsed, place};
use crate::house::House;
use crate::problem::Problem;
use crate::view::MemoryView;
use keep_memory::Edit;
use keep_memory::model::Importance;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// What is to be different about a memory.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Its new text.
    #[schemars(transform = crate::shape::said)]
    pub(crate) text: Option<String>,
    /// Another headline; an empty one takes it away.
    pub(crate) title: Option<String>,
    /// Another kind.
    #[schemars(transform = crate::shape::name)]
    pub(crate) kind: Option<String>,
    /// Tags to add.
    #[serde(default)]
    #[schemars(transform = crate::shape::tag)]
    pub(crate) add_tags: Vec<String>,
    /// Tags to take away.
    #[serde(default)]
    #[schemars(transform = crate::shape::tag)]
    pub(crate) remove_tags: Vec<String>,
    /// How much it matters, from 1 to 10.
    #[schemars(range(min = 1, max = 10))]
    pub(crate) importance: Option<u8>,
    /// A lower trust; it is never raised.
    #[schemars(transform = crate::shape::trust)]
    pub(crate) trust: Option<String>,
}

/// Changes a memory; how it read before stays readable.
pub(crate) async fn edit(
    house: &House,
    caller: &Caller,
    (id, namespace): (&str, Option<&str>),
    change: Change,
) -> Result<MemoryView, Problem> {
    let importance = change.importance.map(Importance::try_from).transpose();
    let edit = Edit {
        text: change.text,
        title: change.title,
        kind: maybe("kind", change.kind.as_deref())?,
        add_tags: change.add_tags,
        remove_tags: change.remove_tags,
        importance: importance.map_err(|error| Problem::usage(error.to_string()))?,
        trust: maybe("trust", change.trust.as_deref())?,
        ..Edit::default()
    };
    let place = place(namespace)?;
    Ok(house.app.memories()?.edit(caller, &place, &parsed("id", id)?, edit).await?.into())
}
