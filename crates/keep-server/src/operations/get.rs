use super::{parsed, place};
use crate::house::House;
use crate::problem::Problem;
use crate::view::MemoryView;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which memory.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Its id, or at least four of its first characters.
    #[schemars(transform = crate::shape::memory)]
    pub(crate) id: String,
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// A memory and how it read before.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Read {
    /// As it is.
    pub(crate) memory: MemoryView,
    /// As it was, the newest first.
    pub(crate) before: Vec<MemoryView>,
}

/// One memory with its history.
pub(crate) async fn get(house: &House, caller: &Caller, asked: Which) -> Result<Read, Problem> {
    let place = place(asked.namespace.as_deref())?;
    let found = house.app.memories()?.history(caller, &place, &parsed("id", &asked.id)?).await?;
    Ok(Read { memory: found.now.into(), before: found.before.into_iter().map(Into::into).collect() })
}
