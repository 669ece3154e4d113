use super::{maybe, parsed};
use crate::house::House;
use crate::problem::Problem;
use crate::progress::{Far, Teller};
use crate::view::{DifferenceView, GotView, Page, VersionView};
use keep_artifact::{Existing, Key, NewArtifact, Progress, Reference};
use keep_types::{Caller, Namespace};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Where to look.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// In this namespace. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Two versions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Two {
    /// The first: NAME, NAME@NUMBER or NAME@TAG.
    #[schemars(transform = crate::shape::version)]
    pub(crate) first: String,
    /// The second.
    #[schemars(transform = crate::shape::version)]
    pub(crate) second: String,
    /// In this namespace. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Something to be stored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVersion {
    /// The artifact's name; its versions are numbered.
    #[schemars(transform = crate::shape::name)]
    pub(crate) name: String,
    /// The file or folder, within the project.
    pub(crate) path: String,
    /// Marks on this version: best, or step=1200.
    #[serde(default)]
    #[schemars(transform = crate::shape::mark)]
    pub(crate) tags: Vec<String>,
    /// Where it belongs: project:NAME, session:PROJECT/ID or global. Without it, where you are.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Something to be restored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    /// Which version: NAME, NAME@NUMBER or NAME@TAG.
    #[schemars(transform = crate::shape::version)]
    pub(crate) version: String,
    /// To which path within the project; without it under its own name there.
    pub(crate) to: Option<String>,
    /// Replace a file that is there. Folders are never replaced.
    #[serde(default)]
    pub(crate) replace: bool,
    /// In this namespace. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(crate) namespace: Option<String>,
}

/// Stores a file or folder of the caller's project as the next version of an artifact.
pub(crate) async fn put(
    house: &House,
    caller: &Caller,
    new: NewVersion,
    watch: &Teller,
) -> Result<VersionView, Problem> {
    let namespace = maybe("namespace", new.namespace.as_deref())?;
    let namespace = namespace.unwrap_or_else(|| caller.home.clone());
    let tags = new.tags.iter().map(|tag| parsed("tags", tag)).collect::<Result<_, _>>()?;
    let place = house.app.workplace(caller).await?;
    let new = NewArtifact {
        key: Key { namespace, name: parsed("name", &new.name)? },
        path: place.folder.join(new.path),
        tags,
        check: None,
        fence: Some(house.app.readable(&place)),
    };
    let artifacts = house.app.artifacts(caller).await?;
    Ok(artifacts.put(caller, new, watched(watch)).await?.into())
}

/// Restores a version into the caller's project.
pub(crate) async fn get(
    house: &House,
    caller: &Caller,
    asked: Restore,
    watch: &Teller,
) -> Result<GotView, Problem> {
    let place = house.app.workplace(caller).await?;
    let wanted = keep_artifact::Wanted {
        reference: parsed("version", &asked.version)?,
        namespace: maybe("namespace", asked.namespace.as_deref())?,
        to: asked.to.map(Into::into),
        here: place.folder.clone(),
        existing: if asked.replace { Existing::Replace } else { Existing::Keep },
        fence: Some(house.app.writable(&place)),
    };
    let artifacts = house.app.artifacts(caller).await?;
    Ok(artifacts.get(caller, wanted, watched(watch)).await?.into())
}

fn watched(watch: &Teller) -> keep_artifact::Watch {
    let watch = watch.clone();
    Arc::new(move |progress: Progress| {
        watch.tell(Far { done: progress.done, all: Some(progress.all), message: progress.doing.to_owned() });
    })
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
