use super::{maybe, parsed};
use crate::house::House;
use crate::problem::Problem;
use crate::view::{DifferenceView, Page, VersionView};
use keep_artifact::Reference;
use keep_types::{Caller, Namespace};
use schemars::JsonSchema;
use serde::Deserialize;

/// Where to look.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// In this namespace. Without it: the session, its project and global.
    pub(crate) namespace: Option<String>,
}

/// Two versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Two {
    /// The first: NAME, NAME@NUMBER or NAME@TAG.
    pub(crate) first: String,
    /// The second.
    pub(crate) second: String,
    /// In this namespace. Without it: the session, its project and global.
    pub(crate) namespace: Option<String>,
}

/// The last version of each artifact that the caller sees.
pub(crate) async fn list(house: &House, caller: &Caller) -> Result<Page<VersionView>, Problem> {
    let found = house.app.artifacts(caller).await?.list(caller, false).await?;
    Ok(Page { items: found.into_iter().map(Into::into).collect(), next: None })
}

/// All versions of an artifact, the newest first.
pub(crate) async fn log(
    house: &House,
    caller: &Caller,
    name: &str,
    place: Place,
) -> Result<Page<VersionView>, Problem> {
    let reference: Reference = parsed("name", name)?;
    let namespace: Option<Namespace> = maybe("namespace", place.namespace.as_deref())?;
    let found = house.app.artifacts(caller).await?.log(caller, namespace.as_ref(), &reference).await?;
    Ok(Page { items: found.into_iter().map(Into::into).collect(), next: None })
}

/// What differs between two versions, tensor by tensor.
pub(crate) async fn diff(house: &House, caller: &Caller, two: Two) -> Result<Page<DifferenceView>, Problem> {
    let (first, second) = (parsed("first", &two.first)?, parsed("second", &two.second)?);
    let namespace: Option<Namespace> = maybe("namespace", two.namespace.as_deref())?;
    let artifacts = house.app.artifacts(caller).await?;
    let found = artifacts.diff(caller, namespace.as_ref(), (&first, &second)).await?;
    Ok(Page { items: found.into_iter().map(Into::into).collect(), next: None })
}
