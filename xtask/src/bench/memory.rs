//! How fast memories are found, and how well, on data that lies outside the repository.

use super::inside;
use super::memory_peers;
use super::row::Row;
use crate::chore::{Chore, root};
use std::path::{Path, PathBuf};

/// Measures the ranking on conversations and abstracts.
pub(crate) fn eval(given: Option<&Path>) -> Result<Vec<Row>, Chore> {
    let data = data(given)?;
    let mut rows = inside("memory", "eval", &data)?;
    memory_peers::beside(&mut rows, &data)?;
    Ok(rows)
}

/// Measures how fast invented memories are taken in and found.
pub(crate) fn rows() -> Result<Vec<Row>, Chore> {
    inside("memory", "bench", super::starts::scratch()?.path())
}

/// Where the data are: as given, or beside the checkout.
fn data(given: Option<&Path>) -> Result<PathBuf, Chore> {
    let path = given.map_or_else(|| root().join("../shared/data/memory"), Path::to_owned);
    if path.join("locomo.json").is_file() {
        return path.canonicalize().map_err(Chore::file(&path));
    }
    Err(Chore::Missing {
        what: format!("the conversations to measure on ({})", path.display()),
        hint: "name a folder with `locomo.json` and `scifact/` with --data".to_owned(),
    })
}
