//! A folder that has its place only once all it holds is whole.

use super::fresh::temporary_name;
use super::undo::{Plan, PlanFile, Thing, second_name, settle};
use crate::packing::acts::Existing;
use crate::packing::error::PackingError;
use crate::packing::folder::{self, FOLDER, split};
use crate::packing::paths::{self, Top};
use keep_tensor::pack::{Entry, EntryKind};
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, fchmod, fstat, fsync, linkat, mkdirat, openat,
    renameat, renameat_with, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// What everybody may do; the umask takes away from it.
const ALL: Mode = Mode::RWXU.union(Mode::RWXG).union(Mode::RWXO);
const NO_FOLLOW: AtFlags = AtFlags::SYMLINK_NOFOLLOW;
/// The folder that is filled, in the private one.
pub(super) const INNER: &str = "new";

/// A private folder, and in it the one that is filled. Dropped before that has its place, both are gone.
pub(super) struct Stage {
    /// Where the private folder lies: beside a new folder, or in one that is there.
    near: OwnedFd,
    near_path: PathBuf,
    name: String,
    inner: OwnedFd,
    plan: PlanFile,
    to: PathBuf,
    target: Target,
    existing: Existing,
    /// Set when something of others is left in it that could not be put back.
    keeps: Cell<bool>,
}

/// Whether the folder to fill is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    New,
    There,
}

impl Stage {
    pub(super) fn make(to: &Path, existing: Existing) -> Result<Self, PackingError> {
        let (near_path, near, target) = find(to, existing)?;
        let name = temporary_name()?;
        let failed = |error: Errno| PackingError::file("making a folder for", to, error);
        mkdirat(&near, &name, Mode::RWXU).map_err(failed)?;
        let made = openat(&near, &name, FOLDER, Mode::empty()).map_err(io::Error::from).and_then(|stage| {
            let plan = PlanFile::make(&stage)?;
            mkdirat(&stage, INNER, ALL)?;
            Ok((plan, openat(&stage, INNER, FOLDER, Mode::empty())?))
        });
        match made {
            Ok((plan, inner)) => {
                let (to, keeps) = (to.to_owned(), Cell::new(false));
                Ok(Self { near, near_path, name, inner, plan, to, target, existing, keeps })
            }
            Err(error) => {
                // The step before this failed and is what is reported; a leftover is only untidy.
                let _ = std::fs::remove_dir_all(near_path.join(&name));
                Err(PackingError::file("making a folder for", to, error))
            }
        }
    }

    pub(super) fn shown(&self, below: &str) -> PathBuf {
        if below.is_empty() { self.to.clone() } else { self.to.join(below) }
    }

    /// Makes a folder, and those above it. Its own mode comes last: it may forbid writing in it.
    pub(super) fn folder(&self, below: &str) -> Result<(), PackingError> {
        make_folders(&self.inner, below)
            .map(drop)
            .map_err(|(path, error)| PackingError::file("making", &self.shown(&path), error))
    }

    pub(super) fn link(&self, below: &str, target: &str) -> Result<(), PackingError> {
        let folder = self.parent_of(below)?;
        symlinkat(target, &folder, split(below).1)
            .map_err(|e| PackingError::file("making the link", &self.shown(below), e))
    }

    /// Makes a file with this mode, from which the umask takes away.
    pub(super) fn file(&self, below: &str, mode: u32) -> Result<std::fs::File, PackingError> {
        let folder = self.parent_of(below)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&folder, split(below).1, flags, Mode::from_raw_mode(mode & 0o777))
            .map(Into::into)
            .map_err(|e| PackingError::file("writing", &self.shown(below), e))
    }

    fn parent_of(&self, below: &str) -> Result<OwnedFd, PackingError> {
        let (parent, _) = split(below);
        self.folder(parent)?;
        folder::beneath(&self.inner, parent)
            .map_err(|e| PackingError::file("opening", &self.shown(parent), e))
    }

    /// Gives everything its place.
    pub(super) fn put(self, top: &Top, entries: &[Entry]) -> Result<(), PackingError> {
        match self.target {
            Target::New => self.put_new(top, entries),
            Target::There => self.put_into(top, entries),
        }
    }

    fn put_new(&self, top: &Top, entries: &[Entry]) -> Result<(), PackingError> {
        for below in all_folders(top, entries) {
            sync(&self.inner, &below).map_err(|e| self.failed("syncing", &below, e))?;
        }
        let mut own = None;
        for (below, mode) in folders(top, entries) {
            if below.is_empty() {
                own = Some(mode);
            } else {
                narrow(&self.inner, below, mode).map_err(|e| self.failed("setting the mode of", below, e))?;
            }
        }
        let stage = openat(&self.near, &self.name, FOLDER, Mode::empty());
        let stage = stage.map_err(|e| self.failed("opening", "", e.into()))?;
        let name = self.to.file_name().ok_or_else(|| PackingError::Nameless(self.to.clone()))?;
        let renamed = match renameat_with(&stage, INNER, &self.near, name, RenameFlags::NOREPLACE) {
            // Without that flag a folder still takes the place of nothing but an empty folder.
            Err(Errno::INVAL | Errno::NOSYS) => renameat(&stage, INNER, &self.near, name),
            renamed => renamed,
        };
        renamed.map_err(|error| match error {
            Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR => PackingError::Exists(self.to.clone()),
            error => self.failed("naming", "", error.into()),
        })?;
        // Moving a folder needs the right to write in it, so its own mode comes after.
        if let Some(mode) = own {
            narrow(&self.inner, "", mode).map_err(|e| self.failed("setting the mode of", "", e))?;
        }
        fsync(&self.near).map_err(|e| self.failed("syncing the folder of", "", e.into()))
    }

    /// What putting everything into a folder that is there is going to change.
    fn plan(&self, top: &Top, entries: &[Entry]) -> Result<Plan, PackingError> {
        let mut plan = Plan::default();
        for below in all_folders(top, entries) {
            match folder::beneath(&self.near, &below) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => plan.folders.push(below),
                // Whatever else is wrong with it is found when something is put into it.
                Ok(_) | Err(_) => {}
            }
        }
        for entry in entries.iter().filter(|entry| !matches!(entry.kind, EntryKind::Folder { .. })) {
            let below = paths::inside(top, &entry.path);
            plan.things.push(Thing::at(&self.inner, below).map_err(|e| self.failed("looking at", below, e))?);
        }
        Ok(plan)
    }

    /// Puts everything into a folder that is there. When that fails, the folder holds what it held: what
    /// was replaced was kept, and is put back; when the program is killed, by the next one.
    fn put_into(&self, top: &Top, entries: &[Entry]) -> Result<(), PackingError> {
        let plan = self.plan(top, entries)?;
        self.plan.note(&plan).map_err(|e| self.failed("noting what changes in", "", e))?;
        let mut made = Vec::new();
        let mut put = || {
            for entry in entries {
                let below = paths::inside(top, &entry.path);
                if !below.is_empty() {
                    self.put_one(entry, below, &mut made)?;
                }
            }
            for below in all_folders(top, entries) {
                sync(&self.near, &below).map_err(|e| self.failed("syncing", &below, e))?;
            }
            let new: HashSet<&str> = made.iter().map(|(path, _)| &**path).collect();
            for (below, mode) in folders(top, entries).into_iter().filter(|(below, _)| new.contains(below)) {
                narrow(&self.near, below, mode).map_err(|e| self.failed("setting the mode of", below, e))?;
            }
            self.plan.end().map_err(|e| self.failed("finishing", "", e))
        };
        let done = put();
        if done.is_err() {
            for (below, kind) in made.iter().rev() {
                if let Err(source) = self.undo(below, *kind)
                    && *kind == Made::Replacement
                {
                    // What lies there is somebody's only copy.
                    self.keeps.set(true);
                    let kept = self.near_path.join(&self.name).join(INNER).join(below);
                    return Err(PackingError::NotPutBack { path: self.shown(below), kept, source });
                }
            }
        }
        done
    }

    fn undo(&self, below: &str, kind: Made) -> io::Result<()> {
        let (parent, name) = split(below);
        let to = folder::beneath(&self.near, parent)?;
        match kind {
            Made::Folder => unlinkat(&to, name, AtFlags::REMOVEDIR)?,
            Made::Other => unlinkat(&to, name, AtFlags::empty())?,
            Made::Replacement => renameat(&folder::beneath(&self.inner, parent)?, name, &to, name)?,
        }
        Ok(())
    }

    fn put_one(
        &self,
        entry: &Entry,
        below: &str,
        made: &mut Vec<(String, Made)>,
    ) -> Result<(), PackingError> {
        let (parent, name) = split(below);
        let folder = if matches!(entry.kind, EntryKind::Folder { .. }) { below } else { parent };
        let new = make_folders(&self.near, folder).map_err(|(path, error)| self.in_the_way(&path, error))?;
        made.extend(new.into_iter().map(|path| (path, Made::Folder)));
        if matches!(entry.kind, EntryKind::Folder { .. }) {
            return Ok(());
        }
        let open = |root: &OwnedFd| folder::beneath(root, parent);
        let from = open(&self.inner).map_err(|e| self.failed("opening", parent, e))?;
        let to = open(&self.near).map_err(|e| self.in_the_way(parent, e))?;
        let renamed = match (self.existing, renameat_with(&from, name, &to, name, RenameFlags::NOREPLACE)) {
            (Existing::Replace, Err(Errno::EXIST)) => replace(&from, &to, name),
            (Existing::Replace, Err(Errno::INVAL | Errno::NOSYS)) => match statat(&to, name, NO_FOLLOW) {
                Err(Errno::NOENT) => renameat(&from, name, &to, name).map(|()| Made::Other),
                _ => replace(&from, &to, name),
            },
            (Existing::Keep, Err(Errno::INVAL | Errno::NOSYS)) => {
                renameat(&from, name, &to, name).map(|()| Made::Other)
            }
            (_, renamed) => renamed.map(|()| Made::Other),
        };
        match renamed {
            Ok(kind) => {
                made.push((below.to_owned(), kind));
                Ok(())
            }
            Err(Errno::EXIST) => Err(PackingError::Exists(self.shown(below))),
            Err(Errno::ISDIR) => {
                Err(PackingError::InTheWay { path: self.shown(below), problem: "is a folder" })
            }
            Err(error) => Err(self.failed("naming", below, error.into())),
        }
    }

    fn in_the_way(&self, below: &str, error: io::Error) -> PackingError {
        match Errno::from_io_error(&error) {
            Some(Errno::NOTDIR | Errno::LOOP) => {
                PackingError::InTheWay { path: self.shown(below), problem: "is no folder" }
            }
            _ => self.failed("making", below, error),
        }
    }

    fn failed(&self, doing: &'static str, below: &str, error: io::Error) -> PackingError {
        PackingError::file(doing, &self.shown(below), error)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What has its place is no longer in it; a leftover is only untidy.
        if self.keeps.get() {
            return;
        }
        let _ = std::fs::remove_dir_all(self.near_path.join(&self.name));
    }
}

/// What was put into a folder that was there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Folder,
    Other,
    /// In the place of something, which lies where it came from.
    Replacement,
}

/// Lets a file or link change places with one that is there, in one step or, where the file system cannot
/// do that, by way of a second name: at every moment the place holds one of the two, whole.
fn replace(from: &OwnedFd, to: &OwnedFd, name: &str) -> Result<Made, Errno> {
    let is_folder = |at: &OwnedFd| Ok(FileType::from_raw_mode(statat(at, name, NO_FOLLOW)?.st_mode).is_dir());
    if is_folder(to)? {
        return Err(Errno::ISDIR);
    }
    match renameat_with(from, name, to, name, RenameFlags::EXCHANGE) {
        Ok(()) if is_folder(from)? => {
            // It became a folder in between, and goes back.
            renameat_with(from, name, to, name, RenameFlags::EXCHANGE)?;
            Err(Errno::ISDIR)
        }
        Err(Errno::INVAL | Errno::NOSYS) => {
            let second = second_name(&statat(from, name, NO_FOLLOW)?);
            linkat(to, name, from, &second, AtFlags::empty())?;
            renameat(from, name, to, name)?;
            renameat(from, &second, from, name)?;
            Ok(Made::Replacement)
        }
        renamed => renamed.map(|()| Made::Replacement),
    }
}

/// Where a stage for this folder lies, and whether that is the folder itself.
fn find(to: &Path, existing: Existing) -> Result<(PathBuf, OwnedFd, Target), PackingError> {
    let failed = |error: io::Error| PackingError::file("opening", to, error);
    match folder::open(to) {
        Ok(handle) => {
            settle(&handle, to, true)?;
            if existing == Existing::Keep && !is_empty(&handle).map_err(failed)? {
                return Err(PackingError::NotEmpty(to.to_owned()));
            }
            Ok((to.to_owned(), handle, Target::There))
        }
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => {
                let parent = to.parent().unwrap_or(Path::new("/"));
                let handle = folder::open(parent).map_err(failed)?;
                settle(&handle, parent, false)?;
                Ok((parent.to_owned(), handle, Target::New))
            }
            Some(Errno::NOTDIR | Errno::LOOP) => {
                Err(PackingError::InTheWay { path: to.to_owned(), problem: "is no folder" })
            }
            _ => Err(failed(error)),
        },
    }
}

fn is_empty(folder: &OwnedFd) -> io::Result<bool> {
    for entry in Dir::read_from(folder)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a folder and those above it; says which were not there. An error comes with the path that it is
/// about.
fn make_folders(root: &OwnedFd, below: &str) -> Result<Vec<String>, (String, io::Error)> {
    let mut made = Vec::new();
    let mut folder = root.try_clone().map_err(|e| (String::new(), e))?;
    let mut path = String::new();
    for name in below.split('/').filter(|name| !name.is_empty()) {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name);
        match mkdirat(&folder, name, ALL) {
            Ok(()) => made.push(path.clone()),
            Err(Errno::EXIST) => {}
            Err(error) => return Err((path, error.into())),
        }
        folder = match openat(&folder, name, FOLDER, Mode::empty()) {
            Ok(folder) => folder,
            Err(error) => return Err((path, error.into())),
        };
    }
    Ok(made)
}

/// The folders that a pack lists, with their modes, each after those below it: a mode may forbid going in.
fn folders<'e>(top: &Top, entries: &'e [Entry]) -> Vec<(&'e str, u32)> {
    let listed = entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Folder { mode } => Some((paths::inside(top, &entry.path), *mode)),
        _ => None,
    });
    let mut folders: Vec<_> = listed.collect();
    folders.sort_unstable_by(|a, b| b.cmp(a));
    folders
}

/// All folders that hold an entry, listed or not.
fn all_folders(top: &Top, entries: &[Entry]) -> BTreeSet<String> {
    let mut all = BTreeSet::from([String::new()]);
    for entry in entries {
        let below = paths::inside(top, &entry.path);
        all.extend(below.match_indices('/').map(|(at, _)| below[..at].to_owned()));
        if matches!(entry.kind, EntryKind::Folder { .. }) {
            all.insert(below.to_owned());
        }
    }
    all
}

/// Takes from a folder's mode what the stored one does not have. Nothing is added: what the umask took
/// away stays away.
fn narrow(root: &OwnedFd, below: &str, stored: u32) -> io::Result<()> {
    let folder = folder::beneath(root, below)?;
    let mode = fstat(&folder)?.st_mode & stored & 0o777;
    Ok(fchmod(&folder, Mode::from_raw_mode(mode))?)
}

fn sync(root: &OwnedFd, below: &str) -> io::Result<()> {
    Ok(fsync(folder::beneath(root, below)?)?)
}
