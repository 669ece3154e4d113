//! Folders that a run sees as they are and changes only for itself, such as caches of package managers: what
//! one confined run writes there, the next of the same place finds, and nothing unconfined ever obeys it.
//!
//! Each is an overlay: below the folder itself, above what runs of this place wrote. Two mounted overlays
//! cannot share what is above, so runs that go on at one time have a place each: the first that is free is
//! taken, and is locked for as long as anything of the run lives.

use crate::layer::{LayerError, Lock, OverlayMount, RelPath, Root, names, remove_all, set_mode};
use crate::paths::{self, Resolved};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, mkdirat, statat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest name of a folder's place; a longer one is not kept apart.
const LONGEST: usize = 200;

/// Folders whose changes are kept apart, taken for one run.
#[derive(Debug)]
pub struct Apart {
    home: PathBuf,
    lock: Lock,
    pub(crate) folders: Vec<Arc<Kept>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The folder as it lies on the machine. One that is not there is made for the run and goes with it.
    pub(crate) folder: Resolved,
    /// What is mounted there.
    pub(crate) mount: OverlayMount,
    /// The folder of what is above it.
    own: OwnedFd,
}

impl Kept {
    /// Makes it ready to be mounted: a mount that nobody waits for to be on disk leaves a mark that keeps the
    /// next from being made.
    pub(crate) fn renew(&self) -> Result<(), LayerError> {
        let renewed = remove_all(&self.own, OsStr::new("work"))
            .and_then(|()| mkdirat(&self.own, "work", Mode::RWXU).map_err(io::Error::from));
        renewed.map_err(|e| LayerError::file("readying", &self.mount.work, e))
    }
}

impl Apart {
    /// Takes a place in `home` that no run uses, one of so many, and readies it for these folders. Nothing
    /// when all are in use. A folder whose own folder is not there is left out, and so is what is no folder.
    ///
    /// # Errors
    /// When a place cannot be made or locked.
    pub fn take(home: &Path, folders: &[PathBuf], most: usize) -> Result<Option<Self>, LayerError> {
        for number in 0..most {
            let place = home.join(number.to_string());
            private(&place)?;
            let lock = match Lock::of(&place) {
                Err(LayerError::Busy { .. }) => continue,
                other => other?,
            };
            let mut kept = Vec::new();
            for folder in folders.iter().filter_map(|folder| as_it_lies(folder)) {
                kept.extend(ready(&place, &lock, folder)?.map(Arc::new));
            }
            return Ok(Some(Self { home: home.to_owned(), lock, folders: kept }));
        }
        Ok(None)
    }

    /// Where what is written goes, in all places, which no run may see.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The lock, for a process that must hold it when this one is gone.
    pub(crate) fn lock(&self) -> &OwnedFd {
        self.lock.home()
    }

    /// Bytes that lie apart below `home`, in all places together. What is being written counts in part.
    ///
    /// # Errors
    /// When `home` is there and cannot be read.
    pub fn bytes(home: &Path) -> Result<u64, LayerError> {
        match Root::open(home) {
            Ok(root) => bytes(&root).map_err(|e| LayerError::file("reading", home, e)),
            Err(LayerError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Removes all that lies apart below `home` and is not in use; says whether all of it could go.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn forget(home: &Path) -> Result<bool, LayerError> {
        let fault = |e| LayerError::file("removing", home, e);
        let mut all = true;
        let entries = match fs::read_dir(home) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            other => other.map_err(fault)?,
        };
        for entry in entries {
            let place = entry.map_err(fault)?.path();
            if !place.is_dir() {
                fs::remove_file(&place).map_err(fault)?;
                continue;
            }
            match Lock::of(&place) {
                Err(LayerError::Busy { .. }) => all = false,
                Err(error) => return Err(error),
                Ok(lock) => {
                    for name in names(lock.home()).map_err(fault)? {
                        remove_all(lock.home(), OsStr::from_bytes(&name)).map_err(fault)?;
                    }
                    fs::remove_dir(&place).map_err(fault)?;
                }
            }
        }
        if all {
            fs::remove_dir(home).map_err(fault)?;
        }
        Ok(all)
    }
}

fn private(folder: &Path) -> Result<(), LayerError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(LayerError::file("making the folder", folder, error))
        }
        _ => Ok(()),
    }
}

/// Where a folder lies, or would: its own folder has to be there.
fn as_it_lies(folder: &Path) -> Option<Resolved> {
    match paths::resolve(folder) {
        Ok(found) => found.is_folder.then_some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A link that leads nowhere is somebody's intent, and not ours to guess.
            if folder.symlink_metadata().is_ok() {
                return None;
            }
            let above = paths::resolve(folder.parent()?).ok().filter(|above| above.is_folder)?;
            let path = above.path.join(folder.file_name()?);
            Some(Resolved { path, links: Vec::new(), is_folder: true })
        }
        Err(_) => None,
    }
}

/// Finds what is above one folder, or makes it.
fn ready(place: &Path, lock: &Lock, folder: Resolved) -> Result<Option<Kept>, LayerError> {
    let Some(name) = name_of(&folder.path) else { return Ok(None) };
    let home = place.join(&name);
    let fault = |e: io::Error| LayerError::file("readying", &home, e);
    // Only Keep's own names are in this folder, so none of them leads elsewhere.
    let own = made(lock.home(), &name).map_err(fault)?;
    if let Err(error) = mkdirat(&own, "upper", Mode::RWXU) {
        if error != Errno::EXIST {
            return Err(fault(error.into()));
        }
    } else if let Ok(seen) = fs::metadata(&folder.path) {
        // The mounted folder has the permissions of its topmost layer.
        let upper = made(&own, "upper").map_err(fault)?;
        set_mode(&upper, std::os::unix::fs::PermissionsExt::mode(&seen.permissions()) & 0o777)
            .map_err(fault)?;
    }
    let mount = OverlayMount {
        lower: folder.path.clone(),
        upper: home.join("upper"),
        work: home.join("work"),
        at: folder.path.clone(),
        lasting: false,
    };
    Ok(Some(Kept { folder, mount, own }))
}

/// A private folder in another, opened.
fn made(above: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    match mkdirat(above, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(above, name, flags, Mode::empty()) {
        // A run may have closed what it wrote to even for its owner.
        Err(Errno::ACCESS) => {
            let opened = rustix::fs::openat(above, name, flags | OFlags::PATH, Mode::empty())?;
            set_mode(&opened, 0o700)?;
            Ok(rustix::fs::openat(above, name, flags, Mode::empty())?)
        }
        other => Ok(other?),
    }
}

/// A name that no other folder has.
fn name_of(path: &Path) -> Option<String> {
    let mut name = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => name.push(char::from(*byte)),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    (name.len() <= LONGEST).then_some(name)
}

/// What lies below a folder, without following a link or leaving its file system.
fn bytes(root: &Root) -> io::Result<u64> {
    let mut sum = 0;
    let mut left = vec![RelPath::default()];
    let own = fstat(root.open_at(&RelPath::default(), OFlags::PATH)?)?.st_dev;
    while let Some(path) = left.pop() {
        let folder = match root.folder(&path) {
            Ok(folder) => folder,
            // Gone meanwhile, or of somebody else.
            Err(_) if !path.is_empty() => continue,
            Err(error) => return Err(error),
        };
        for name in names(&folder)? {
            let Ok(found) = statat(&folder, OsStr::from_bytes(&name), AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if FileType::from_raw_mode(found.st_mode).is_dir() && found.st_dev == own {
                left.push(path.join(&name));
            }
            sum += u64::try_from(found.st_blocks).unwrap_or(0) * 512;
        }
    }
    Ok(sum)
}
