//! Where things lie and go, before anything is done there.

use super::acts::Existing;
use super::error::PackingError;
use std::path::{Path, PathBuf};

/// What a pack's name ends in when none is given.
const ENDING: &str = "keep";

/// A path without links; what it names must be there.
pub(super) fn canonical(path: &Path) -> Result<PathBuf, PackingError> {
    path.canonicalize().map_err(|e| PackingError::file("finding", path, e))
}

/// Where something is to be written: its folder must be there.
pub(super) fn destination(path: &Path) -> Result<PathBuf, PackingError> {
    let path = std::path::absolute(path).map_err(|e| PackingError::file("finding", path, e))?;
    // `.` and `..` name a folder that is there, and nothing new.
    let Some(name) = path.file_name() else { return canonical(&path) };
    let parent = path.parent().unwrap_or(Path::new("/"));
    Ok(canonical(parent)?.join(name))
}

/// Found out before anybody is asked; what happens in between is found out when it is put in place.
pub(super) fn check_existing(path: &Path, existing: Existing) -> Result<(), PackingError> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => {
            Err(PackingError::InTheWay { path: path.to_owned(), problem: "is a folder" })
        }
        Ok(_) if existing == Existing::Keep => Err(PackingError::Exists(path.to_owned())),
        _ => Ok(()),
    }
}

/// The last part of a path, as it goes into a pack.
pub(super) fn last_name(path: &Path) -> Result<String, PackingError> {
    let nameless = || PackingError::Nameless(path.to_owned());
    let name = path.file_name().ok_or_else(nameless)?;
    name.to_str()
        .map(str::to_owned)
        .ok_or(PackingError::Unfit { path: path.to_owned(), problem: "has a name that is not UTF-8" })
}

/// `model.safetensors.keep` beside `model.safetensors`, as it was named.
pub(super) fn beside(given: &Path, source: &Path, name: &str) -> PathBuf {
    let folder = if given.file_name().is_some() { given.parent() } else { source.parent() };
    folder.unwrap_or(Path::new("/")).join(format!("{name}.{ENDING}"))
}

/// What a pack of several things is unpacked as: its own name without the ending.
pub(super) fn stem(pack: &Path) -> String {
    let name = pack.file_name().unwrap_or_default().to_string_lossy();
    match name.strip_suffix(&format!(".{ENDING}")) {
        Some(stem) if !stem.is_empty() => stem.to_owned(),
        _ => format!("{name}.unpacked"),
    }
}
