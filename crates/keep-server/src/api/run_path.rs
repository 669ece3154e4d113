//! Which run a path names.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which run.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Named {
    /// Its id, or the beginning of it.
    pub(super) id: String,
}
