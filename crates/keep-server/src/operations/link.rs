use super::{parsed, place};
use crate::house::House;
use crate::problem::Problem;
use crate::view::LinkView;
use keep_memory::LinkTerms;
use keep_memory::model::Strength;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A link to be made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terms {
    /// How the first bears on the other: extends, contradicts, implements, references, supersedes,
    /// caused_by or part_of.
    #[schemars(transform = crate::shape::link)]
    pub(crate) kind: String,
    /// The memory that it leads to.
    #[schemars(transform = crate::shape::memory)]
    pub(crate) to: String,
    /// How strong it is, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) strength: Option<f32>,
    /// Why it is made.
    pub(crate) reason: Option<String>,
}

/// Links a memory to another.
pub(crate) async fn link(
    house: &House,
    caller: &Caller,
    (from, namespace): (&str, Option<&str>),
    terms: Terms,
) -> Result<LinkView, Problem> {
    let strength = terms.strength.map(Strength::try_from).transpose();
    let strength = strength.map_err(|error| Problem::usage(error.to_string()))?.unwrap_or_default();
    let (from, to) = (parsed("from", from)?, parsed("to", &terms.to)?);
    let kind = parsed("kind", &terms.kind)?;
    let (place, terms) = (place(namespace)?, LinkTerms { strength, reason: terms.reason });
    Ok(house.app.memories()?.link(caller, &place, (&from, kind, &to), terms).await?.into())
}

/// A link to be taken away.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// Its kind: extends, contradicts, implements, references, supersedes, caused_by or part_of.
    #[schemars(transform = crate::shape::link)]
    pub(crate) kind: String,
    /// The memory that it leads to.
    #[schemars(transform = crate::shape::memory)]
    pub(crate) to: String,
}

/// A link that is gone.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unlinked {
    /// Its kind.
    #[schemars(transform = crate::shape::link)]
    pub(crate) kind: String,
    /// The memory that it led to.
    #[schemars(transform = crate::shape::memory)]
    pub(crate) to: String,
}

/// Takes a link between two memories away.
pub(crate) async fn unlink(
    house: &House,
    caller: &Caller,
    (from, namespace): (&str, Option<&str>),
    link: Link,
) -> Result<Unlinked, Problem> {
    let (from, to, kind) = (parsed("from", from)?, parsed("to", &link.to)?, parsed("kind", &link.kind)?);
    house.app.memories()?.unlink(caller, &place(namespace)?, (&from, kind, &to)).await?;
    Ok(Unlinked { kind: link.kind, to: link.to })
}
