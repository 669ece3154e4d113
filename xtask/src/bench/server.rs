//! How fast the server answers, what it takes while it does nothing, and what its clients cannot do to it.

use super::inside;
use super::row::Row;
use super::starts::scratch;
use crate::chore::{self, Chore};

/// Builds the program and measures it from outside, beside the engine called in process.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    chore::run(chore::cargo().args(["build", "--quiet", "--release", "-p", "keep"]))?;
    let scratch = scratch()?;
    let program = chore::built("release/keep");
    let link = scratch.path().join("keep");
    std::os::unix::fs::symlink(&program, &link).map_err(Chore::file(&link))?;
    inside("server", "all", scratch.path())
}
