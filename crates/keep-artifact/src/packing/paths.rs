//! The names of a pack's entries. All lie below one top entry, which is the file or folder that was
//! packed; what that was called is of no consequence for comparing two packs.

use keep_tensor::pack::{Entry, EntryKind};

/// What a pack holds as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Top {
    /// One file.
    File(String),
    /// One folder.
    Folder(String),
    /// One link, or several things side by side, which nothing here writes but others may.
    Several,
}

pub(crate) fn top(entries: &[Entry]) -> Top {
    let Some(first) = entries.first() else { return Top::Several };
    let name = first.path.split('/').next().unwrap_or_default();
    if !entries.iter().all(|entry| below(name, &entry.path).is_some()) {
        return Top::Several;
    }
    match entries.iter().find(|entry| entry.path == name).map(|entry| &entry.kind) {
        Some(EntryKind::File(_)) => Top::File(name.to_owned()),
        Some(EntryKind::Link { .. }) => Top::Several,
        Some(EntryKind::Folder { .. }) | None => Top::Folder(name.to_owned()),
    }
}

/// A path below the top entry of this name; empty for the top itself.
pub(crate) fn below<'p>(top: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(top)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// An entry's path below the top.
pub(crate) fn inside<'p>(top: &Top, path: &'p str) -> &'p str {
    match top {
        Top::File(name) | Top::Folder(name) => below(name, path).unwrap_or(path),
        Top::Several => path,
    }
}

/// The files of a pack: the path below the top, and the whole one.
pub(crate) fn files(entries: &[Entry]) -> impl Iterator<Item = (String, String)> {
    let top = top(entries);
    let files = entries.iter().filter(|entry| matches!(entry.kind, EntryKind::File(_)));
    files.map(move |entry| (inside(&top, &entry.path).to_owned(), entry.path.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &str) -> Entry {
        Entry { path: path.into(), kind: EntryKind::Folder { mode: 0o755 } }
    }

    #[test]
    fn the_top_names_the_whole() {
        let tops = |paths: &[&str]| top(&paths.iter().map(|path| folder(path)).collect::<Vec<_>>());
        assert_eq!(tops(&["run", "run/a", "run/a/b"]), Top::Folder("run".into()));
        assert_eq!(tops(&["run/a", "run/b"]), Top::Folder("run".into()));
        assert_eq!(tops(&["run", "runs/a"]), Top::Several);
        assert_eq!(tops(&[]), Top::Several);
        let run = Top::Folder("run".into());
        assert_eq!((inside(&run, "run"), inside(&run, "run/a/b")), ("", "a/b"));
    }
}
