//! A folder for each run in a container: what the container needs of ours, and what is known of it when its
//! caller is gone.

use super::connection::Connection;
use crate::error::SandboxError;
use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a container of ours is marked with, for a person who looks at the engine.
pub(super) const LABEL: &str = "keep.sandbox";

/// The program in the folder that the container sees.
pub(super) const STAGE: &str = "stage";

/// The note of one run, removed with it.
#[derive(Debug)]
pub(super) struct Note {
    folder: TempDir,
    /// Held for as long as somebody will remove the container.
    _lock: File,
}

impl Note {
    /// Makes the folder, and notes where the container will be before it is.
    pub(super) fn make(
        state: &Path,
        connection: &Connection,
        user: (u32, u32),
    ) -> Result<Self, SandboxError> {
        let doing = || SandboxError::doing("make a folder for a container");
        let above = folder_of(state);
        DirBuilder::new().recursive(true).mode(0o700).create(&above).map_err(doing())?;
        let folder = tempfile::Builder::new().prefix("keep-").tempdir_in(&above).map_err(doing())?;
        let lock = private(&folder.path().join("note"), 0o600).map_err(doing())?;
        flock(&lock, FlockOperation::LockExclusive).map_err(io::Error::from).map_err(doing())?;
        let (major, minor) = connection.version();
        let socket = connection.socket().display();
        writeln!(&lock, "{major} {minor} {socket}").map_err(doing())?;
        let note = Self { folder, _lock: lock };
        note.fill(user).map_err(doing())?;
        Ok(note)
    }

    fn fill(&self, (user, group): (u32, u32)) -> io::Result<()> {
        let make = |path: &Path, mode| DirBuilder::new().mode(mode).create(path);
        make(&self.inside(), 0o700)?;
        make(&self.cover(true), 0)?;
        private(&self.cover(false), 0)?;
        let stage = self.inside().join(STAGE);
        private(&stage, 0o500)?.write_all(crate::stage::PROGRAM)?;
        if rustix::process::geteuid().is_root() {
            for path in [&self.inside(), &stage] {
                std::os::unix::fs::chown(path, Some(user), Some(group))?;
            }
        }
        Ok(())
    }

    /// The folder that the container sees.
    pub(super) fn inside(&self) -> PathBuf {
        self.folder.path().join("inside")
    }

    /// What covers something hidden: nobody may open either.
    pub(super) fn cover(&self, is_folder: bool) -> PathBuf {
        self.folder.path().join(if is_folder { "folder" } else { "file" })
    }

    /// Leaves the folder for whoever tidies up.
    pub(super) fn keep(self) {
        let _ = self.folder.keep();
    }

    /// The name of the container.
    pub(super) fn container(&self) -> String {
        container(self.folder.path())
    }
}

/// The container of a note: told apart from those of another installation.
fn container(folder: &Path) -> String {
    let hash = blake3::hash(folder.as_os_str().as_encoded_bytes());
    format!("keep-{}", &hash.to_hex()[..24])
}

fn folder_of(state: &Path) -> PathBuf {
    state.join("containers")
}

fn private(path: &Path, mode: u32) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
    Ok(file)
}

/// Removes containers whose callers are gone. What cannot be removed now, because the engine is not there, is
/// left for another time.
pub(crate) fn sweep(state: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder_of(state)) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let folder = entry?.path();
        let Ok(note) = File::options().read(true).write(true).open(folder.join("note")) else {
            continue;
        };
        match flock(&note, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => continue,
            other => other?,
        }
        let text = io::read_to_string(&note)?;
        if remove(&text, &folder).is_some() {
            fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

/// Removes one container; nothing when that failed.
fn remove(note: &str, folder: &Path) -> Option<()> {
    let mut parts = note.trim_end().splitn(3, ' ');
    let mut number = || parts.next()?.parse().ok();
    let version = (number()?, number()?);
    let connection = Connection::known(parts.next()?.into(), version);
    super::run::remove(&connection, &container(folder)).ok()
}
