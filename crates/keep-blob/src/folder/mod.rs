//! A store in a folder. `object_store`'s own is not used: it syncs nothing to the disk, follows
//! symbolic links and leaves permissions to the umask.
//!
//! Everything is reached through the handle of the root folder, one part of the path at a time and
//! never through a symbolic link, so that nobody who can write below the root leads a read or a write
//! out of it. A file becomes visible by a rename that replaces nothing, after its bytes are on the disk.

mod lock;
mod read;
mod walk;
mod write;

pub(crate) use read::Chunks;
pub(crate) use walk::Walk;
pub(crate) use write::{Temporary, random_name};

use crate::backend::Meta;
use crate::error::BlobError;
use crate::key::{BLOBS, Key, NAMED, TEMPORARY};
use keep_types::Timestamp;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, fsync, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Remembering that a folder is durable saves a sync per write; beyond this many it is synced again.
const FOLDERS_REMEMBERED: usize = 4096;

const OPEN_FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(crate) struct Folder {
    root: OwnedFd,
    path: PathBuf,
    lock_wait: Duration,
    /// Folders whose own entry this process has made durable.
    durable: Mutex<HashSet<String>>,
}

/// Whether missing folders are made on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}

impl Folder {
    /// Opens a folder store, making it when there is none.
    pub(crate) fn open(path: &Path, lock_wait: Duration) -> Result<Self, BlobError> {
        if !path.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|e| BlobError::file("creating the folder", path, e))?;
            if let Some(above) = path.parent() {
                let synced = File::open(above).and_then(|handle| handle.sync_all());
                synced.map_err(|e| BlobError::file("syncing the folder", above, e))?;
            }
        }
        // The root itself may be reached through links: whoever configured it named it so.
        let root = File::open(path).map_err(|e| BlobError::file("opening the folder", path, e))?;
        let found = root.metadata().map_err(|e| BlobError::file("reading", path, e))?;
        if !found.is_dir() {
            return Err(BlobError::Foreign { path: path.to_owned(), why: "is not a folder" });
        }
        let folder =
            Self { root: root.into(), path: path.to_owned(), lock_wait, durable: Mutex::new(HashSet::new()) };
        check_mode(path, found.mode(), 0o022)?;
        for part in [BLOBS, NAMED, TEMPORARY] {
            let parts = [part.to_owned()];
            let Some(opened) = folder.at(&parts, Missing::Make)? else { continue };
            let stat = fstat(&opened).map_err(|e| folder.error("reading", &parts, e))?;
            check_mode(&folder.path_of(&parts), stat.st_mode, 0o077)?;
        }
        Ok(folder)
    }

    /// The size and age of an object.
    pub(crate) fn meta(&self, key: &Key) -> Result<Option<Meta>, BlobError> {
        let Some(folder) = self.at(&key.folders, Missing::Leave)? else { return Ok(None) };
        match statat(&folder, key.leaf.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_file(&stat) => Ok(Some(meta_of(&stat))),
            Ok(_) => Err(self.foreign(key)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.key_error("reading", key, errno)),
        }
    }

    /// Removes an object, durably.
    pub(crate) fn delete(&self, key: &Key) -> Result<(), BlobError> {
        let Some(folder) = self.at(&key.folders, Missing::Leave)? else { return Ok(()) };
        let _held = self.held_for(key)?;
        match unlinkat(&folder, key.leaf.as_str(), AtFlags::empty()) {
            Ok(()) => fsync(&folder).map_err(|e| self.error("syncing the folder", &key.folders, e)),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.key_error("deleting", key, errno)),
        }
    }

    /// Opens a folder below the root, link by link; `None` when it is not there and is not to be made.
    fn at(&self, parts: &[String], missing: Missing) -> Result<Option<OwnedFd>, BlobError> {
        let mut folder: Option<OwnedFd> = None;
        for (index, part) in parts.iter().enumerate() {
            let so_far = &parts[..=index];
            let above = folder.as_ref().unwrap_or(&self.root);
            if missing == Missing::Make {
                self.make(above, so_far, part)?;
            }
            match openat(above, part.as_str(), OPEN_FOLDER, Mode::empty()) {
                Ok(opened) => folder = Some(opened),
                Err(Errno::NOENT) if missing == Missing::Leave => return Ok(None),
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    return Err(BlobError::Foreign {
                        path: self.path_of(so_far),
                        why: "is a link or a file where the store has a folder of its own",
                    });
                }
                Err(errno) => return Err(self.error("opening the folder", so_far, errno)),
            }
        }
        match folder {
            Some(folder) => Ok(Some(folder)),
            None => self.root.try_clone().map(Some).map_err(|e| BlobError::file("opening", &self.path, e)),
        }
    }

    /// Makes a folder if it is missing and its entry durable, whoever made it.
    fn make(&self, above: &OwnedFd, so_far: &[String], part: &str) -> Result<(), BlobError> {
        let name = so_far.join("/");
        let known = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(&name) {
            return Ok(());
        }
        match mkdirat(above, part, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(self.error("creating the folder", so_far, errno)),
        }
        fsync(above).map_err(|e| self.error("syncing the folder above", so_far, e))?;
        let mut known = known();
        if known.len() < FOLDERS_REMEMBERED {
            known.insert(name);
        }
        Ok(())
    }

    fn path_of(&self, parts: &[String]) -> PathBuf {
        parts.iter().fold(self.path.clone(), |path, part| path.join(part))
    }

    fn path_of_key(&self, key: &Key) -> PathBuf {
        self.path_of(&key.folders).join(&key.leaf)
    }

    fn error(&self, doing: &'static str, parts: &[String], errno: Errno) -> BlobError {
        BlobError::file(doing, &self.path_of(parts), errno.into())
    }

    fn key_error(&self, doing: &'static str, key: &Key, errno: Errno) -> BlobError {
        match errno {
            Errno::LOOP => self.foreign(key),
            _ => BlobError::file(doing, &self.path_of_key(key), errno.into()),
        }
    }

    fn foreign(&self, key: &Key) -> BlobError {
        BlobError::Foreign {
            path: self.path_of_key(key),
            why: "is a link or a folder where the store has a file of its own",
        }
    }
}

fn check_mode(path: &Path, mode: u32, forbidden: u32) -> Result<(), BlobError> {
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(BlobError::Exposed { path: path.to_owned(), mode: mode & 0o7777 })
}

fn is_file(stat: &Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()
}

#[expect(clippy::useless_conversion, reason = "the fields differ in width and sign between platforms")]
fn meta_of(stat: &Stat) -> Meta {
    let ms =
        i64::from(stat.st_mtime).saturating_mul(1000).saturating_add(stat.st_mtime_nsec as i64 / 1_000_000);
    Meta { size: u64::try_from(stat.st_size).unwrap_or(0), modified: Timestamp::from_ms(ms) }
}
