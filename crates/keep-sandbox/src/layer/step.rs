//! One step of a commit: taken, recognised as taken, and taken back.
//!
//! Whether a step has been taken is read off the staging folder, never off a note: a rename moves something
//! into or out of a slot there, and happens or does not. So a commit can be cut short anywhere.

use super::baseline::{Closed, walk};
use super::error::LayerError;
use super::node::{Node, Print};
use super::path::RelPath;
use super::root::{Root, set_mode};
use rustix::fs::{self, AtFlags, OFlags, RenameFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::io;

/// What is replaced or removed, to be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) print: Print,
    pub(crate) digest: Option<String>,
    /// A digest of what a folder holds.
    pub(crate) tree: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub(crate) enum Step {
    /// What waits in a slot gets its name; what had it before takes its place in the slot.
    Put { path: RelPath, slot: u32, staged: u64, before: Option<Before> },
    /// What is at a path moves into a slot.
    Remove { path: RelPath, slot: u32, before: Before },
    /// Other permissions.
    Mode { path: RelPath, before: u32, after: u32 },
}

/// The two folders that a commit works in.
pub(crate) struct Field<'a> {
    pub(crate) lower: &'a Root,
    pub(crate) staging: Root,
}

impl Step {
    pub(crate) fn path(&self) -> &RelPath {
        match self {
            Self::Put { path, .. } | Self::Remove { path, .. } | Self::Mode { path, .. } => path,
        }
    }
}

impl Field<'_> {
    /// Whether a step has been taken.
    pub(crate) fn is_taken(&self, step: &Step) -> Result<bool, LayerError> {
        let fault = |e| self.lower.fault("looking at", step.path(), e);
        Ok(match step {
            Step::Put { slot, before: None, .. } => self.slot(*slot).map_err(fault)?.is_none(),
            Step::Put { slot, staged, .. } => {
                self.slot(*slot).map_err(fault)?.is_none_or(|print| print.ino != *staged)
            }
            Step::Remove { slot, .. } => self.slot(*slot).map_err(fault)?.is_some(),
            Step::Mode { path, after, .. } => {
                self.lower.stat(path).map_err(fault)?.is_some_and(|stat| stat.st_mode & 0o7777 == *after)
            }
        })
    }

    /// Takes a step, unless what is there is not what was to be replaced.
    pub(crate) fn take(&self, step: &Step) -> Result<(), LayerError> {
        if self.is_taken(step)? {
            return Ok(());
        }
        match step {
            Step::Put { path, slot, before: None, .. } => self.swap(path, *slot, Swap::Out),
            Step::Put { path, slot, before: Some(before), .. } => {
                self.expect(path, before)?;
                self.swap(path, *slot, Swap::Exchange)?;
                self.settle(path, *slot, before, Swap::Exchange)
            }
            Step::Remove { path, slot, before } => {
                self.expect(path, before)?;
                self.swap(path, *slot, Swap::In)?;
                self.settle(path, *slot, before, Swap::Out)
            }
            Step::Mode { path, before, after } => self.mode(path, *before, *after),
        }
    }

    /// Takes a step back. What somebody else has put there since stays.
    pub(crate) fn take_back(&self, step: &Step) -> Result<(), LayerError> {
        if !self.is_taken(step)? {
            return Ok(());
        }
        match step {
            Step::Put { path, slot, staged, before } => {
                let now = self.lower.stat(path).map_err(|e| self.lower.fault("looking at", path, e))?;
                let ours = now.as_ref().is_some_and(|stat| stat.st_ino == *staged);
                let folder = now.as_ref().is_some_and(|stat| Print::of(stat).is_folder());
                match before {
                    None if !ours => Ok(()),
                    None if folder => self.remove_empty(path),
                    None => self.swap(path, *slot, Swap::In),
                    Some(_) if !ours => Err(conflict(path)),
                    Some(_) if folder && self.holds_something(path)? => Err(conflict(path)),
                    Some(_) => self.swap(path, *slot, Swap::Exchange),
                }
            }
            Step::Remove { path, slot, .. } => self.swap(path, *slot, Swap::Out),
            Step::Mode { path, before, after } => self.mode(path, *after, *before),
        }
    }

    fn slot(&self, slot: u32) -> io::Result<Option<Print>> {
        Ok(self.staging.stat(&slot_path(slot))?.map(|stat| Print::of(&stat)))
    }

    /// Before the step: nobody has touched it.
    fn expect(&self, path: &RelPath, before: &Before) -> Result<(), LayerError> {
        let now = self.lower.stat(path).map_err(|e| self.lower.fault("looking at", path, e))?;
        let same = now.is_some_and(|stat| before.print.same_but_renamed(&Print::of(&stat)));
        if same { Ok(()) } else { Err(conflict(path)) }
    }

    /// After the step: it was that very file, with that content, or all is put back. Between the look before
    /// and the rename somebody may have been faster.
    fn settle(&self, path: &RelPath, slot: u32, before: &Before, back: Swap) -> Result<(), LayerError> {
        let kept = slot_path(slot);
        let same = (|| {
            let Some(stat) = self.staging.stat(&kept).map_err(|e| self.lower.fault("looking at", path, e))?
            else {
                return Ok(false);
            };
            if !before.print.same_but_renamed(&Print::of(&stat)) {
                return Ok(false);
            }
            if before.tree.is_some() {
                return Ok(before.tree == Some(tree(&self.staging, &kept)?));
            }
            let now = Node::read(&self.staging, &kept, super::node::Access::Given)?;
            Ok(now.is_some_and(|now| now.digest == before.digest))
        })();
        match same {
            Ok(true) => Ok(()),
            Ok(false) => self.swap(path, slot, back).and(Err(conflict(path))),
            Err(error) => self.swap(path, slot, back).and(Err(error)),
        }
    }

    fn swap(&self, path: &RelPath, slot: u32, swap: Swap) -> Result<(), LayerError> {
        let renamed = (|| {
            let (folder, name) = self.lower.parent(path)?;
            let staging = self.staging.folder(&RelPath::default())?;
            let slot = slot.to_string();
            match swap {
                Swap::Exchange => fs::renameat_with(&staging, &slot, &folder, name, RenameFlags::EXCHANGE)?,
                Swap::Out => fs::renameat_with(&staging, &slot, &folder, name, RenameFlags::NOREPLACE)?,
                Swap::In => fs::renameat_with(&folder, name, &staging, &slot, RenameFlags::NOREPLACE)?,
            }
            Ok(())
        })();
        match renamed {
            Err(error) if is(&error, Errno::EXIST) || is(&error, Errno::NOENT) => Err(conflict(path)),
            renamed => renamed.map_err(|e: io::Error| self.lower.fault("renaming", path, e)),
        }
    }

    fn mode(&self, path: &RelPath, from: u32, to: u32) -> Result<(), LayerError> {
        let fault = |e| self.lower.fault("setting the permissions of", path, e);
        let handle = match self.lower.open_at(path, OFlags::PATH | OFlags::NOFOLLOW) {
            Err(error) if is(&error, Errno::NOENT) => return Err(conflict(path)),
            opened => opened.map_err(fault)?,
        };
        let stat = fs::fstat(&handle).map_err(|e| fault(e.into()))?;
        // Links have no permissions of their own, and setting them would reach through.
        let link = fs::FileType::from_raw_mode(stat.st_mode).is_symlink();
        if link || stat.st_mode & 0o7777 != from {
            return Err(conflict(path));
        }
        set_mode(&handle, to).map_err(fault)
    }

    fn remove_empty(&self, path: &RelPath) -> Result<(), LayerError> {
        let removed = self.lower.parent(path).and_then(|(folder, name)| {
            match fs::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
                // Somebody has put something into it, which stays, and so does the folder.
                Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(()),
                removed => Ok(removed?),
            }
        });
        removed.map_err(|e| self.lower.fault("removing the folder", path, e))
    }

    fn holds_something(&self, path: &RelPath) -> Result<bool, LayerError> {
        let names = self.lower.folder(path).and_then(|folder| super::root::names(&folder));
        names.map(|names| !names.is_empty()).map_err(|e| self.lower.fault("reading the folder", path, e))
    }
}

#[derive(Clone, Copy)]
enum Swap {
    /// Both change places.
    Exchange,
    /// From the slot to the path.
    Out,
    /// From the path into the slot.
    In,
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

pub(crate) fn conflict(path: &RelPath) -> LayerError {
    LayerError::Conflict { path: path.clone(), more: 0 }
}

pub(crate) fn slot_path(slot: u32) -> RelPath {
    RelPath::default().join(slot.to_string().as_bytes())
}

/// A digest of everything below a folder: names, and prints that a change would change.
pub(crate) fn tree(root: &Root, folder: &RelPath) -> Result<String, LayerError> {
    let mut lines = Vec::new();
    walk(root, folder, Closed::Fail, &mut |path, print| {
        let inside = path.as_bytes()[folder.as_bytes().len()..].to_vec();
        let times = if print.is_folder() { None } else { Some((print.size, print.mtime, print.ctime)) };
        lines.push((inside, format!("{} {} {:o} {times:?}", print.dev, print.ino, print.mode)));
        Ok(())
    })?;
    lines.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (inside, print) in lines {
        hasher.update(&(inside.len() as u64).to_le_bytes());
        hasher.update(&inside);
        hasher.update(print.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}
