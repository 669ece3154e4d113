//! Permits before effects: in an engine, only `store/` and `effects/` may name a writer, and what
//! they let others call must take the proof that the act was admitted.
//!
//! This reads the source, not the compiled types. It knows the writers by name, follows calls
//! inside `store/` and `effects/`, and would rather refuse a harmless function than let one slip.

mod scan;

use super::graph::Crate;
use super::table::{self, Kind};
use crate::chore::{Chore, read};
use scan::{Function, Room, SourceFile};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Checks the sources of every engine in the workspace.
pub(crate) fn check_engines(root: &Path, crates: &[Crate]) -> Result<Vec<String>, Chore> {
    let mut findings = Vec::new();
    for krate in crates {
        if !table::find(&krate.name).is_some_and(|place| place.kind == Kind::Engine) {
            continue;
        }
        let source = krate.folder.join("src");
        let mut files = Vec::new();
        for path in rust_files(&source).map_err(Chore::file(&source))? {
            let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let room = room_of(path.strip_prefix(&source).unwrap_or(&path));
            files.push(scan::file(&shown, room, &read(&path)?).map_err(|why| Chore::form(&shown, &why))?);
        }
        findings.extend(check_files(&files));
    }
    Ok(findings)
}

/// Checks one engine's files together.
fn check_files(files: &[SourceFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        match file.room {
            Room::Outside => findings.extend(
                file.writers_named
                    .iter()
                    .map(|name| format!("{}: names {name}, which only store/ and effects/ may", file.shown)),
            ),
            Room::Inside => findings.extend(
                file.hides.iter().map(|what| format!("{}: {what} hides a writer's name", file.shown)),
            ),
        }
    }
    let inside = files.iter().filter(|file| file.room == Room::Inside);
    let functions: Vec<(&str, &Function)> = inside
        .flat_map(|file| file.functions.iter().map(|function| (file.shown.as_str(), function)))
        .collect();
    let changing = changing_names(&functions);
    for (shown, function) in functions {
        let changes = function.changes || function.calls.iter().any(|name| changing.contains(name));
        if function.open && changes && !function.has_proof {
            findings.push(format!(
                "{shown}: `{}` changes things and others may call it, but it takes no Permit",
                function.name
            ));
        }
    }
    findings
}

/// The names of functions that change things without holding a proof themselves, directly or
/// through one another. A call to one that takes a permit needs a permit to pass, so it is safe.
fn changing_names(functions: &[(&str, &Function)]) -> BTreeSet<String> {
    let mut changing = BTreeSet::new();
    loop {
        let before = changing.len();
        for (_, function) in functions {
            let changes = function.changes || function.calls.iter().any(|name| changing.contains(name));
            if changes && !function.has_proof {
                changing.insert(function.name.clone());
            }
        }
        if changing.len() == before {
            return changing;
        }
    }
}

fn room_of(path: &Path) -> Room {
    let inside = path.components().any(|part| {
        matches!(part.as_os_str().to_str(), Some("store" | "effects" | "store.rs" | "effects.rs"))
    });
    if inside { Room::Inside } else { Room::Outside }
}

fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_test = |name: &str| matches!(name, "tests" | "tests.rs" | "testing.rs");
        if path.file_name().and_then(|name| name.to_str()).is_some_and(is_test) {
            // Tests act on installations of their own.
            continue;
        }
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
