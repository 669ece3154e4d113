use super::maybe;
use crate::house::House;
use crate::problem::Problem;
use crate::view::{Page, SecretView};
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which secrets to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Of this profile.
    #[schemars(transform = crate::shape::name)]
    pub(crate) profile: Option<String>,
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// The names of secrets; no surface of the server shows a value.
pub(crate) async fn list(house: &House, caller: &Caller, asked: Which) -> Result<Page<SecretView>, Problem> {
    let which = keep_vault::Which {
        name: None,
        profile: maybe("profile", asked.profile.as_deref())?,
        namespace: maybe("namespace", asked.namespace.as_deref())?,
        everywhere: false,
    };
    let found = house.app.vault().list(caller, &which).await?;
    Ok(Page { items: found.into_iter().map(Into::into).collect(), next: None })
}
