//! The settings of a run's repository: the run gets a copy to write to, and what it wrote is taken over when it
//! ends, if it is harmless.

use crate::acts::RunCommand;
use crate::engine::ExecConfig;
use crate::error::ExecError;
use crate::run::{Changing, Written};
use crate::settings::changes;
use keep_gate::Started;
use keep_policy::Profile;
use keep_sandbox::StandIn;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, fstat, openat2, renameat, unlinkat};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Longer is nobody's settings.
const MOST_BYTES: u64 = 1 << 20;
const NAME: &str = "config";
/// As git calls it, so that git and Keep keep out of each other's way.
const LOCK: &str = "config.lock";

/// A copy of a repository's settings, for one run.
#[derive(Debug)]
pub(crate) struct Copied {
    /// The folder of the repository, as it was.
    git: PathBuf,
    before: Vec<u8>,
    folder: PathBuf,
}

impl Copied {
    /// What stands in for the settings while the run goes on.
    pub(super) fn stand_in(&self) -> StandIn {
        StandIn { path: self.git.join(NAME), folder: self.folder.clone() }
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        // What stays is removed by a later run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes the copy. Nothing where the run may not change its workspace at once, or there are no plain settings.
pub(super) fn copied(act: &RunCommand, config: &ExecConfig) -> Result<Option<Copied>, ExecError> {
    let changes = act.changing == Changing::AtOnce
        && matches!(act.confinement.profile, Profile::Workspace | Profile::Network)
        && act.confinement.writes.contains(&act.workspace);
    let git = act.workspace.join(".git");
    let Some(before) = changes.then(|| opened(&git).ok()).flatten().and_then(|git| read(&git).ok()) else {
        return Ok(None);
    };
    let all = config.state.join("settings");
    keep_db::create_private_folder(&all)?;
    sweep(&all);
    // A path to which no link leads, as the sandbox wants it.
    let all = all.canonicalize().map_err(|error| ExecError::file("finding", &all, error))?;
    let folder = all.join(name());
    let made =
        DirBuilder::new().mode(0o700).create(&folder).and_then(|()| fs::write(folder.join(NAME), &before));
    made.map_err(|error| ExecError::file("copying settings to", &folder, error))?;
    Ok(Some(Copied { git, before, folder }))
}

/// A name that says which process uses the folder.
fn name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Removes what processes left that were killed; one of this number that is gone never comes back to it.
fn sweep(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let maker = entry.file_name().to_str().and_then(|name| name.split('-').next().map(str::to_owned));
        if maker.is_some_and(|maker| !Path::new("/proc").join(maker).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The folder of a repository, to which no link leads.
fn opened(git: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat2(CWD, git, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?)
}

/// The settings in a folder: a small file and no link.
fn read(folder: &OwnedFd) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat2(folder, NAME, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)?);
    let found = file.metadata()?;
    if !found.is_file() || found.len() > MOST_BYTES {
        return Err(io::Error::other("these are no settings"));
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes over what a run that is over wrote, or says why not.
pub(crate) fn take_over(_: &Started<RunCommand>, copied: &Copied) -> Written {
    match take(copied) {
        Ok(names) if names.is_empty() => Written::Nothing,
        Ok(names) => Written::Taken(names),
        Err(why) => Written::Refused(why),
    }
}

fn take(copied: &Copied) -> Result<Vec<String>, String> {
    let words = |error: io::Error| error.to_string();
    let after = opened(&copied.folder).and_then(|folder| read(&folder)).map_err(words)?;
    if after == copied.before {
        return Ok(Vec::new());
    }
    let names = changes(&copied.before, &after)?;
    let git = opened(&copied.git).map_err(words)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let lock = match rustix::fs::openat(&git, LOCK, flags, Mode::RUSR | Mode::WUSR) {
        Err(Errno::EXIST) => return Err("somebody else is just changing them".to_owned()),
        other => other.map_err(|error| words(error.into()))?,
    };
    let written = replace(&git, File::from(lock), copied, &after);
    if written.is_err() {
        // The step before this failed and is what is reported.
        let _ = unlinkat(&git, LOCK, AtFlags::empty());
    }
    written.map(|()| names)
}

/// Under git's own lock: the file is what the run began with, and then it is what the run wrote.
fn replace(git: &OwnedFd, mut lock: File, copied: &Copied, after: &[u8]) -> Result<(), String> {
    let words = |error: io::Error| error.to_string();
    if read(git).map_err(words)? != copied.before {
        return Err("somebody changed them meanwhile".to_owned());
    }
    let mut replace = || -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let old = fstat(rustix::fs::openat(git, NAME, flags, Mode::empty())?)?;
        rustix::fs::fchmod(&lock, Mode::from_raw_mode(old.st_mode & 0o777))?;
        lock.write_all(after)?;
        lock.sync_all()?;
        renameat(git, LOCK, git, NAME)?;
        rustix::fs::fsync(git)?;
        Ok(())
    };
    replace().map_err(words)
}
