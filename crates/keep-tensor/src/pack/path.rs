//! Paths in a pack: untrusted text that is one day joined to a folder.

use super::entry::{Entry, EntryKind};
use crate::TensorError;
use std::collections::HashMap;

/// As long as Linux takes.
const MAX_PATH_BYTES: usize = 4096;
const MAX_NAME_BYTES: usize = 255;

/// Whether a path stays below the folder it is joined to, on any system, and has one spelling only.
///
/// # Errors
/// When it does not.
pub fn check_path(path: &str) -> Result<(), TensorError> {
    let fault = |problem| Err(TensorError::Path { path: path.chars().take(200).collect(), problem });
    if path.len() > MAX_PATH_BYTES {
        return fault("is too long");
    }
    for name in path.split('/') {
        match name {
            "" => return fault("is empty, absolute, or has an empty part"),
            "." | ".." => return fault("has a part that leads elsewhere"),
            _ if name.len() > MAX_NAME_BYTES => return fault("has a part that is too long"),
            _ if name.contains(|c: char| c == '\\' || c.is_control()) => {
                return fault("has a backslash or a control character");
            }
            // A drive or a stream, where such things exist.
            _ if name.contains(':') => return fault("has a colon"),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn check_target(path: &str, target: &str) -> Result<(), TensorError> {
    if target.is_empty() || target.len() > MAX_PATH_BYTES || target.contains('\0') {
        return Err(TensorError::Path { path: path.to_owned(), problem: "points to no possible path" });
    }
    Ok(())
}

/// Each path once, and nothing beneath what is no folder: a link and a file beneath it would write
/// wherever the link points.
pub(super) fn check_tree(entries: &[Entry]) -> Result<(), TensorError> {
    let mut kinds = HashMap::new();
    for entry in entries {
        check_path(&entry.path)?;
        let is_folder = matches!(entry.kind, EntryKind::Folder { .. });
        if kinds.insert(entry.path.as_str(), is_folder).is_some() {
            return Err(TensorError::Path { path: entry.path.clone(), problem: "is there twice" });
        }
    }
    for entry in entries {
        for (at, _) in entry.path.match_indices('/') {
            if kinds.get(&entry.path[..at]) == Some(&false) {
                let problem = "lies beneath what is no folder";
                return Err(TensorError::Path { path: entry.path.clone(), problem });
            }
        }
    }
    Ok(())
}
