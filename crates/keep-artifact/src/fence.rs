//! Paths that were named by somebody who may not name every path.

use crate::error::ArtifactError;
use keep_types::is_obeyed;
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What somebody may name: what lies in one folder, but for some of it.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The folder.
    pub within: PathBuf,
    /// What of it stays closed.
    pub except: Vec<PathBuf>,
}

impl Fence {
    /// Where a path that is there really leads, if that may be named.
    pub(crate) fn existing(&self, path: &Path) -> Result<PathBuf, ArtifactError> {
        let real = real(path)?;
        self.check(path, real)
    }

    /// Where something new would really lie, if that may be named.
    pub(crate) fn new_below(&self, path: &Path) -> Result<PathBuf, ArtifactError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(ArtifactError::FencedOff { path: path.to_owned(), within: self.within.clone() });
        };
        self.check(path, real(parent)?.join(name))
    }

    /// Whether something new, and each of these paths below it, is nothing that other programs run or obey later.
    pub(crate) fn obeyed_by_none<'a>(
        &self,
        new: &Path,
        mut below: impl Iterator<Item = &'a str>,
    ) -> Result<(), ArtifactError> {
        let within = self.within.canonicalize().unwrap_or_else(|_| self.within.clone());
        let obeyed = |path: &Path| {
            let named = path.strip_prefix(&within).unwrap_or(path).to_string_lossy();
            is_obeyed(&named) || self.except.iter().any(|closed| path.starts_with(closed))
        };
        let first = obeyed(new).then(|| new.to_owned());
        match first.or_else(|| below.by_ref().map(|path| new.join(path)).find(|path| obeyed(path))) {
            Some(path) => Err(ArtifactError::Obeyed(path)),
            None => Ok(()),
        }
    }

    /// What is closed stays so whether it is named itself, or what lies in it, or what holds it.
    fn check(&self, named: &Path, real: PathBuf) -> Result<PathBuf, ArtifactError> {
        let inside = self.within.canonicalize().is_ok_and(|within| real.starts_with(within));
        let closed = self.except.iter().any(|closed| {
            let closed = closed.canonicalize().unwrap_or_else(|_| closed.clone());
            real.starts_with(&closed) || closed.starts_with(&real)
        });
        if inside && !closed {
            return Ok(real);
        }
        Err(ArtifactError::FencedOff { path: named.to_owned(), within: self.within.clone() })
    }
}

fn real(path: &Path) -> Result<PathBuf, ArtifactError> {
    path.canonicalize().map_err(|error| match error.kind() {
        // No name of anything that could be there.
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => ArtifactError::NoSuchPath(path.to_owned()),
        _ => ArtifactError::file("finding", path, error),
    })
}

/// Opens what lies at a path in which no part may be a link, step by step on any kernel: a path that was
/// looked at a moment ago leads where it led then, or nowhere.
pub(crate) fn open_unlinked(path: &Path, how: OFlags) -> rustix::io::Result<OwnedFd> {
    let mut at = openat(CWD, "/", STEP, Mode::empty())?;
    let mut names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let Some(mut name): Option<&OsStr> = names.next() else { return Ok(at) };
    for next in names {
        at = openat(&at, name, STEP, Mode::empty())?;
        name = next;
    }
    openat(&at, name, how.union(OFlags::NOFOLLOW), Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_lies_outside_cannot_be_named() {
        let scratch = tempfile::tempdir().unwrap();
        let (work, other) = (scratch.path().join("work"), scratch.path().join("other"));
        for folder in [&work.join(".git/hooks"), &work.join("sub"), &other] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(work.join("a"), "a").unwrap();
        std::fs::write(other.join("b"), "b").unwrap();
        symlink(&other, work.join("out")).unwrap();
        symlink("sub", work.join("in")).unwrap();
        let closed = [work.join(".git/hooks"), work.join(".keep")];
        let fence = Fence { within: work.clone(), except: closed.into() };
        for (path, fits) in [("a", true), ("in", true), ("out/b", false), ("../other/b", false)] {
            assert_eq!(fence.existing(&work.join(path)).is_ok(), fits, "{path}");
        }
        assert!(matches!(fence.existing(&work.join("none")), Err(ArtifactError::NoSuchPath(_))));
        for (path, fits) in [
            ("new", true),
            ("in/new", true),
            ("out/new", false),
            ("../new", false),
            ("sub/../../other/new", false),
            (".git/hooks/pre-commit", false),
            (".keep", false),
            (".git", false),
            (".git/new", true),
        ] {
            assert_eq!(fence.new_below(&work.join(path)).is_ok(), fits, "{path}");
        }
        let real = work.canonicalize().unwrap();
        for (new, below, fits) in [
            ("new", &["a", "a/b"][..], true),
            (".claude", &["settings.json"], false),
            ("sub/.git/hooks/pre-commit", &[], false),
            ("new", &["a", "a/.claude/settings.json"], false),
            ("new", &[".git/hooks/post-checkout"], false),
            ("CLAUDE.md", &[], false),
            (".", &[".keep"], false),
        ] {
            let checked = fence.obeyed_by_none(&real.join(new), below.iter().copied());
            assert_eq!(checked.is_ok(), fits, "{new} {below:?}");
        }
        assert!(open_unlinked(&real.join("a"), OFlags::RDONLY).is_ok());
        assert!(open_unlinked(&real.join("out/b"), OFlags::RDONLY).is_err());
        assert!(open_unlinked(&real.join("out"), OFlags::RDONLY).is_err());
    }
}
