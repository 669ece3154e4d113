//! What confinement adds to the start of a process, from a small process and from a large one.

use super::inside;
use super::row::Row;
use super::starts::scratch;
use crate::chore::Chore;

/// Measures everything.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    let scratch = scratch()?;
    inside("exec", "start", scratch.path())
}
