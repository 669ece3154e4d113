//! What a run that was killed left in a folder, and how the next one takes it back.
//!
//! A folder that is there cannot be replaced in one step, only file by file. Before the first of them the
//! private folder gets a plan of what will be put where, which is emptied once everything has its place. A
//! plan that a dead run left says which of the files in the folder are its own: these go, and what they
//! replaced, which lies in the private folder, comes back.

use super::stage::INNER;
use crate::packing::error::PackingError;
use crate::packing::folder::{self, FOLDER, split};
use rustix::fs::{
    AtFlags, Dir, FlockOperation, Mode, OFlags, Stat, flock, fstat, fsync, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

/// The plan's name in the private folder.
const PLAN: &str = "plan";
const PLAN_FILE: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What is going to change in a folder.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Folders that will be made, each after those above it.
    pub(super) folders: Vec<String>,
    /// Files and links that will get their place.
    pub(super) things: Vec<Thing>,
}

/// A file or link, and by what it is known wherever it lies.
#[derive(Serialize, Deserialize)]
pub(super) struct Thing {
    path: String,
    known: Known,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    inode: u64,
    bytes: i64,
    changed: (i64, i64),
}

#[expect(clippy::unnecessary_cast, reason = "the fields' types differ between systems")]
fn known(stat: &Stat) -> Known {
    Known {
        inode: stat.st_ino as u64,
        bytes: stat.st_size as i64,
        changed: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
    }
}

/// The second name of what is replaced, in the private folder, where the system cannot let two files change
/// places. It is told by the new file, so that it can be found again.
pub(super) fn second_name(new: &Stat) -> String {
    format!(".keep-{:016x}", known(new).inode)
}

impl Thing {
    /// The one at this path below the folder that is filled.
    pub(super) fn at(inner: &OwnedFd, path: &str) -> io::Result<Self> {
        let (parent, name) = split(path);
        let stat = statat(folder::beneath(inner, parent)?, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Self { path: path.to_owned(), known: known(&stat) })
    }
}

/// A private folder's plan. While it is open and locked its run is alive.
pub(super) struct PlanFile(File);

impl PlanFile {
    pub(super) fn make(stage: &OwnedFd) -> io::Result<Self> {
        let flags = PLAN_FILE | OFlags::CREATE | OFlags::EXCL;
        let file = openat(stage, PLAN, flags, Mode::RUSR | Mode::WUSR)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self(file.into()))
    }

    /// From here on what follows can be taken back.
    pub(super) fn note(&self, plan: &Plan) -> io::Result<()> {
        (&self.0).write_all(&serde_json::to_vec(plan)?)?;
        self.0.sync_all()
    }

    /// Nothing is to be taken back any more.
    pub(super) fn end(&self) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.sync_all()
    }
}

/// Takes back what dead runs left half done in a folder, and removes their private folders. Without `fully`
/// only private folders go whose runs had changed nothing yet.
pub(super) fn settle(near: &OwnedFd, near_path: &Path, fully: bool) -> Result<(), PackingError> {
    let failed = |error: io::Error| PackingError::file("looking for leftovers in", near_path, error);
    for name in leftovers(near).map_err(failed)? {
        // What cannot be opened, or belongs to others, is none of ours.
        let Ok(stage) = openat(near, &name, FOLDER, Mode::empty()) else { continue };
        if !is_private(&stage).map_err(failed)? {
            continue;
        }
        let Ok(file) = openat(&stage, PLAN, PLAN_FILE, Mode::empty()) else {
            // Killed before it had a plan: then it is empty, or not ours and stays.
            let _ = unlinkat(near, &name, AtFlags::REMOVEDIR);
            continue;
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            // Its run is alive.
            continue;
        }
        let mut file = PlanFile(file.into());
        let mut text = Vec::new();
        file.0.read_to_end(&mut text).map_err(failed)?;
        // A plan that was cut short was not followed yet.
        if let Ok(plan) = serde_json::from_slice::<Plan>(&text) {
            if !fully {
                continue;
            }
            take_back(&plan, near, near_path, &stage, &near_path.join(&name))?;
            file.end().map_err(failed)?;
        }
        // Nothing in it is of use to anybody; a leftover is only untidy.
        let _ = std::fs::remove_dir_all(near_path.join(&name));
    }
    Ok(())
}

/// Names that private folders have.
fn leftovers(near: &OwnedFd) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(near)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let digits = name.strip_prefix(".keep-").unwrap_or_default();
        if digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

fn is_private(stage: &OwnedFd) -> io::Result<bool> {
    let stat = fstat(stage)?;
    Ok(stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & 0o077 == 0)
}

fn take_back(
    plan: &Plan,
    near: &OwnedFd,
    near_path: &Path,
    stage: &OwnedFd,
    stage_path: &Path,
) -> Result<(), PackingError> {
    let failed = |error: io::Error| PackingError::file("opening", stage_path, error);
    let paths = plan.things.iter().map(|thing| &thing.path).chain(&plan.folders);
    if paths.into_iter().flat_map(|path| path.split('/')).any(|name| matches!(name, "" | "." | "..")) {
        return Err(failed(io::Error::other("its plan leads elsewhere")));
    }
    let inner = folder::beneath(stage, INNER).map_err(failed)?;
    let mut changed = BTreeSet::new();
    for thing in plan.things.iter().rev() {
        let kept = || stage_path.join(INNER).join(&thing.path);
        match put_back(thing, near, &inner) {
            Ok(true) => _ = changed.insert(split(&thing.path).0),
            Ok(false) => {}
            Err(source) => {
                let path = near_path.join(&thing.path);
                return Err(PackingError::NotPutBack { path, kept: kept(), source });
            }
        }
    }
    for path in plan.folders.iter().rev() {
        let (parent, name) = split(path);
        // One that others have put something into by now, or removed, is theirs.
        if let Ok(parent) = folder::beneath(near, parent) {
            let _ = unlinkat(&parent, name, AtFlags::REMOVEDIR);
        }
    }
    for parent in changed {
        if let Ok(parent) = folder::beneath(near, parent) {
            fsync(&parent).map_err(|e| PackingError::file("syncing", near_path, e))?;
        }
    }
    Ok(())
}

/// Takes one file or link away from its place again, if it was put there, and puts what it replaced in its
/// place. Says whether anything changed.
fn put_back(thing: &Thing, near: &OwnedFd, inner: &OwnedFd) -> io::Result<bool> {
    let (parent, name) = split(&thing.path);
    let from = folder::beneath(inner, parent)?;
    let look = |at: &OwnedFd, name: &str| match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(io::Error::from(error)),
    };
    let staged = look(&from, name)?;
    if staged.as_ref().is_some_and(|stat| known(stat) == thing.known) {
        return Ok(false);
    }
    // What was replaced has the new one's name there, or a second one.
    let second = format!(".keep-{:016x}", thing.known.inode);
    let old = match staged {
        Some(_) => Some(name),
        None => look(&from, &second)?.map(|_| &*second),
    };
    let to = match folder::beneath(near, parent) {
        Ok(to) if look(&to, name)?.is_some_and(|stat| known(&stat) == thing.known) => to,
        // Somebody has changed or removed it since.
        Ok(_) | Err(_) if old.is_some() => return Err(io::Error::other("its place has changed since")),
        Ok(_) | Err(_) => return Ok(false),
    };
    match old {
        Some(old) => renameat(&from, old, &to, name)?,
        None => unlinkat(&to, name, AtFlags::empty())?,
    }
    Ok(true)
}
