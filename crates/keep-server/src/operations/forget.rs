use super::{parsed, place};
use crate::house::House;
use crate::problem::Problem;
use crate::view::ForgottenView;
use keep_memory::model::Handle;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// Memories at once: more is a purge, which a person does.
const MOST: usize = 100;

/// Which memories to forget.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Their ids.
    #[schemars(transform = crate::shape::memory)]
    #[schemars(length(min = 1, max = 100))]
    pub(crate) ids: Vec<String>,
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Forgets memories for good.
pub(crate) async fn forget(house: &House, caller: &Caller, asked: Which) -> Result<ForgottenView, Problem> {
    if asked.ids.is_empty() || asked.ids.len() > MOST {
        return Err(Problem::usage(format!("name one memory at least and {MOST} at most")));
    }
    let handles: Vec<Handle> = asked.ids.iter().map(|id| parsed("ids", id)).collect::<Result<_, _>>()?;
    let place = place(asked.namespace.as_deref())?;
    let forgotten = house.app.memories()?.forget(caller, &place, &handles).await?;
    house.repeats.forget_answers();
    Ok(forgotten.into())
}
