//! Files of a repository, opened through their folders' handles.

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// How folders are opened.
pub(crate) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// How files are opened; without `NONBLOCK` a pipe in a file's place would hold us up for ever.
pub(crate) const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A folder and what lies below it. Links are never followed, except on the way to the folder itself.
pub(super) struct Tree {
    root: OwnedFd,
    /// The folder opened last: files come in the order of their paths, so the next one often lies there.
    last: Option<(Vec<u8>, OwnedFd)>,
}

impl Tree {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let root = openat(CWD, root, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?;
        Ok(Self { root, last: None })
    }

    /// Opens the regular file at this path. None when there is none: nothing, something else, or a path
    /// that leads through a link, out of the tree or into git's own folder.
    pub(super) fn file(&mut self, path: &[u8]) -> io::Result<Option<(File, Stat)>> {
        let (folder, name) = match path.iter().rposition(|b| *b == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&[][..], path),
        };
        if !is_step(name) {
            return Ok(None);
        }
        let Some(folder) = self.folder(folder)? else { return Ok(None) };
        let Some(handle) = there(openat(folder, name, FILE, Mode::empty()))? else { return Ok(None) };
        let stat = fstat(&handle)?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(is_file.then(|| (File::from(handle), stat)))
    }

    /// Opens the folder at this path step by step, on any kernel (`openat2` is missing on some).
    pub(super) fn folder(&mut self, path: &[u8]) -> io::Result<Option<BorrowedFd<'_>>> {
        if path.is_empty() {
            return Ok(Some(self.root.as_fd()));
        }
        if !path.split(|b| *b == b'/').all(is_step) {
            return Ok(None);
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let mut at: Option<OwnedFd> = None;
            for step in path.split(|b| *b == b'/') {
                let parent = at.as_ref().unwrap_or(&self.root);
                let Some(folder) = there(openat(parent, step, FOLDER, Mode::empty()))? else {
                    return Ok(None);
                };
                at = Some(folder);
            }
            self.last = at.map(|folder| (path.to_owned(), folder));
        }
        Ok(self.last.as_ref().map(|(_, folder)| folder.as_fd()))
    }
}

/// An index can be written by anybody, so its paths need not be ones that git would accept.
fn is_step(step: &[u8]) -> bool {
    !matches!(step, b"" | b"." | b"..") && !step.eq_ignore_ascii_case(b".git") && !step.contains(&0)
}

/// What `openat` says for "nothing there", for a link and for a socket is not an error here.
fn there(opened: Result<OwnedFd, Errno>) -> io::Result<Option<OwnedFd>> {
    match opened {
        Ok(handle) => Ok(Some(handle)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
