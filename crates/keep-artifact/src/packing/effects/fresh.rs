//! A file that has its name only once it is whole.

use crate::packing::acts::Existing;
use crate::packing::error::PackingError;
use crate::packing::folder;
use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, fchmod, fsync, linkat, openat, renameat, renameat_with, unlinkat,
};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A name that nobody else uses, and that shows whose leftover it is if the machine stops.
pub(super) fn temporary_name() -> Result<String, PackingError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| PackingError::NoRandom)?;
    Ok(format!(".keep-{:016x}", u64::from_le_bytes(random)))
}

/// A file on its way to its name. Dropped before that, it is gone.
pub(super) struct Fresh {
    folder: OwnedFd,
    temporary: String,
    name: OsString,
    path: PathBuf,
    file: File,
    is_put: bool,
}

impl Fresh {
    /// Makes the file, empty, in the folder it is to lie in. The umask takes away from the mode.
    pub(super) fn make(path: &Path, mode: u32) -> Result<Self, PackingError> {
        let name = path.file_name().ok_or_else(|| PackingError::Nameless(path.to_owned()))?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        let folder = folder::open(parent).map_err(|e| PackingError::file("opening", parent, e))?;
        Self::make_in(folder, name.to_owned(), path, mode)
    }

    pub(super) fn make_in(
        folder: OwnedFd,
        name: OsString,
        path: &Path,
        mode: u32,
    ) -> Result<Self, PackingError> {
        let temporary = temporary_name()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&folder, &temporary, flags, Mode::from_raw_mode(mode))
            .map_err(|e| PackingError::file("writing", path, e))?;
        Ok(Self { folder, temporary, name, path: path.to_owned(), file: file.into(), is_put: false })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it the permissions of the file that it will replace.
    pub(super) fn set_mode(&self, like: &Metadata) -> Result<(), PackingError> {
        let mode = Mode::from_raw_mode(like.permissions().mode() & 0o777);
        fchmod(&self.file, mode).map_err(|e| self.failed("writing", e))
    }

    /// Makes it durable and gives it its name. Says how large it is.
    pub(super) fn put(mut self, existing: Existing) -> Result<u64, PackingError> {
        self.file.sync_all().map_err(|e| PackingError::file("syncing", &self.path, e))?;
        let size = self.file.metadata().map_err(|e| PackingError::file("looking at", &self.path, e))?.len();
        let (folder, from, to) = (&self.folder, &*self.temporary, &*self.name);
        let renamed = match existing {
            Existing::Replace => renameat(folder, from, folder, to),
            Existing::Keep => match renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
                // A file system that knows no such renaming knows links, which never replace either.
                Err(Errno::INVAL | Errno::NOSYS) => linkat(folder, from, folder, to, AtFlags::empty())
                    .and_then(|()| unlinkat(folder, from, AtFlags::empty())),
                renamed => renamed,
            },
        };
        match renamed {
            Ok(()) => self.is_put = true,
            Err(Errno::EXIST) => return Err(PackingError::Exists(self.path.clone())),
            Err(Errno::ISDIR) => {
                return Err(PackingError::InTheWay { path: self.path.clone(), problem: "is a folder" });
            }
            Err(error) => return Err(self.failed("naming", error)),
        }
        fsync(&self.folder).map_err(|e| self.failed("syncing the folder of", e))?;
        Ok(size)
    }

    fn failed(&self, doing: &'static str, error: Errno) -> PackingError {
        PackingError::file(doing, &self.path, error)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.is_put {
            // Whatever failed before is what is reported; a leftover is only untidy.
            let _ = unlinkat(&self.folder, &self.temporary, AtFlags::empty());
        }
    }
}
