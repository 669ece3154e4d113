//! A folder and what lies below it, through handles: no link is followed, no mount is crossed, and nothing
//! outside is reached, whoever moves what meanwhile.

use super::error::LayerError;
use super::path::RelPath;
use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A system call takes a path up to 4096 bytes; longer ones are opened piece by piece.
const MAX_PIECE: usize = 3000;
/// A rename elsewhere makes the kernel ask to try again.
const TRIES: usize = 64;

#[derive(Debug)]
pub(crate) struct Root {
    handle: OwnedFd,
    pub(crate) shown: PathBuf,
}

impl Root {
    pub(crate) fn open(path: &Path) -> Result<Self, LayerError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            fs::open(path, flags, Mode::empty()).map_err(|e| LayerError::file("opening", path, e))?;
        Ok(Self { handle, shown: path.to_owned() })
    }

    pub(crate) fn of(handle: OwnedFd, shown: PathBuf) -> Self {
        Self { handle, shown }
    }

    pub(crate) fn fault(
        &self,
        doing: &'static str,
        path: &RelPath,
        source: impl Into<io::Error>,
    ) -> LayerError {
        LayerError::file(doing, &self.shown.join(path.as_path()), source)
    }

    /// Opens what lies at a path.
    pub(crate) fn open_at(&self, path: &RelPath, flags: OFlags) -> io::Result<OwnedFd> {
        if path.is_empty() {
            return open_beneath(&self.handle, b".", flags);
        }
        let mut at: Option<OwnedFd> = None;
        let mut rest = path.as_bytes();
        while rest.len() > MAX_PIECE {
            let cut = rest[..MAX_PIECE].iter().rposition(|b| *b == b'/').ok_or(Errno::NAMETOOLONG)?;
            let from = at.as_ref().unwrap_or(&self.handle);
            at = Some(open_beneath(from, &rest[..cut], OFlags::PATH | OFlags::DIRECTORY)?);
            rest = &rest[cut + 1..];
        }
        open_beneath(at.as_ref().unwrap_or(&self.handle), rest, flags)
    }

    pub(crate) fn folder(&self, path: &RelPath) -> io::Result<OwnedFd> {
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// A folder of the layer, readable or not: what a run has locked is ours all the same.
    pub(crate) fn own_folder(&self, path: &RelPath) -> io::Result<OwnedFd> {
        self.unlocked(path, 0o700, || self.folder(path))
    }

    pub(crate) fn own_file(&self, path: &RelPath) -> io::Result<File> {
        self.unlocked(path, 0o600, || self.file(path))
    }

    /// Opens by lending the owner's permissions for as long as that takes.
    fn unlocked<T>(&self, path: &RelPath, more: u32, open: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match open() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let handle = self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW)?;
                let mode = fs::fstat(&handle)?.st_mode & 0o7777;
                set_mode(&handle, mode | more)?;
                let opened = open();
                set_mode(&handle, mode)?;
                opened
            }
            opened => opened,
        }
    }

    pub(crate) fn file(&self, path: &RelPath) -> io::Result<File> {
        // Without waiting: what was a file may have become a pipe.
        let handle = self.open_at(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK)?;
        if !fs::FileType::from_raw_mode(fs::fstat(&handle)?.st_mode).is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(File::from(handle))
    }

    /// The folder that holds a path, and the name there.
    pub(crate) fn parent<'a>(&self, path: &'a RelPath) -> io::Result<(OwnedFd, &'a OsStr)> {
        let (parent, name) = path.split();
        Ok((self.open_at(&parent, OFlags::RDONLY | OFlags::DIRECTORY)?, OsStr::from_bytes(name)))
    }

    /// What lies there, itself and not what it leads to.
    pub(crate) fn stat(&self, path: &RelPath) -> io::Result<Option<Stat>> {
        match self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW) {
            Ok(handle) => Ok(Some(fs::fstat(&handle)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
            // A link where a folder was: nothing lies below it here.
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn link(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        let handle = self.open_at(path, OFlags::PATH | OFlags::NOFOLLOW)?;
        Ok(fs::readlinkat(&handle, "", Vec::new())?.into_bytes())
    }

    pub(crate) fn identity(&self) -> io::Result<(u64, u64)> {
        let stat = fs::fstat(&self.handle)?;
        Ok((stat.st_dev, stat.st_ino))
    }
}

fn open_beneath(from: &OwnedFd, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    let mut last = Errno::AGAIN;
    for _ in 0..TRIES {
        match fs::openat2(from, OsStr::from_bytes(path), flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(error @ (Errno::AGAIN | Errno::INTR)) => last = error,
            done => return Ok(done?),
        }
    }
    Err(last.into())
}

/// The names in a folder, in order, without `.` and `..`.
pub(crate) fn names(folder: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Sets the mode of what a handle stands for, one without reading rights included.
pub(crate) fn set_mode(handle: &OwnedFd, mode: u32) -> io::Result<()> {
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    Ok(fs::chmod(path, Mode::from_raw_mode(mode))?)
}

/// Removes a name and all below it, following nothing. Folders inside are first moved up beside it, so that
/// a tree of any depth takes two handles; the folder must be one that nobody else uses.
pub(crate) fn remove_all(own: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let mut left = vec![name.to_owned()];
    let mut moved = 0_u64;
    while let Some(name) = left.pop() {
        if unlinked(own, &name)? {
            continue;
        }
        let inner = opened_up(own, &name)?;
        for child in names(&inner)? {
            let child = OsStr::from_bytes(&child);
            if unlinked(&inner, child)? {
                continue;
            }
            // A folder's entry for its parent changes with the move, so it must be writable.
            drop(opened_up(&inner, child)?);
            let aside = loop {
                let aside = std::ffi::OsString::from(format!(".gone-{moved}"));
                moved += 1;
                match fs::renameat_with(&inner, child, own, &aside, RenameFlags::NOREPLACE) {
                    Ok(()) => break aside,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            };
            left.push(aside);
        }
        fs::unlinkat(own, &name, AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

/// Whether nothing is there any more; not for a folder.
fn unlinked(folder: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    match fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A folder that its owner may not change cannot be emptied, so it is made changeable.
fn opened_up(folder: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let handle = open_beneath(folder, name.as_bytes(), OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW)?;
    set_mode(&handle, 0o700)?;
    open_beneath(folder, name.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW)
}
