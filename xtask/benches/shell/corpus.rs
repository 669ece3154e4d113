//! The commands to measure on. They lie outside the repository, one JSON object a line.

use crate::Res;
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// One command and what people said of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) command: String,
    /// `deny`, `allow` or `unlabelled`.
    pub(crate) label: String,
    pub(crate) source: String,
}

/// Reads the commands.
pub(crate) fn load(path: &Path) -> Res<Vec<Case>> {
    let text = fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let cases: Result<Vec<Case>, _> =
        text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect();
    Ok(cases?)
}
