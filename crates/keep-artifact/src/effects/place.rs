//! Restored files on their way into a folder: built beside their place under a name of their own, then
//! renamed as a whole. Everything goes through handles of folders, so a link that appears meanwhile leads
//! nowhere.

use crate::error::ArtifactError;
use crate::fence::open_unlinked;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, fchmod, fstat, fsync, mkdirat, openat, renameat,
    renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const NEW_FILE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What becomes of something that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is restored.
    Keep,
    /// A file is replaced; a folder never is.
    Replace,
}

/// How a place's folder was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Above {
    /// By whoever may name every path.
    Named,
    /// By its real path, which was checked and must still be what it was.
    LookedAt,
}

/// The place that something is restored to.
pub(crate) struct Target {
    path: PathBuf,
    parent: OwnedFd,
    name: OsString,
    temporary: String,
    done: bool,
    existing: Existing,
}

impl Target {
    /// A place below a folder that is there.
    pub(crate) fn at(path: &Path, existing: Existing, above: Above) -> Result<Self, ArtifactError> {
        let name = path.file_name().ok_or_else(|| ArtifactError::NotAFile(path.to_owned()))?.to_owned();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = match above {
            // The folder that was named may be a link; what lies in it may not.
            Above::Named => openat(CWD, parent, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty()),
            Above::LookedAt => open_unlinked(parent, FOLDER),
        };
        let folder = folder.map_err(|error| ArtifactError::file("opening the folder", parent, error))?;
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(|_| ArtifactError::Random)?;
        let temporary = format!(".keep-restoring-{:016x}", u64::from_le_bytes(nonce));
        let target = Self { path: path.to_owned(), parent: folder, name, temporary, done: false, existing };
        target.check_free()?;
        Ok(target)
    }

    fn check_free(&self) -> Result<(), ArtifactError> {
        match statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(ArtifactError::file("looking at", &self.path, error)),
            Ok(stat) => {
                let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
                if is_file && self.existing == Existing::Replace {
                    return Ok(());
                }
                Err(ArtifactError::Exists(self.path.clone()))
            }
        }
    }

    /// The one file that is restored here.
    pub(crate) fn file(&self) -> Result<File, ArtifactError> {
        let file = openat(&self.parent, &self.temporary, NEW_FILE, Mode::RUSR | Mode::WUSR);
        file.map(File::from).map_err(|error| ArtifactError::file("writing beside", &self.path, error))
    }

    /// Makes the folder that is restored here.
    pub(crate) fn make_folder(&self) -> Result<(), ArtifactError> {
        mkdirat(&self.parent, &self.temporary, Mode::RWXU)
            .map_err(|error| ArtifactError::file("making the folder beside", &self.path, error))
    }

    /// The folder above an entry, opened name by name, and the entry's own name.
    fn above<'a>(&self, path: &'a str) -> Result<(OwnedFd, &'a str), ArtifactError> {
        let failed = |error| ArtifactError::file("opening the folder of", &self.path.join(path), error);
        let mut folder = openat(&self.parent, &self.temporary, FOLDER, Mode::empty()).map_err(failed)?;
        let mut rest = path;
        while let Some((first, behind)) = rest.split_once('/') {
            folder = openat(&folder, first, FOLDER, Mode::empty()).map_err(failed)?;
            rest = behind;
        }
        Ok((folder, rest))
    }

    /// A file within the folder.
    pub(crate) fn file_in(&self, path: &str) -> Result<File, ArtifactError> {
        let (folder, name) = self.above(path)?;
        let file = openat(&folder, name, NEW_FILE, Mode::RUSR | Mode::WUSR);
        file.map(File::from).map_err(|error| ArtifactError::file("writing", &self.path.join(path), error))
    }

    /// A folder within the folder.
    pub(crate) fn folder_in(&self, path: &str) -> Result<(), ArtifactError> {
        let (folder, name) = self.above(path)?;
        mkdirat(&folder, name, Mode::RWXU)
            .map_err(|error| ArtifactError::file("making the folder", &self.path.join(path), error))
    }

    /// A link within the folder.
    pub(crate) fn link_in(&self, path: &str, target: &str) -> Result<(), ArtifactError> {
        let (folder, name) = self.above(path)?;
        symlinkat(target, &folder, name)
            .map_err(|error| ArtifactError::file("making the link", &self.path.join(path), error))
    }

    /// Gives a folder its mode and makes its names durable; called when everything in it is there.
    pub(crate) fn settle_folder(&self, path: Option<&str>, mode: Option<u32>) -> Result<(), ArtifactError> {
        let failed = |error: Errno| ArtifactError::file("syncing the folder", &self.path, error);
        let folder = match path {
            None => openat(&self.parent, &self.temporary, FOLDER, Mode::empty()).map_err(failed)?,
            Some(path) => {
                let (above, name) = self.above(path)?;
                openat(&above, name, FOLDER, Mode::empty()).map_err(failed)?
            }
        };
        if let Some(mode) = mode {
            fchmod(&folder, narrowed(mode)).map_err(failed)?;
        }
        fsync(&folder).map_err(failed)
    }

    /// Gives a restored file its mode and makes it durable.
    pub(crate) fn settle_file(&self, file: &File, mode: u32) -> Result<(), ArtifactError> {
        let failed = |error: std::io::Error| ArtifactError::file("writing", &self.path, error);
        fchmod(file, narrowed(mode)).map_err(|error| failed(error.into()))?;
        file.sync_all().map_err(failed)
    }

    /// Puts the whole in its place.
    pub(crate) fn put_in_place(mut self) -> Result<PathBuf, ArtifactError> {
        let (from, parent) = (self.temporary.as_str(), &self.parent);
        let moved = match self.existing {
            Existing::Replace => renameat(parent, from, parent, &self.name),
            Existing::Keep => match renameat_with(parent, from, parent, &self.name, RenameFlags::NOREPLACE) {
                // A file system that cannot promise it; the look just before must do.
                Err(Errno::INVAL | Errno::NOSYS) => {
                    self.check_free()?;
                    renameat(parent, from, parent, &self.name)
                }
                moved => moved,
            },
        };
        match moved {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::ISDIR) => {
                return Err(ArtifactError::Exists(self.path.clone()));
            }
            moved => moved.map_err(|error| ArtifactError::file("putting in place", &self.path, error))?,
        }
        self.done = true;
        fsync(&self.parent)
            .map_err(|error| ArtifactError::file("syncing the folder of", &self.path, error))?;
        Ok(self.path.clone())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.done {
            // What failed is reported; a leftover is only untidy.
            let _ = remove_all(&self.parent, self.temporary.as_ref());
        }
    }
}

/// Removes a file, or a folder with all that is in it, without following a link.
fn remove_all(parent: &OwnedFd, name: &std::ffi::OsStr) -> rustix::io::Result<()> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => {}
        done => return done,
    }
    let folder = openat(parent, name, FOLDER, Mode::empty())?;
    // One that was settled may not be writable.
    let _ = fchmod(&folder, Mode::RWXU);
    let inside: Vec<_> = rustix::fs::Dir::read_from(&folder)?.collect::<Result<_, _>>()?;
    for entry in inside {
        let name = entry.file_name();
        if name.to_bytes() != b"." && name.to_bytes() != b".." {
            use std::os::unix::ffi::OsStrExt;
            remove_all(&folder, std::ffi::OsStr::from_bytes(name.to_bytes()))?;
        }
    }
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// No restored mode is wider than what was stored, than a new file's would be, or sets another's identity.
fn narrowed(mode: u32) -> Mode {
    Mode::from_raw_mode(mode & 0o777 & !umask())
}

/// The system call that reads the mask sets it, too, and for an instant the files of other threads would
/// be wider; the process table says it without.
fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    line.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(0o077)
}

/// The mode and size of an open file.
pub(crate) fn shape_of(file: &File, path: &Path) -> Result<(u32, u64), ArtifactError> {
    let stat = fstat(file).map_err(|error| ArtifactError::file("looking at", path, error))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ArtifactError::NotAFile(path.to_owned()));
    }
    Ok((stat.st_mode & 0o777, u64::try_from(stat.st_size).unwrap_or(0)))
}
