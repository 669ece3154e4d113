//! The tree of mounts that a command sees in the namespaces tier.
//!
//! Where everything may be read, the machine's own tree is made read-only in place and what may be written
//! is put on top, which is quicker than building a tree. Else a tree is built in memory out of what may be
//! read. Every path is opened as it was checked, without following a link, so that a folder that somebody
//! moved since ends the run and does not lead elsewhere.

use super::open::Writer;
use crate::error::SandboxError;
use crate::kernel::mount;
use crate::layer::OverlayMount;
use crate::overlooked::Overlooked;
use crate::paths::{self, Guarded, Resolved, State};
use crate::script::{Arg, Slot};
use crate::stand_in::StandIn;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// What a command sees.
pub(crate) struct View<'a> {
    /// What is seen through layers that take the changes.
    pub(crate) layers: &'a [&'a OverlayMount],
    /// What may be read; nothing stands for everything.
    pub(crate) reads: Option<&'a [Resolved]>,
    pub(crate) writes: &'a [Resolved],
    pub(crate) hidden: &'a [Resolved],
    pub(crate) guarded: &'a [Guarded],
    /// What is seen with another content than it has.
    pub(crate) overlooked: &'a [Overlooked],
    /// What is written to a copy.
    pub(crate) stand_ins: &'a [StandIn],
    /// The size of the private folder for temporary files, if there is to be one.
    pub(crate) private_tmp: Option<u64>,
    /// The size of the memory that its processes share by name.
    pub(crate) shared: u64,
}

/// Devices that every command expects.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Where a tree is built: a folder that exists and that nothing else is read from meanwhile.
const SITE: &str = "/dev";

/// What covers something hidden: nobody may open either.
const EMPTY_FOLDER: &str = "/dev/.hidden";
const EMPTY_FILE: &str = "/dev/.file";

/// Something to be mounted.
struct Piece {
    path: PathBuf,
    what: What,
}

enum What {
    /// A copy of what lies there on the machine.
    Copy(Slot, Kind),
    Devices(Vec<Slot>),
    Processes,
    Temporary(u64),
    Link(PathBuf),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    File,
}

struct Tree<'w> {
    writer: &'w mut Writer,
    /// Paths are relative to the site while a tree is built.
    relative: bool,
    shared: u64,
    /// Folders that exist because they were made, and below which nothing is there by itself.
    empty: BTreeSet<PathBuf>,
    /// What was mounted and brings its own content.
    full: BTreeSet<PathBuf>,
}

/// Writes the mounts into a script.
pub(crate) fn write(writer: &mut Writer, view: &View<'_>) -> Result<(), SandboxError> {
    for layer in view.layers {
        lay_over(writer, layer)?;
    }
    let mut pieces = Vec::new();
    let base = mount::NOSUID | mount::NODEV;
    let reads = view.reads.unwrap_or_default();
    for read in reads.iter().filter(|read| !is_granted(read, reads, view.writes)) {
        pieces.push(copy(writer, read, base | mount::RDONLY)?);
    }
    for write in view.writes {
        pieces.push(copy(writer, write, base)?);
    }
    // A granted path that leads through links is found by those, too.
    let links: BTreeSet<_> = reads.iter().chain(view.writes).flat_map(|grant| grant.links.clone()).collect();
    pieces.extend(links.into_iter().map(|(path, target)| Piece { path, what: What::Link(target) }));
    pieces.push(devices(writer)?);
    pieces.push(Piece { path: "/proc".into(), what: What::Processes });
    if let Some(size) = view.private_tmp {
        pieces.push(Piece { path: "/tmp".into(), what: What::Temporary(size) });
    }
    // What lies above comes first; of two at one path, the later covers the former.
    pieces.sort_by(|one, other| one.path.cmp(&other.path));
    let mut copies = Vec::new();
    for one in view.stand_ins {
        writer.script.step_at("take along", &one.folder);
        let slot = writer.copy(&one.folder)?;
        writer.attributes(slot, base);
        copies.push(slot);
    }
    let relative = view.reads.is_some();
    let mut tree =
        Tree { writer, relative, shared: view.shared, empty: BTreeSet::new(), full: BTreeSet::new() };
    tree.begin(view.reads.is_none())?;
    for piece in pieces {
        tree.put(piece)?;
    }
    tree.guard(view)?;
    tree.overlook(view)?;
    tree.stand_in(view, &copies)?;
    tree.end(view)
}

/// Whether something above brings a readable path along.
fn is_granted(read: &Resolved, reads: &[Resolved], writes: &[Resolved]) -> bool {
    writes.iter().any(|write| read.path.starts_with(&write.path))
        || reads.iter().any(|above| read.path != above.path && read.path.starts_with(&above.path))
}

fn copy(writer: &mut Writer, what: &Resolved, attributes: u64) -> Result<Piece, SandboxError> {
    writer.script.step_at("take along", &what.path);
    let slot = writer.copy(&what.path)?;
    writer.attributes(slot, attributes);
    let kind = if what.is_folder { Kind::Folder } else { Kind::File };
    Ok(Piece { path: what.path.clone(), what: What::Copy(slot, kind) })
}

/// Mounts a layer where its folder lies, before anything else is taken along: what is granted there is then
/// taken from the layer. The process stands in the folder meanwhile, which names it without a path.
fn lay_over(writer: &mut Writer, layer: &OverlayMount) -> Result<(), SandboxError> {
    let failed =
        |why| SandboxError::Prepare { doing: "name the layer".into(), source: io::Error::other(why) };
    let data = layer.data_from_within().map_err(failed)?;
    writer.script.step_at("enter the folder", &layer.lower);
    let folder = writer.open(&layer.lower)?;
    writer.script.call(libc::SYS_fchdir, [folder.into()]);
    writer.close(folder);
    writer.script.step_at("lay a layer over", &layer.lower);
    let (source, here, kind) =
        (writer.word(OverlayMount::SOURCE), writer.word("."), writer.word(OverlayMount::KIND));
    let (flags, data) = (Arg::Is(OverlayMount::FLAGS.cast_signed()), writer.script.text(&data));
    writer.script.call(libc::SYS_mount, [source.into(), here.into(), kind.into(), flags, data.into()]);
    let root = writer.word("/");
    writer.script.call(libc::SYS_chdir, [root.into()]);
    Ok(())
}

fn devices(writer: &mut Writer) -> Result<Piece, SandboxError> {
    writer.script.step("take the devices along");
    let mut slots = Vec::new();
    for device in DEVICES {
        slots.push(writer.copy(&Path::new("/dev").join(device))?);
    }
    Ok(Piece { path: "/dev".into(), what: What::Devices(slots) })
}

impl Tree<'_> {
    /// Where a path lies while the tree is built.
    fn at(&self, path: &Path) -> PathBuf {
        if !self.relative {
            return path.to_owned();
        }
        match path.strip_prefix("/") {
            Ok(rest) if !rest.as_os_str().is_empty() => rest.to_owned(),
            _ => ".".into(),
        }
    }

    fn begin(&mut self, everything: bool) -> Result<(), SandboxError> {
        let base = mount::NOSUID | mount::NODEV;
        if everything {
            self.writer.script.step("make everything read-only");
            self.full.insert("/".into());
            let (set, flags) = (base | mount::RDONLY, mount::RECURSIVE);
            return self.writer.attributes_at(Path::new("/"), set, mount::PRIVATE, flags);
        }
        self.writer.script.step("begin a tree");
        let site = Path::new(SITE);
        self.writer.mount("tmpfs", site, base, "mode=755,size=1m")?;
        let site = self.writer.path(site)?;
        self.writer.script.call(libc::SYS_chdir, [site.into()]);
        self.empty.insert("/".into());
        Ok(())
    }

    /// Whether a path is there without being made, because what is mounted above it brings it along.
    fn is_there(&self, path: &Path) -> bool {
        for above in path.ancestors() {
            if self.empty.contains(above) {
                return above == path;
            }
            if self.full.contains(above) {
                return true;
            }
        }
        false
    }

    /// Makes the folders above a path, as far as they are not there.
    fn folders_to(&mut self, path: &Path) -> Result<(), SandboxError> {
        let above: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_owned).collect();
        for folder in above.into_iter().rev() {
            self.folder(&folder)?;
        }
        Ok(())
    }

    fn folder(&mut self, path: &Path) -> Result<(), SandboxError> {
        if !self.is_there(path) {
            self.writer.script.step_at("make a folder at", path);
            self.writer.folder(&self.at(path), 0o755)?;
            self.empty.insert(path.to_owned());
        }
        Ok(())
    }

    fn put(&mut self, piece: Piece) -> Result<(), SandboxError> {
        let path = piece.path;
        self.folders_to(&path)?;
        match &piece.what {
            What::Copy(_, Kind::File) if !self.is_there(&path) => {
                self.writer.script.step_at("make a file at", &path);
                self.writer.file(&self.at(&path), 0o644)?;
            }
            What::Copy(_, Kind::File) => {}
            What::Link(_) if self.is_there(&path) => return Ok(()),
            What::Link(target) => {
                self.writer.script.step_at("make a link at", &path);
                return self.writer.link(target, &self.at(&path));
            }
            _ => self.folder(&path)?,
        }
        self.writer.script.step_at("mount", &path);
        let at = self.at(&path);
        match piece.what {
            What::Copy(slot, _) => self.writer.place(slot, &at)?,
            What::Processes => {
                let flags = mount::RDONLY | mount::NOSUID | mount::NODEV | mount::NOEXEC;
                self.writer.mount("proc", &at, flags, "")?;
            }
            What::Temporary(size) => {
                let options = format!("mode=1777,size={size}");
                self.writer.mount("tmpfs", &at, mount::NOSUID | mount::NODEV, &options)?;
                self.empty.insert(path);
                return Ok(());
            }
            What::Devices(slots) => return self.devices(&at, &slots),
            What::Link(_) => {}
        }
        self.empty.remove(&path);
        self.full.insert(path);
        Ok(())
    }

    fn devices(&mut self, at: &Path, slots: &[Slot]) -> Result<(), SandboxError> {
        let plain = mount::NOSUID | mount::NOEXEC;
        self.writer.mount("tmpfs", at, plain, "mode=755,size=1m")?;
        for (name, slot) in DEVICES.iter().zip(slots) {
            self.writer.file(&at.join(name), 0o666)?;
            self.writer.place(*slot, &at.join(name))?;
        }
        let links = [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")];
        for (name, target) in links {
            self.writer.link(Path::new(target), &at.join(name))?;
        }
        self.writer.link(Path::new("pts/ptmx"), &at.join("ptmx"))?;
        self.writer.folder(&at.join("pts"), 0o755)?;
        self.writer.mount("devpts", &at.join("pts"), plain, "newinstance,ptmxmode=0666,mode=620")?;
        self.writer.folder(&at.join("shm"), 0o777)?;
        let options = format!("mode=1777,size={}", self.shared);
        self.writer.mount("tmpfs", &at.join("shm"), mount::NOSUID | mount::NODEV, &options)?;
        self.empty.insert("/dev".into());
        let there = DEVICES.iter().copied().chain(["pts", "shm"]);
        self.full.extend(there.map(|name| Path::new("/dev").join(name)));
        Ok(())
    }

    /// Covers what is hidden, and makes what is protected read-only where it lies. Folders above either that
    /// could be moved out of the way are mounted onto themselves, because a mount cannot be moved.
    fn guard(&mut self, view: &View<'_>) -> Result<(), SandboxError> {
        let visible: Vec<&Resolved> =
            view.hidden.iter().filter(|hidden| self.is_there(&hidden.path)).collect();
        let is_link = |guarded: &&Guarded| guarded.state == State::Link;
        if !visible.is_empty() || view.guarded.iter().any(|guarded| is_link(&guarded)) {
            self.writer.script.step("make a cover");
            self.writer.folder(&self.at(Path::new(EMPTY_FOLDER)), 0)?;
            self.writer.file(&self.at(Path::new(EMPTY_FILE)), 0)?;
        }
        let hidden: BTreeSet<&Path> = visible.iter().map(|hidden| hidden.path.as_path()).collect();
        let mut steps: BTreeSet<(PathBuf, Guard)> = BTreeSet::new();
        for guarded in view.guarded {
            steps.extend(guarded.pins.iter().map(|pin| (pin.clone(), Guard::Pin)));
            if !hidden.contains(guarded.path.as_path()) && !is_link(&guarded) {
                steps.insert((guarded.path.clone(), Guard::Protect));
            }
        }
        for one in visible {
            let cover = if one.is_folder { Guard::HideFolder } else { Guard::HideFile };
            steps.insert((one.path.clone(), cover));
        }
        let mut covered: Vec<PathBuf> = Vec::new();
        let mut read_only: Vec<PathBuf> = Vec::new();
        let below = |all: &[PathBuf], path: &Path| all.iter().any(|above| path.starts_with(above));
        for (path, guard) in steps {
            // What lies below something covered is gone; below something read-only it only needs covering.
            let hides = matches!(guard, Guard::HideFolder | Guard::HideFile);
            if below(&covered, &path) || !hides && below(&read_only, &path) {
                continue;
            }
            self.writer.script.step_at(guard.verb(), &path);
            let target = self.writer.open(&self.at(&path))?;
            let copy = match guard {
                Guard::HideFolder => self.writer.copy(&self.at(Path::new(EMPTY_FOLDER)))?,
                Guard::HideFile => self.writer.copy(&self.at(Path::new(EMPTY_FILE)))?,
                Guard::Pin | Guard::Protect => self.writer.copy_of(target),
            };
            if guard != Guard::Pin {
                self.writer.attributes(copy, mount::RDONLY | mount::NOSUID | mount::NODEV);
            }
            self.writer.place_on(copy, target);
            self.writer.close(target);
            match guard {
                Guard::HideFolder | Guard::HideFile => covered.push(path),
                Guard::Protect => read_only.push(path),
                Guard::Pin => {}
            }
        }
        let mut done = covered;
        done.extend(read_only);
        let links = view.guarded.iter().filter(is_link).map(|guarded| guarded.path.as_path());
        for link in links.filter(|link| !below(&done, link)).collect::<BTreeSet<_>>() {
            self.hold_link(link)?;
        }
        Ok(())
    }

    /// Shows files with another content, read-only.
    fn overlook(&mut self, view: &View<'_>) -> Result<(), SandboxError> {
        for (number, file) in view.overlooked.iter().enumerate() {
            let is_hidden = view.hidden.iter().any(|hidden| file.path.starts_with(&hidden.path));
            if is_hidden || !self.is_there(&file.path) {
                continue;
            }
            self.writer.script.step_at("add what is to be overlooked to", &file.path);
            let made = self.at(Path::new(&format!("/dev/.overlooked-{number}")));
            self.writer.file(&made, 0o644)?;
            self.writer.fill(&made, &file.content)?;
            let copy = self.writer.copy(&made)?;
            self.writer.attributes(copy, mount::RDONLY | mount::NOSUID | mount::NODEV);
            self.writer.place(copy, &self.at(&file.path))?;
        }
        Ok(())
    }

    /// Puts a link to a copy in the place of each file that is written to a copy.
    fn stand_in(&mut self, view: &View<'_>, copies: &[Slot]) -> Result<(), SandboxError> {
        for (number, (one, copy)) in view.stand_ins.iter().zip(copies).enumerate() {
            let is_hidden = view.hidden.iter().any(|hidden| one.path.starts_with(&hidden.path));
            let (Some(name), false, true) = (one.path.file_name(), is_hidden, self.is_there(&one.path))
            else {
                self.writer.close(*copy);
                continue;
            };
            self.writer.script.step_at("put a copy in the place of", &one.path);
            let seen = StandIn::seen(number);
            self.writer.folder(&self.at(&seen), 0o700)?;
            self.writer.place(*copy, &self.at(&seen))?;
            let link = self.at(&seen.with_extension("link"));
            self.writer.link(&seen.join(name), &link)?;
            let opened = self.writer.open_link(&link)?;
            let link = self.writer.copy_of(opened);
            self.writer.close(opened);
            self.writer.attributes(link, mount::RDONLY | mount::NOSUID | mount::NODEV);
            let target = self.writer.open(&self.at(&one.path))?;
            self.writer.place_on(link, target);
            self.writer.close(target);
        }
        Ok(())
    }

    /// Keeps a link from being replaced by mounting on the link itself: what it leads to, read-only, if that
    /// is a file. A folder cannot be mounted there; an empty file stands for it. All that is protected was
    /// mounted before, so this shows it as it is.
    fn hold_link(&mut self, link: &Path) -> Result<(), SandboxError> {
        let target =
            paths::resolve(link).ok().filter(|target| !target.is_folder && self.is_there(&target.path));
        let source = target.map_or_else(|| PathBuf::from(EMPTY_FILE), |target| target.path);
        self.writer.script.step_at("hold the link", link);
        let copy = self.writer.copy(&self.at(&source))?;
        self.writer.attributes(copy, mount::RDONLY | mount::NOSUID | mount::NODEV);
        let opened = self.writer.open_link(&self.at(link))?;
        self.writer.place_on(copy, opened);
        self.writer.close(opened);
        Ok(())
    }

    fn end(&mut self, view: &View<'_>) -> Result<(), SandboxError> {
        self.writer.script.step("close /dev");
        let dev = self.at(Path::new("/dev"));
        self.writer.attributes_at(&dev, mount::RDONLY, 0, 0)?;
        if view.reads.is_none() {
            return Ok(());
        }
        self.writer.script.step("enter the tree");
        self.writer.attributes_at(Path::new("."), mount::RDONLY, 0, 0)?;
        let here = self.writer.word(".");
        self.writer.script.call(libc::SYS_pivot_root, [here.into(), here.into()]);
        self.writer.script.call(libc::SYS_umount2, [here.into(), mount::DETACH.into()]);
        let root = self.writer.word("/");
        self.writer.script.call(libc::SYS_chdir, [root.into()]);
        Ok(())
    }
}

/// What is done at one guarded path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Guard {
    Pin,
    Protect,
    HideFolder,
    HideFile,
}

impl Guard {
    fn verb(self) -> &'static str {
        match self {
            Self::Pin => "hold in place",
            Self::Protect => "protect",
            Self::HideFolder | Self::HideFile => "hide",
        }
    }
}
