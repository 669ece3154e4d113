//! Keep's `pre-commit` hook: put into a repository, taken out, looked at. Git is never run, and nobody
//! else's hook is touched.

#[cfg(test)]
pub(crate) mod tests;

use crate::exposure::ExposureError;
use crate::exposure::git::Repository;
use crate::exposure::tree::{FILE, FOLDER};
use keep_gate::Started;
use keep_types::Act;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, fchmod, fstat, fsync, mkdirat, openat, renameat,
    renameat_with, unlinkat,
};
use rustix::io::Errno;
use serde::Serialize;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const NAME: &str = "pre-commit";
/// The first lines of our hook. The second is how we know it again.
const HEAD: &[u8] =
    b"#!/bin/sh\n# Keep's hook: Keep replaces and removes this file as long as this line stands.\n";
/// A hook of ours has a few hundred bytes; of another one no more than the head is looked at.
const MAX_HOOK_BYTES: u64 = 64 << 10;
/// Git passes over a hook that is not executable, with a mere hint; and others who may use the
/// repository must be able to run it too. Only its owner may write it, as it runs with each commit.
const MODE: Mode = Mode::RWXU.union(Mode::RGRP).union(Mode::XGRP).union(Mode::ROTH).union(Mode::XOTH);

/// How things stand with the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HookState {
    /// There is no hook.
    Absent,
    /// Keep's hook is there and runs this program.
    Installed,
    /// Keep's hook is there but runs another program, or is not executable.
    Outdated,
    /// There is a hook that Keep did not write.
    Other,
    /// The repository's configuration may make git look for hooks elsewhere.
    Elsewhere,
}

/// Puts the hook into the repository with this root, or brings ours up to date. The program is called
/// with `secret check` and what git gives the hook, and a failure of it stops the commit.
///
/// What the user's own configuration (outside the repository) says about hooks is not looked at.
///
/// # Errors
/// When this is no repository, when git may look for hooks elsewhere, when another hook is there (both
/// name the line to add to it), or when a file operation fails.
pub fn install<A: Act>(_: &Started<A>, root: &Path, program: &Path) -> Result<HookState, ExposureError> {
    put_in(root, program)
}

fn put_in(root: &Path, program: &Path) -> Result<HookState, ExposureError> {
    if !program.is_absolute() {
        return Err(ExposureError::RelativeProgram(program.to_owned()));
    }
    let place = Place::of(root)?;
    if let Some((path, why)) = place.elsewhere()? {
        return Err(ExposureError::HooksElsewhere { path, why, line: shown_line(program) });
    }
    let folder = place.folder(Missing::Make)?;
    let folder = folder.ok_or_else(|| place.failed("opening the folder", Errno::NOENT))?;
    let existing = place.hook(&folder)?;
    match existing {
        Some(Hook { is_ours: false, .. }) => {
            return Err(ExposureError::OtherHook { path: place.path(), line: shown_line(program) });
        }
        Some(hook) if hook.state(program) == HookState::Installed => {}
        Some(_) => place.write(&folder, program, Existing::Replace)?,
        None => place.write(&folder, program, Existing::Keep)?,
    }
    Ok(HookState::Installed)
}

/// Takes our hook out of the repository with this root, and says how things stand then: another hook
/// stays.
///
/// # Errors
/// When this is no repository, or when a file operation fails.
pub fn remove<A: Act>(_: &Started<A>, root: &Path) -> Result<HookState, ExposureError> {
    take_out(root)
}

fn take_out(root: &Path) -> Result<HookState, ExposureError> {
    let place = Place::of(root)?;
    let Some(folder) = place.folder(Missing::Leave)? else { return Ok(HookState::Absent) };
    match place.hook(&folder)? {
        None => Ok(HookState::Absent),
        Some(Hook { is_ours: false, .. }) => Ok(HookState::Other),
        Some(_) => {
            unlinkat(&folder, NAME, AtFlags::empty()).map_err(|error| place.failed("removing", error))?;
            fsync(&folder).map_err(|error| place.failed("syncing the folder of", error))?;
            Ok(HookState::Absent)
        }
    }
}

/// How things stand with the hook of the repository with this root, if it is to run this program.
///
/// # Errors
/// When this is no repository, or when a file operation fails.
pub fn state(root: &Path, program: &Path) -> Result<HookState, ExposureError> {
    let place = Place::of(root)?;
    if place.elsewhere()?.is_some() {
        return Ok(HookState::Elsewhere);
    }
    let Some(folder) = place.folder(Missing::Leave)? else { return Ok(HookState::Absent) };
    Ok(place.hook(&folder)?.map_or(HookState::Absent, |hook| hook.state(program)))
}

/// A hook that is there.
struct Hook {
    is_ours: bool,
    is_executable: bool,
    bytes: Vec<u8>,
}

impl Hook {
    fn state(&self, program: &Path) -> HookState {
        match (self.is_ours, self.is_executable && self.bytes == script(program)) {
            (false, _) => HookState::Other,
            (true, true) => HookState::Installed,
            (true, false) => HookState::Outdated,
        }
    }
}

/// What to do when there is no folder for hooks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}

/// What to do with a hook that appears while ours is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Replace,
    Keep,
}

/// Where a repository has its hooks.
struct Place {
    repository: Repository,
    hooks: PathBuf,
}

impl Place {
    fn of(root: &Path) -> Result<Self, ExposureError> {
        let found = Repository::at(root)?;
        let repository = found.ok_or_else(|| ExposureError::NoRepository(root.to_owned()))?;
        let hooks = repository.common.join("hooks");
        Ok(Self { repository, hooks })
    }

    fn path(&self) -> PathBuf {
        self.hooks.join(NAME)
    }

    fn failed(&self, doing: &'static str, error: impl Into<std::io::Error>) -> ExposureError {
        ExposureError::file(doing, &self.path(), error)
    }

    /// The configuration that may lead git elsewhere, and what it does.
    fn elsewhere(&self) -> Result<Option<(PathBuf, &'static str)>, ExposureError> {
        let settings = self.repository.settings()?;
        Ok(settings.into_iter().find_map(|(path, setting)| match () {
            () if setting.is("core", "hookspath") => Some((path, "sets core.hooksPath")),
            // What an included file says is not read: it may lie anywhere and include more.
            () if matches!(&*setting.section, "include" | "includeif") => {
                Some((path, "includes other files"))
            }
            () => None,
        }))
    }

    /// The folder of the hooks. A `.git` file can name any folder, so one that does not look like a
    /// repository's gets no program written into it; nor does one behind a link.
    fn folder(&self, missing: Missing) -> Result<Option<OwnedFd>, ExposureError> {
        let common = &self.repository.common;
        let is_repository = common.join("HEAD").is_file() && common.join("objects").is_dir();
        if !is_repository {
            let why = "a repository has a HEAD and objects there";
            return Err(ExposureError::Odd { path: common.clone(), why });
        }
        let opening = |error| ExposureError::file("opening the folder", &self.hooks, error);
        let parent = openat(CWD, common, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty());
        let parent = parent.map_err(|error| ExposureError::file("opening the folder", common, error))?;
        if missing == Missing::Make {
            match mkdirat(&parent, "hooks", Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(ExposureError::file("making the folder", &self.hooks, error)),
            }
        }
        match openat(&parent, "hooks", FOLDER, Mode::empty()) {
            Ok(folder) => Ok(Some(folder)),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                Err(ExposureError::Odd { path: self.hooks.clone(), why: "it is a link or no folder" })
            }
            Err(error) => Err(opening(error)),
        }
    }

    /// The hook that is there. A link or a folder of its name counts as somebody else's.
    fn hook(&self, folder: &OwnedFd) -> Result<Option<Hook>, ExposureError> {
        let other = Hook { is_ours: false, is_executable: false, bytes: Vec::new() };
        let handle = match openat(folder, NAME, FILE, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NXIO) => return Ok(Some(other)),
            Err(error) => return Err(self.failed("opening", error)),
        };
        let stat = fstat(&handle).map_err(|error| self.failed("looking at", error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(Some(other));
        }
        let mut bytes = Vec::new();
        let read = File::from(handle).take(MAX_HOOK_BYTES).read_to_end(&mut bytes);
        read.map_err(|error| self.failed("reading", error))?;
        let is_executable = Mode::from_raw_mode(stat.st_mode).contains(Mode::XUSR);
        Ok(Some(Hook { is_ours: bytes.starts_with(HEAD), is_executable, bytes }))
    }

    /// Temporary file, mode, fsync, rename, fsync of the folder: git never meets half a script, and one
    /// that is not executable never has the hook's name.
    fn write(&self, folder: &OwnedFd, program: &Path, existing: Existing) -> Result<(), ExposureError> {
        let temporary = format!(".{NAME}.new-{}", std::process::id());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A leftover of a process that had our number and died here.
        let _ = unlinkat(folder, &temporary, AtFlags::empty());
        let handle = openat(folder, &temporary, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(handle.map_err(|error| self.failed("writing", error))?);
        let written = file
            .write_all(&script(program))
            // Through the handle, so that neither the umask nor a swapped file has a say.
            .and_then(|()| Ok(fchmod(&file, MODE)?))
            .and_then(|()| file.sync_all())
            .map_err(|error| self.failed("writing", error))
            .and_then(|()| self.put(folder, &temporary, program, existing));
        if let Err(error) = written {
            // The step before this failed and is what is reported; a leftover is only untidy.
            let _ = unlinkat(folder, &temporary, AtFlags::empty());
            return Err(error);
        }
        fsync(folder).map_err(|error| self.failed("syncing the folder of", error))
    }

    fn put(
        &self,
        folder: &OwnedFd,
        from: &str,
        program: &Path,
        existing: Existing,
    ) -> Result<(), ExposureError> {
        let put = match existing {
            Existing::Replace => renameat(folder, from, folder, NAME),
            Existing::Keep => match renameat_with(folder, from, folder, NAME, RenameFlags::NOREPLACE) {
                // A file system that cannot promise it; the look just before must do.
                Err(Errno::INVAL | Errno::NOSYS) => renameat(folder, from, folder, NAME),
                put => put,
            },
        };
        match put {
            Err(Errno::EXIST) => {
                Err(ExposureError::OtherHook { path: self.path(), line: shown_line(program) })
            }
            put => put.map_err(|error| self.failed("replacing", error)),
        }
    }
}

/// The whole hook. When the program is gone the shell fails, and with it the commit, which
/// `git commit --no-verify` gets past.
fn script(program: &Path) -> Vec<u8> {
    [HEAD, b"exec ", &command(program), b"\n"].concat()
}

/// What another hook needs to do the same.
fn shown_line(program: &Path) -> String {
    format!("{} || exit 1", String::from_utf8_lossy(&command(program)))
}

/// In single quotes nothing means anything to a shell but a single quote.
fn command(program: &Path) -> Vec<u8> {
    let mut command = vec![b'\''];
    for byte in program.as_os_str().as_bytes() {
        match byte {
            b'\'' => command.extend_from_slice(b"'\\''"),
            other => command.push(*other),
        }
    }
    command.extend_from_slice(b"' secret check \"$@\"");
    command
}
