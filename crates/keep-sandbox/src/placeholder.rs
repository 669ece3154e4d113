//! Files and folders that stand where something protected does not exist.
//!
//! A mount needs something to lie on, so a protected path that is not there gets an empty file or folder on
//! the machine itself, for as long as runs need it. Those of one folder share a note in the sandbox's folder,
//! locked by every run that uses any of them (one note for each would make every start longer by a file and a
//! lock for each): the last one out removes the placeholders, and when none could (a crash), whoever
//! opens the sandbox next. Removing one under a run would take the protection away, so it happens only under
//! the lock of all. What somebody put something into meanwhile is no placeholder any more and stays.

use crate::error::SandboxError;
use crate::paths::{self, Guarded, State};
use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, ResolveFlags, flock, openat2};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How often what lies at a path may change while it is looked at before that is an error.
const MOST_TRIES: usize = 16;

/// The placeholders in use by a run.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    /// By folder: one may lie in a folder that is one, too.
    groups: Vec<Group>,
}

/// Those of one folder.
#[derive(Debug)]
struct Group {
    /// The folder that they lie in, opened where no link led.
    folder: PathBuf,
    above: OwnedFd,
    note: File,
    at: PathBuf,
    /// How much of the note was read, and what it said.
    read: u64,
    known: HashMap<PathBuf, (u64, u64)>,
}

/// What a note says: which file or folder was made, and where.
struct Made {
    device: u64,
    inode: u64,
    path: PathBuf,
}

impl Placeholders {
    /// The locks themselves, for a process that must hold them when this one is gone.
    pub(crate) fn locks(&self) -> Result<Vec<OwnedFd>, SandboxError> {
        let share = |group: &Group| group.note.try_clone().map(OwnedFd::from);
        let shared = self.groups.iter().map(share).collect::<io::Result<_>>();
        shared.map_err(SandboxError::doing("share the lock of a placeholder"))
    }

    /// Lets go of all of them.
    pub(crate) fn clear(&mut self) {
        // What lies in another goes before that one.
        self.groups.sort_by(|one, other| other.folder.cmp(&one.folder));
        for mut group in self.groups.drain(..) {
            // What cannot be removed now is removed by whoever opens the sandbox next.
            let _ = remove(&mut group.note, &group.at);
        }
    }

    /// Looks at a path that has to be guarded, and makes a placeholder if nothing is there. Says whether one is.
    pub(crate) fn hold(
        &mut self,
        notes: &Path,
        path: &Path,
        writable: &[PathBuf],
    ) -> Result<(Vec<Guarded>, bool), SandboxError> {
        let failed = |source| SandboxError::Prepare { doing: format!("protect {}", path.display()), source };
        for _ in 0..MOST_TRIES {
            let mut all = paths::guard(path, writable).map_err(|why| failed(io::Error::other(why)))?;
            // Only the last one can be missing: what comes before it are links.
            let Some(guarded) = all.last_mut().filter(|last| last.state != State::Link) else {
                return Ok((all, false));
            };
            match self.look(notes, guarded).map_err(failed)? {
                Look::Held => return Ok((all, true)),
                Look::Real => return Ok((all, false)),
                Look::Again => {}
            }
        }
        Err(failed(io::Error::other("what lies there keeps changing")))
    }

    fn look(&mut self, notes: &Path, guarded: &mut Guarded) -> io::Result<Look> {
        let folder = guarded.path.parent().unwrap_or(Path::new("/"));
        let missing = matches!(guarded.state, State::NoFolder | State::NoFile);
        let Some(group) = self.groups.iter_mut().find(|group| group.folder == folder) else {
            let at = notes.join(name_of(folder));
            if !missing && !at.exists() {
                return Ok(Look::Real);
            }
            // What was seen was seen without the lock.
            self.groups.extend(Group::join(folder, &at)?);
            return Ok(Look::Again);
        };
        if !missing {
            return Ok(if group.made(&guarded.path)? { Look::Held } else { Look::Real });
        }
        if !group.make(guarded)? {
            return Ok(Look::Again);
        }
        guarded.state = if guarded.state == State::NoFolder { State::Folder } else { State::File };
        Ok(Look::Held)
    }
}

impl Drop for Placeholders {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What was found at a guarded path.
enum Look {
    /// A placeholder, which this run now holds.
    Held,
    /// The thing itself.
    Real,
    /// Something that changed meanwhile.
    Again,
}

impl Group {
    /// Locks the note of a folder together with other runs; nothing when it went meanwhile.
    fn join(folder: &Path, at: &Path) -> io::Result<Option<Self>> {
        let above = opened(folder)?;
        let group = |note| Self {
            folder: folder.to_owned(),
            above,
            note,
            at: at.to_owned(),
            read: 0,
            known: HashMap::new(),
        };
        Ok(lock(at)?.map(group))
    }

    /// Makes what stands where nothing is, unless something is there by now.
    fn make(&mut self, guarded: &Guarded) -> io::Result<bool> {
        let path = &guarded.path;
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let made = match guarded.state {
            State::NoFolder => rustix::fs::mkdirat(&self.above, name, Mode::RWXU),
            _ => {
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&self.above, name, flags, Mode::RUSR | Mode::WUSR);
                // So few bytes are written at once or not at all.
                file.and_then(|file| rustix::io::write(&file, content_of(path)).map(drop))
            }
        };
        match made {
            Ok(()) => {}
            // Another run was quicker, or somebody made the thing itself.
            Err(Errno::EXIST) => return Ok(false),
            Err(why) => return Err(why.into()),
        }
        let made = rustix::fs::statat(&self.above, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let mut line = format!("{} {} ", made.st_dev, made.st_ino).into_bytes();
        line.extend_from_slice(path.as_os_str().as_bytes());
        line.push(0);
        self.note.write_all(&line)?;
        self.known.insert(path.clone(), (made.st_dev, made.st_ino));
        Ok(true)
    }

    /// Whether what lies at a path is a placeholder, of whichever run.
    fn made(&mut self, path: &Path) -> io::Result<bool> {
        let length = self.note.metadata()?.len();
        if self.read != length {
            self.read = length;
            self.known =
                all_made(&mut self.note)?.map(|made| (made.path, (made.device, made.inode))).collect();
        }
        let Some(known) = self.known.get(path) else { return Ok(false) };
        let found = path.symlink_metadata()?;
        Ok(*known == (found.dev(), found.ino()))
    }
}

/// What a placeholder holds. Git takes an empty `commondir` for a damaged repository, and this one for the
/// repository itself.
fn content_of(path: &Path) -> &'static [u8] {
    if path.file_name().is_some_and(|name| name == "commondir") { b".\n" } else { b"" }
}

fn name_of(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Locks a note together with other runs; nothing when it was removed before the lock was there.
fn lock(at: &Path) -> io::Result<Option<File>> {
    let note = File::options().read(true).append(true).create(true).open(at)?;
    flock(&note, FlockOperation::LockShared)?;
    Ok(is_at(&note.metadata()?, at)?.then_some(note))
}

fn is_at(known: &Metadata, path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(found) => Ok((found.dev(), found.ino()) == (known.dev(), known.ino())),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

/// All that a note says, the first line first. Several may be about one path: then the last counts.
fn all_made(note: &mut File) -> io::Result<impl DoubleEndedIterator<Item = Made> + use<>> {
    note.rewind()?;
    let mut bytes = Vec::new();
    note.read_to_end(&mut bytes)?;
    // What comes behind the last end of a line was not written whole.
    let whole = bytes.iter().rposition(|byte| *byte == 0).unwrap_or(0);
    let lines: Vec<Made> = bytes[..whole].split(|byte| *byte == 0).filter_map(parsed).collect();
    Ok(lines.into_iter())
}

fn parsed(line: &[u8]) -> Option<Made> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let (device, inode) = (number()?, number()?);
    Some(Made { device, inode, path: PathBuf::from(OsString::from_vec(parts.next()?.to_vec())) })
}

/// Removes the placeholders of a note and the note, if no run uses them.
fn remove(note: &mut File, at: &Path) -> io::Result<()> {
    match flock(&*note, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(()),
        other => other?,
    }
    if !is_at(&note.metadata()?, at)? {
        return Ok(());
    }
    let mut folder: Option<(PathBuf, OwnedFd)> = None;
    for made in all_made(note)?.rev() {
        remove_made(&made, &mut folder)?;
    }
    fs::remove_file(at)
}

/// Removes one, in the folder that the one before lay in if it is the same.
fn remove_made(made: &Made, folder: &mut Option<(PathBuf, OwnedFd)>) -> io::Result<()> {
    let gone =
        |why: &io::Error| matches!(why.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP));
    let (Some(parent), Some(name)) = (made.path.parent(), made.path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    if folder.as_ref().is_none_or(|(known, _)| known != parent) {
        *folder = match opened(parent) {
            Err(why) if gone(&why) => return Ok(()),
            other => Some((parent.to_owned(), other?)),
        };
    }
    let Some((_, above)) = folder else { return Ok(()) };
    let found = match rustix::fs::statat(&*above, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        other => other?,
    };
    if (found.st_dev, found.st_ino) != (made.device, made.inode) {
        return Ok(());
    }
    if FileType::from_raw_mode(found.st_mode).is_dir() {
        match rustix::fs::unlinkat(&*above, name, AtFlags::REMOVEDIR) {
            // Somebody put something into it.
            Err(Errno::NOTEMPTY) => {}
            other => other?,
        }
    } else if usize::try_from(found.st_size) == Ok(content_of(&made.path).len()) {
        rustix::fs::unlinkat(&*above, name, AtFlags::empty())?;
    }
    Ok(())
}

/// A folder, opened without following a link: what stands there was looked at before, and a confined run beside
/// this one may have put a link in its place.
fn opened(folder: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat2(CWD, folder, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?)
}

/// Removes what crashed runs left.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let at = entry?.path();
        match File::options().read(true).append(true).open(&at) {
            Ok(mut note) => left.push((all_made(&mut note)?.next().map(|made| made.path), note, at)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    // What lies in another placeholder goes before that one, which is only removed when it is empty.
    left.sort_by(|(one, ..), (other, ..)| other.cmp(one));
    left.iter_mut().try_for_each(|(_, note, at)| remove(note, at))
}
