//! Copies of what is to be committed, on the file system where they are to be, and the steps that follow.

use super::baseline::{Closed, walk};
use super::changes::{Change, Changes};
use super::error::LayerError;
use super::fresh::Layer;
use super::node::{Access, Kind, Node};
use super::path::RelPath;
use super::root::Root;
use super::step::{Before, Step, conflict, slot_path, tree};
use rustix::fs::{self, AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

/// Above this, the whole file system is synced once instead of each file.
const MAX_SYNCS: usize = 256;

/// What is left to do for each change, in order; a folder that goes takes what it holds with it.
pub(crate) fn needed(changes: &Changes) -> Vec<&Change> {
    let mut gone: Option<&RelPath> = None;
    let mut left = Vec::new();
    for change in &changes.entries {
        if gone.is_some_and(|gone| change.path.is_within(gone)) && change.after.is_none() {
            continue;
        }
        let folder = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.kind == Kind::Folder);
        if folder(&change.before) && !folder(&change.after) {
            gone = Some(&change.path);
        }
        left.push(change);
    }
    left
}

/// Checks that everything below still is what the changes say it was.
pub(crate) fn check(layer: &Layer, changes: &Changes) -> Result<(), LayerError> {
    let known: BTreeSet<&RelPath> = changes.entries.iter().map(|change| &change.path).collect();
    let mut conflicts = Vec::new();
    for change in &changes.entries {
        let now = Node::read(&layer.lower, &change.path, Access::Given)?;
        let same = match (&change.before, &now) {
            (None, None) => true,
            (Some(was), Some(now)) => was.print.same_but_renamed(&now.print) && was.same_content(now),
            _ => false,
        };
        if change.conflict || !same {
            conflicts.push(change.path.clone());
        }
    }
    for change in needed(changes) {
        if leaves(change) && !conflicts.contains(&change.path) {
            walk(&layer.lower, &change.path, Closed::Fail, &mut |path, _| {
                if !known.contains(path) {
                    conflicts.push(path.clone());
                }
                Ok(())
            })?;
        }
    }
    match conflicts.first() {
        None => Ok(()),
        Some(path) => Err(LayerError::Conflict { path: path.clone(), more: conflicts.len() - 1 }),
    }
}

/// Whether a folder goes, with all that it holds.
fn leaves(change: &Change) -> bool {
    let folder = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.kind == Kind::Folder);
    folder(&change.before) && !folder(&change.after)
}

/// Makes the copies and says which steps commit them.
pub(crate) fn stage(layer: &Layer, staging: &Root, changes: &Changes) -> Result<Vec<Step>, LayerError> {
    let (mut first, mut steps, mut removals, mut last) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let needed = needed(changes);
    let each = needed.len() <= MAX_SYNCS;
    for (slot, change) in needed.into_iter().enumerate() {
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        let path = change.path.clone();
        let Some(after) = &change.after else {
            if let Some(before) = remembered(layer, change)? {
                removals.push(Step::Remove { path, slot, before });
            }
            continue;
        };
        let before = change.before.as_ref();
        if let Some(before) = before.filter(|before| before.same_content(after)) {
            let step = Step::Mode { path, before: before.mode, after: after.mode };
            // A folder that becomes writable does so before it is written into, and the other way about.
            if after.mode & 0o300 == 0o300 {
                first.push(step);
            } else {
                last.push(step);
            }
            continue;
        }
        let staged = copy(layer, staging, change, after, slot, each)?;
        if after.kind == Kind::Folder && after.mode != 0o700 {
            last.push(Step::Mode { path: path.clone(), before: 0o700, after: after.mode });
        }
        steps.push(Step::Put { path, slot, staged, before: remembered(layer, change)? });
    }
    // New content is there before old content goes: a file that was renamed is never without a name.
    first.append(&mut steps);
    first.append(&mut removals);
    // What a folder holds, before the folder is closed.
    last.sort_by(|a, b| b.path().cmp(a.path()));
    first.append(&mut last);
    sync(staging, each).map_err(|e| staging.fault("syncing", &RelPath::default(), e))?;
    Ok(first)
}

fn sync(staging: &Root, each: bool) -> io::Result<()> {
    let handle = staging.folder(&RelPath::default())?;
    if each {
        fs::fsync(&handle)?;
    } else {
        fs::syncfs(&handle)?;
    }
    Ok(())
}

fn remembered(layer: &Layer, change: &Change) -> Result<Option<Before>, LayerError> {
    let Some(before) = &change.before else { return Ok(None) };
    let tree = if leaves(change) { Some(tree(&layer.lower, &change.path)?) } else { None };
    Ok(Some(Before { print: before.print, digest: before.digest.clone(), tree }))
}

/// Makes one copy in its slot and says which inode it is.
fn copy(
    layer: &Layer,
    staging: &Root,
    change: &Change,
    after: &Node,
    slot: u32,
    sync: bool,
) -> Result<u64, LayerError> {
    let fault = |e| layer.upper.fault("copying", &change.path, e);
    let folder = staging.folder(&RelPath::default()).map_err(fault)?;
    let name = slot.to_string();
    match &after.kind {
        Kind::Folder => {
            fs::mkdirat(&folder, &name, Mode::RWXU).map_err(|e| fault(e.into()))?;
            own(&folder, &name, change, after).map_err(fault)?;
        }
        Kind::Link(_) => {
            let target = after.target().unwrap_or_default();
            if layer.upper.link(&change.path).map_err(fault)? != target {
                return Err(LayerError::Moved { path: change.path.clone() });
            }
            fs::symlinkat(OsStr::from_bytes(&target), &folder, &name).map_err(|e| fault(e.into()))?;
            own(&folder, &name, change, after).map_err(fault)?;
        }
        Kind::File => {
            let mut source = layer.upper.own_file(&change.path).map_err(fault)?;
            let digest = fill(&mut source, &folder, &name, change, after, sync).map_err(fault)?;
            if after.digest.as_ref() != Some(&digest) {
                return Err(LayerError::Moved { path: change.path.clone() });
            }
        }
        // Refused before anything is staged.
        Kind::Special(_) => return Err(LayerError::Moved { path: change.path.clone() }),
    }
    let stat = staging.stat(&slot_path(slot)).map_err(fault)?;
    stat.map(|stat| stat.st_ino).ok_or_else(|| conflict(&change.path))
}

fn fill(
    source: &mut File,
    folder: &OwnedFd,
    name: &str,
    change: &Change,
    after: &Node,
    sync: bool,
) -> io::Result<String> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(fs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?);
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 128 << 10];
    loop {
        let length = source.read(&mut piece)?;
        if length == 0 {
            break;
        }
        hasher.update(&piece[..length]);
        file.write_all(&piece[..length])?;
    }
    // Changing the owner drops bits of the mode, which therefore comes after.
    own(folder, name, change, after)?;
    fs::fchmod(&file, Mode::from_raw_mode(after.mode))?;
    let (seconds, nanos) = after.print.mtime;
    let time = Timespec { tv_sec: seconds, tv_nsec: nanos };
    fs::futimens(&file, &Timestamps { last_access: time, last_modification: time })?;
    if sync {
        file.sync_all()?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// What is replaced by its own kind keeps its owner; what is new has the one that the run gave it.
fn own(folder: &OwnedFd, name: &str, change: &Change, after: &Node) -> io::Result<()> {
    let before = change.before.as_ref();
    let same_kind =
        before.filter(|before| std::mem::discriminant(&before.kind) == std::mem::discriminant(&after.kind));
    let (owner, group) = same_kind.unwrap_or(after).print.owner;
    let now = fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if (owner, group) != (now.st_uid, now.st_gid) {
        let (owner, group) = (Some(Uid::from_raw(owner)), Some(Gid::from_raw(group)));
        fs::chownat(folder, name, owner, group, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Makes the renames durable.
pub(crate) fn sync_parents(lower: &Root, steps: &[Step]) -> Result<(), LayerError> {
    let parents: BTreeSet<RelPath> = steps.iter().map(|step| step.path().split().0).collect();
    let all = || lower.folder(&RelPath::default()).and_then(|folder| Ok(fs::syncfs(&folder)?));
    let each = || {
        parents.iter().try_for_each(|path| match lower.folder(path) {
            // It has been removed since, with what it held.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            folder => Ok(fs::fsync(folder?)?),
        })
    };
    let synced = if parents.len() > MAX_SYNCS { all() } else { each() };
    // A folder that has been closed cannot be synced by itself.
    let synced = synced.or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => all(),
        _ => Err(error),
    });
    synced.map_err(|e| lower.fault("syncing", &RelPath::default(), e))
}
