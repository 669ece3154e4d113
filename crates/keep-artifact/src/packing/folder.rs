//! Folders reached through handles, name by name, so that no link on the way is followed.

use rustix::fs::{Mode, OFlags, openat};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

pub(crate) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Opening a pipe must not wait for its other end.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A folder by its path.
pub(crate) fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, FOLDER, Mode::empty())?)
}

/// The folder at this path below another; the other itself for the empty path.
pub(crate) fn beneath(root: &impl AsFd, path: &str) -> io::Result<OwnedFd> {
    let mut folder = root.as_fd().try_clone_to_owned()?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        folder = openat(&folder, name, FOLDER, Mode::empty())?;
    }
    Ok(folder)
}

/// A file at this path below a folder, for reading.
pub(crate) fn file(root: &impl AsFd, path: &str) -> io::Result<File> {
    let (parent, name) = split(path);
    let folder = beneath(root, parent)?;
    Ok(openat(&folder, name, FILE, Mode::empty())?.into())
}

/// The folder part, empty for none, and the last name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
