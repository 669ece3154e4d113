//! Where a repository keeps what.

use super::error::ExposureError;
use super::settings::{self, Setting};
use super::tree::FILE;
use rustix::fs::{CWD, FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A `.git` file and its like hold one path.
const MAX_POINTER_BYTES: u64 = 8 << 10;
/// A configuration larger than this was not written by a person or by git.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// A repository's own folders, which for a linked working tree or a submodule lie elsewhere.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Where this working tree's index lies.
    pub(crate) git: PathBuf,
    /// What all working trees share: the configuration, the hooks.
    pub(crate) common: PathBuf,
}

impl Repository {
    /// The repository whose working tree has this root. None where there is no `.git`.
    pub(crate) fn at(root: &Path) -> Result<Option<Self>, ExposureError> {
        let dot_git = root.join(".git");
        let git = match std::fs::metadata(&dot_git) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ExposureError::file("looking at", &dot_git, error)),
            Ok(found) if found.is_dir() => dot_git,
            Ok(_) => {
                let pointer = read(&dot_git, MAX_POINTER_BYTES)?.unwrap_or_default();
                let why = "it should name the repository's folder after \"gitdir: \"";
                let target = pointer.strip_prefix(b"gitdir: ");
                let target = target.ok_or_else(|| ExposureError::Odd { path: dot_git.clone(), why })?;
                root.join(path_of(target))
            }
        };
        let shared = read(&git.join("commondir"), MAX_POINTER_BYTES)?;
        let common = shared.map_or_else(|| git.clone(), |shared| git.join(path_of(&shared)));
        Ok(Some(Self { git, common }))
    }

    /// The settings of the repository, then those of this working tree, with the files they are in.
    pub(crate) fn settings(&self) -> Result<Vec<(PathBuf, Setting)>, ExposureError> {
        let mut all = settings_in(&self.common.join("config"))?;
        if all.iter().any(|(_, setting)| setting.is("extensions", "worktreeconfig") && setting.is_true()) {
            all.extend(settings_in(&self.git.join("config.worktree"))?);
        }
        Ok(all)
    }
}

fn settings_in(path: &Path) -> Result<Vec<(PathBuf, Setting)>, ExposureError> {
    let bytes = read(path, MAX_SETTINGS_BYTES)?.unwrap_or_default();
    let settings = settings::parse(&bytes);
    let settings = settings.map_err(|line| ExposureError::Settings { path: path.to_owned(), line })?;
    Ok(settings.into_iter().map(|setting| (path.to_owned(), setting)).collect())
}

/// One path on one line.
fn path_of(line: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(line.trim_ascii_end()))
}

/// Reads a small regular file of git's. None when there is none.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, ExposureError> {
    open(path)?.map(|(file, _)| read_all(file, path, most)).transpose()
}

/// Reads an opened file to its end, if that comes soon enough.
pub(super) fn read_all(file: File, path: &Path, most: u64) -> Result<Vec<u8>, ExposureError> {
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| ExposureError::file("reading", path, error))?;
    if bytes.len() as u64 > most {
        return Err(ExposureError::Odd { path: path.to_owned(), why: "it is too large" });
    }
    Ok(bytes)
}

/// Opens a regular file of git's. Links are followed, as git does: what lies behind them is read only as
/// what it should be. None when there is no file.
pub(super) fn open(path: &Path) -> Result<Option<(File, Stat)>, ExposureError> {
    let handle = match openat(CWD, path, FILE.difference(OFlags::NOFOLLOW), Mode::empty()) {
        Ok(handle) => handle,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        Err(error) => return Err(ExposureError::file("opening", path, error)),
    };
    let stat = fstat(&handle).map_err(|error| ExposureError::file("looking at", path, error))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ExposureError::Odd { path: path.to_owned(), why: "it is no regular file" });
    }
    Ok(Some((File::from(handle), stat)))
}
