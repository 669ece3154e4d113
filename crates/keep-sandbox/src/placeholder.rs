//! Files and folders that stand where something protected does not exist.
//!
//! A mount needs something to lie on, so a protected path that is not there gets an empty file or folder on
//! the machine itself, for as long as runs need it. Each has a note in the sandbox's folder, locked by
//! every run that uses it: the last one out removes the placeholder, and when none could (a crash), whoever
//! opens the sandbox next. Removing it under a run would take the protection away, so it happens only under
//! the lock of all. What somebody put something into meanwhile is no placeholder any more and stays.

use crate::error::SandboxError;
use crate::paths::{self, Guarded, State};
use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, ResolveFlags, flock, openat2};
use rustix::io::Errno;
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

/// A placeholder in use by this run.
#[derive(Debug)]
pub(crate) struct Placeholder {
    note: File,
    at: PathBuf,
}

/// What a note says: which file or folder was made, and where.
struct Made {
    device: u64,
    inode: u64,
    path: PathBuf,
}

impl Placeholder {
    /// The lock itself, for a process that must hold it when this one is gone.
    pub(crate) fn lock(&self) -> Result<OwnedFd, SandboxError> {
        Ok(self.note.try_clone().map_err(SandboxError::doing("share the lock of a placeholder"))?.into())
    }
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        // One that cannot be removed now is removed by whoever opens the sandbox next.
        let _ = remove(&mut self.note, &self.at);
    }
}

/// Looks at a path that has to be guarded, and makes and holds a placeholder if nothing is there.
pub(crate) fn hold(
    folder: &Path,
    path: &Path,
    writable: &[PathBuf],
) -> Result<(Vec<Guarded>, Option<Placeholder>), SandboxError> {
    let failed = |source| SandboxError::Prepare { doing: format!("protect {}", path.display()), source };
    for _ in 0..MOST_TRIES {
        let mut all = paths::guard(path, writable).map_err(|why| failed(io::Error::other(why)))?;
        // Only the last one can be missing: what comes before it are links.
        let Some(guarded) = all.last_mut().filter(|last| last.state != State::Link) else {
            return Ok((all, None));
        };
        let at = folder.join(name_of(&guarded.path));
        let look = match guarded.state {
            State::NoFolder | State::NoFile => make(&at, guarded),
            State::Folder | State::File | State::Link => share(&at, guarded),
        };
        match look.map_err(failed)? {
            Look::Held(placeholder) => {
                guarded.state = match guarded.state {
                    State::NoFolder | State::Folder => State::Folder,
                    State::NoFile | State::File | State::Link => State::File,
                };
                return Ok((all, Some(placeholder)));
            }
            Look::Real => return Ok((all, None)),
            Look::Again => {}
        }
    }
    Err(failed(io::Error::other("what lies there keeps changing")))
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

/// What was found at a guarded path.
enum Look {
    /// A placeholder, which this run now holds.
    Held(Placeholder),
    /// The thing itself.
    Real,
    /// Something that changed meanwhile.
    Again,
}

fn make(at: &Path, guarded: &Guarded) -> io::Result<Look> {
    let Some(mut note) = lock(at)? else {
        return Ok(Look::Again);
    };
    let path = &guarded.path;
    let (above, name) = above(path)?;
    let made = match guarded.state {
        State::NoFolder => rustix::fs::mkdirat(&above, &name, Mode::RWXU),
        _ => {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::openat(&above, &name, flags, Mode::RUSR | Mode::WUSR).and_then(|file| {
                // So few bytes are written at once or not at all.
                rustix::io::write(&file, content_of(path)).map(drop)
            })
        }
    };
    match made {
        Ok(()) => {}
        // Another run was quicker, or somebody made the thing itself.
        Err(Errno::EXIST) => return Ok(Look::Again),
        Err(why) => return Err(why.into()),
    }
    let made = rustix::fs::statat(&above, &name, AtFlags::SYMLINK_NOFOLLOW)?;
    let mut line = format!("{} {} ", made.st_dev, made.st_ino).into_bytes();
    line.extend_from_slice(path.as_os_str().as_bytes());
    line.push(0);
    note.write_all(&line)?;
    Ok(Look::Held(Placeholder { note, at: at.to_owned() }))
}

/// Holds a placeholder that another run made.
fn share(at: &Path, guarded: &Guarded) -> io::Result<Look> {
    if !at.exists() {
        return Ok(Look::Real);
    }
    let Some(mut note) = lock(at)? else {
        return Ok(Look::Again);
    };
    let found = guarded.path.symlink_metadata()?;
    match last(&mut note)? {
        Some(made) if (made.device, made.inode) == (found.dev(), found.ino()) => {
            Ok(Look::Held(Placeholder { at: at.to_owned(), note }))
        }
        // A note of something that is gone; it is cleared away when the sandbox is opened next.
        _ => Ok(Look::Real),
    }
}

/// The last line of a note: earlier ones are of placeholders that are gone.
fn last(note: &mut File) -> io::Result<Option<Made>> {
    note.rewind()?;
    let mut bytes = Vec::new();
    note.read_to_end(&mut bytes)?;
    let Some(line) = bytes.split(|byte| *byte == 0).rev().nth(1) else {
        return Ok(None);
    };
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let (device, inode) = (number(), number());
    let path = parts.next().map(|path| PathBuf::from(OsString::from_vec(path.to_vec())));
    let made = device.zip(inode).zip(path);
    Ok(made.map(|((device, inode), path)| Made { device, inode, path }))
}

/// Removes a placeholder and its note, if no run uses them.
fn remove(note: &mut File, at: &Path) -> io::Result<()> {
    match flock(&*note, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(()),
        other => other?,
    }
    if !is_at(&note.metadata()?, at)? {
        return Ok(());
    }
    if let Some(made) = last(note)? {
        remove_made(&made)?;
    }
    fs::remove_file(at)
}

fn remove_made(made: &Made) -> io::Result<()> {
    let gone =
        |why: &io::Error| matches!(why.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::ELOOP));
    let (above, name) = match above(&made.path) {
        Err(why) if gone(&why) => return Ok(()),
        other => other?,
    };
    let found = match rustix::fs::statat(&above, &name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        other => other?,
    };
    if (found.st_dev, found.st_ino) != (made.device, made.inode) {
        return Ok(());
    }
    if FileType::from_raw_mode(found.st_mode).is_dir() {
        match rustix::fs::unlinkat(&above, &name, AtFlags::REMOVEDIR) {
            // Somebody put something into it.
            Err(Errno::NOTEMPTY) => {}
            other => other?,
        }
    } else if usize::try_from(found.st_size) == Ok(content_of(&made.path).len()) {
        rustix::fs::unlinkat(&above, &name, AtFlags::empty())?;
    }
    Ok(())
}

/// The folder above a path, opened without following a link: what stands there was looked at before, and a
/// confined run beside this one may have put a link in its place.
fn above(path: &Path) -> io::Result<(OwnedFd, OsString)> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let above = openat2(CWD, above, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?;
    Ok((above, name.to_owned()))
}

/// Removes what crashed runs left.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let at = entry?.path();
        match File::options().read(true).append(true).open(&at) {
            Ok(mut note) => left.push((last(&mut note)?.map(|made| made.path), note, at)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    // What lies in another placeholder goes before that one, which is only removed when it is empty.
    left.sort_by(|(one, ..), (other, ..)| other.cmp(one));
    left.iter_mut().try_for_each(|(_, note, at)| remove(note, at))
}
