//! What is mounted where in a container, and what must then be found there.

use super::settings::Root;
use crate::confine::mounts::View;
use crate::paths::{Resolved, State};
use rustix::fs::{FileType, StatVfsMountFlags, fstat, fstatvfs};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Filesystems of the kernel's own, and those of other containers and of other users' programs.
const NOT_FILES: [&str; 17] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "pstore",
    "securityfs",
    "sysfs",
];

/// What the engine makes itself, or what is of no use inside.
const NOT_TAKEN: [&str; 5] = ["/proc", "/sys", "/dev", "/run", "/.keep"];

/// How something is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Something of this machine in the container.
#[derive(Clone, Debug)]
pub(super) struct Bind {
    pub(super) source: PathBuf,
    pub(super) access: Access,
    pub(super) reach: Reach,
    identity: (u64, u64),
}

/// Whether the command's user gets to something at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It does, and what lies there is looked at.
    Open,
    /// A folder above is closed to that user, which has to show.
    Closed,
}

/// All that is mounted, by where it is seen, and links that lead there.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) binds: BTreeMap<PathBuf, Bind>,
    pub(super) links: Vec<(PathBuf, PathBuf)>,
    /// Where something is mounted on this machine.
    points: BTreeSet<PathBuf>,
    user: (u32, u32),
}

/// Where the two covers lie.
pub(super) struct Covers {
    pub(super) folder: PathBuf,
    pub(super) file: PathBuf,
}

impl Layout {
    /// Works out what a command sees.
    pub(super) fn new(
        view: &View<'_>,
        root: &Root,
        covers: &Covers,
        user: (u32, u32),
    ) -> Result<Self, String> {
        let mut layout = Self { points: mount_points()?, user, ..Self::default() };
        match (view.reads, root) {
            (None, Root::Machine) => layout.everything(view)?,
            (None, Root::Image(_)) => {}
            (Some(reads), _) => {
                for read in reads {
                    layout.put(&read.path, Access::Read)?;
                }
            }
        }
        layout.below_what_is_read(view)?;
        layout.leave_nothing_to_be_copied()?;
        for write in view.writes {
            layout.put(&write.path, Access::Write)?;
        }
        let grants = view.reads.unwrap_or_default().iter().chain(view.writes);
        layout.links.extend(grants.flat_map(|grant: &Resolved| grant.links.clone()));
        layout.guard(view, covers)?;
        let seen: Vec<PathBuf> = layout.binds.keys().cloned().collect();
        layout.links.retain(|(path, _)| !seen.iter().any(|bind| path.starts_with(bind)));
        layout.links.sort();
        layout.links.dedup();
        if let Root::Image(_) = root {
            layout.links_as_mounts()?;
        }
        let reaches: Vec<Reach> = layout.binds.keys().map(|path| layout.reach(path)).collect();
        for (bind, reach) in layout.binds.values_mut().zip(reaches) {
            bind.reach = reach;
        }
        Ok(layout)
    }

    /// Into an image that is somebody else's no link can be put, so what they lead to is mounted in their place.
    fn links_as_mounts(&mut self) -> Result<(), String> {
        for (path, _) in std::mem::take(&mut self.links) {
            let target = path.canonicalize().map_err(|why| format!("`{}`: {why}", path.display()))?;
            self.put_as(&path, &target, Access::Read)?;
        }
        Ok(())
    }

    /// Whether the command's user may pass through every folder above a path. As anybody but root the caller is
    /// that user, and has been there.
    fn reach(&self, path: &Path) -> Reach {
        let may_pass = |folder: &Path| {
            // What no bind brings along the engine makes, open to all.
            let source = self
                .binds
                .iter()
                .rev()
                .find_map(|(bind, how)| Some(how.source.join(folder.strip_prefix(bind).ok()?)));
            let Some(about) = source.and_then(|source| source.metadata().ok()) else { return true };
            let (user, group) = self.user;
            let shift = match (about.uid() == user, about.gid() == group) {
                (true, _) => 6,
                (false, true) => 3,
                (false, false) => 0,
            };
            about.mode() >> shift & 1 == 1
        };
        let closed = rustix::process::geteuid().is_root() && !path.ancestors().skip(1).all(may_pass);
        if closed { Reach::Closed } else { Reach::Open }
    }

    /// Whatever lies in the machine's root.
    fn everything(&mut self, view: &View<'_>) -> Result<(), String> {
        let fault = |why: io::Error| format!("`/`: {why}");
        for entry in fs::read_dir("/").map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let private = view.private_tmp.is_some() && path == Path::new("/tmp");
            if private || NOT_TAKEN.iter().any(|not| path == Path::new(not)) {
                continue;
            }
            if path.is_symlink() {
                let target = path.read_link().map_err(fault)?;
                self.links.push((path, target));
            } else {
                self.put(&path, Access::Read)?;
            }
        }
        Ok(())
    }

    /// Mounts below come along only by themselves, because an engine makes no more than the uppermost
    /// read-only. Those in folders that are closed to the command's user are left out.
    fn below_what_is_read(&mut self, view: &View<'_>) -> Result<(), String> {
        let written = |path: &Path| view.writes.iter().any(|write| path.starts_with(&write.path));
        let reads: Vec<PathBuf> = self.binds.keys().cloned().collect();
        for point in self.points.clone() {
            let read = reads.iter().any(|read| is_below(&point, read));
            if read && !written(&point) && self.reach(&point) == Reach::Open {
                self.put(&point, Access::Read)?;
            }
        }
        Ok(())
    }

    /// Where something is read, Podman would put a filesystem in memory on these folders, and copy what lies
    /// there into it, unless they are mounted by themselves.
    fn leave_nothing_to_be_copied(&mut self) -> Result<(), String> {
        for path in ["/tmp", "/var/tmp"].map(Path::new) {
            if self.is_seen(path) && path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                self.put(path, Access::Read)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, path: &Path, access: Access) -> Result<(), String> {
        self.put_as(path, path, access)
    }

    fn put_as(&mut self, path: &Path, source: &Path, access: Access) -> Result<(), String> {
        let about = source.symlink_metadata().map_err(|why| format!("`{}`: {why}", source.display()))?;
        if about.is_symlink() {
            return Err(format!("`{}` is a link since this was planned", source.display()));
        }
        let identity = (about.dev(), about.ino());
        self.binds.insert(
            path.to_owned(),
            Bind { source: source.to_owned(), access, reach: Reach::Open, identity },
        );
        Ok(())
    }

    fn is_seen(&self, path: &Path) -> bool {
        self.binds.keys().any(|bind| path.starts_with(bind))
    }

    /// Covers what is hidden, makes what is protected read-only, and holds the folders above in place.
    fn guard(&mut self, view: &View<'_>, covers: &Covers) -> Result<(), String> {
        if let Some(link) = view.guarded.iter().find(|guarded| guarded.state == State::Link) {
            return Err(links_cannot_be_held(&link.path));
        }
        let protected: Vec<&Path> = view.guarded.iter().map(|guarded| guarded.path.as_path()).collect();
        let is_protected = |path: &Path| protected.iter().any(|above| path.starts_with(above));
        for pin in view.guarded.iter().flat_map(|guarded| &guarded.pins) {
            if !self.binds.contains_key(pin) {
                self.put(pin, Access::Write)?;
            }
        }
        // What lies below something protected is protected with it, whatever else was granted or is mounted.
        self.binds.retain(|path, bind| bind.access == Access::Read || !is_protected(path));
        let points = self.points.clone();
        let inner: Vec<&Path> =
            points.iter().map(PathBuf::as_path).filter(|point| is_protected(point)).collect();
        let inner = inner.into_iter().filter(|point| self.reach(point) == Reach::Open).collect::<Vec<_>>();
        for path in protected.iter().copied().chain(inner) {
            self.put(path, Access::Read)?;
        }
        let hidden: Vec<&Resolved> = view.hidden.iter().filter(|hidden| self.is_seen(&hidden.path)).collect();
        for one in &hidden {
            let cover = if one.is_folder { &covers.folder } else { &covers.file };
            self.put_as(&one.path, cover, Access::Read)?;
        }
        // Nothing is mounted below a cover, where there is nothing to mount on.
        self.binds.retain(|path, _| !hidden.iter().any(|one| is_below(path, &one.path)));
        Ok(())
    }
}

fn is_below(path: &Path, above: &Path) -> bool {
    path != above && path.starts_with(above)
}

/// Where something is mounted on this machine, as far as it can be seen.
fn mount_points() -> Result<BTreeSet<PathBuf>, String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|why| why.to_string())?;
    let points = mounts.lines().filter_map(|line| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let kind = filesystem.split(' ').next()?;
        let files = !NOT_FILES.contains(&kind) && !kind.starts_with("fuse.") && kind != "tracefs";
        files.then(|| mount.split(' ').nth(4).map(unescaped))?
    });
    Ok(points.filter(|point| point.symlink_metadata().is_ok()).collect())
}

/// Why a link that is protected is not kept in place by an engine.
pub(crate) fn links_cannot_be_held(path: &Path) -> String {
    format!(
        "it cannot keep `{}` in place, which is a link: an engine mounts only on what a link leads to",
        path.display()
    )
}

impl Bind {
    /// Whether a descriptor from inside is of this, and as it was to be mounted.
    pub(super) fn check(&self, opened: impl AsFd) -> io::Result<Result<(), &'static str>> {
        let found = fstat(&opened)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Symlink {
            return Ok(Err("is a link"));
        }
        if (found.st_dev, found.st_ino) != self.identity {
            return Ok(Err("is not what was to be mounted there"));
        }
        let read_only = fstatvfs(&opened)?.f_flag.contains(StatVfsMountFlags::RDONLY);
        if self.access == Access::Read && !read_only {
            return Ok(Err("could be written to"));
        }
        Ok(Ok(()))
    }
}

/// A path of a list of mounts, where four characters are written in octal.
fn unescaped(text: &str) -> PathBuf {
    let mut path = text.to_owned();
    for (octal, plain) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        path = path.replace(octal, plain);
    }
    path.into()
}
