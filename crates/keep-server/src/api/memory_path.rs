//! Which memory a path names, and where it is looked for.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which memory.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    /// Its id, or at least four of its first characters.
    #[schemars(transform = crate::shape::memory)]
    pub(super) id: String,
}

/// Where it is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// In this namespace alone. Without it: the session, its project and global.
    #[schemars(transform = crate::shape::namespace)]
    pub(super) namespace: Option<String>,
}
