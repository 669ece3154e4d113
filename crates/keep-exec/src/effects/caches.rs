//! Caches of a project: what package managers and build tools write below the home folder when a run of the
//! project starts them. It lies apart, for runs of this project alone: an unconfined program that trusted what a
//! confined one wrote there would do as it says.

use crate::acts::{ForgetCaches, LookAtRuns, RunCommand};
use crate::caches::CacheView;
use crate::confine::Confinement;
use crate::engine::ExecConfig;
use crate::error::ExecError;
use keep_gate::{Permit, Started};
use keep_policy::Profile;
use keep_sandbox::{Apart, caches};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often it is looked how much lies apart: going through many files takes a while.
const LOOK: Duration = Duration::from_secs(3_600);
/// What no run of a project used for so long goes.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Says whose caches these are; its time is that of the last run.
const OF: &str = "of";

fn all(config: &ExecConfig) -> PathBuf {
    config.state.join("caches")
}

/// Where the caches of a workspace lie.
fn home_of(config: &ExecConfig, workspace: &Path) -> PathBuf {
    let print = Sha256::digest(workspace.as_os_str().as_bytes());
    all(config).join(print.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Whether a run of this kind has caches that it may change: one that changes its workspace. What runs with full
/// trust must not obey what others wrote, and what only reads changes nothing.
fn has_caches(confinement: &Confinement) -> bool {
    matches!(confinement.profile, Profile::Workspace | Profile::Network) && !confinement.writes.is_empty()
}

/// Takes the caches of a run's project, for this run alone. Nothing where it has none, or so many runs go on that
/// all places are taken: its caches are then only read.
pub(super) fn taken(act: &RunCommand, config: &ExecConfig) -> Result<Option<Arc<Apart>>, ExecError> {
    if config.cache_bytes == 0 || !has_caches(&act.confinement) {
        return Ok(None);
    }
    let home = home_of(config, &act.workspace);
    keep_db::create_private_folder(&home)?;
    used(&home, &act.workspace).map_err(|error| ExecError::file("marking", &home, error))?;
    let path = act.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value);
    let folders: Vec<PathBuf> = caches(&config.home)
        .into_iter()
        .filter(|folder| folder.exists() || is_wanted(folder, &config.home, path))
        .collect();
    let taken = Apart::take(&home, &folders, config.concurrent).map_err(failed)?;
    Ok(taken.map(Arc::new))
}

/// Whether one that is not there yet is to be had nevertheless. A home folder does not fill with folders of
/// programs that are not on this machine.
fn is_wanted(folder: &Path, home: &Path, path: Option<&OsString>) -> bool {
    match folder.strip_prefix(home).ok().and_then(Path::to_str) {
        Some(".npm") => {
            path.is_some_and(|path| std::env::split_paths(path).any(|one| one.join("npm").exists()))
        }
        Some(".cache") => true,
        // Below a program's own folder, which is there when the program is used.
        Some(name) => {
            name.contains('/') && !name.starts_with(".local/") && folder.parent().is_some_and(Path::exists)
        }
        None => false,
    }
}

fn used(home: &Path, workspace: &Path) -> io::Result<()> {
    let of = home.join(OF);
    match File::options().append(true).open(&of) {
        Ok(file) => file.set_modified(SystemTime::now()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            keep_db::replace_file(&of, workspace.as_os_str().as_bytes()).map_err(io::Error::other)
        }
        Err(error) => Err(error),
    }
}

fn failed(error: keep_sandbox::layer::LayerError) -> ExecError {
    ExecError::Sandbox(Box::new(error))
}

/// Looks, once an hour, how much lies apart, after a run whose own place is free again: caches that are larger than
/// they may be are emptied, and those of projects where nothing ran for a month go. Says whether those of this
/// run's project were emptied.
pub(crate) fn tidy(started: &Started<RunCommand>, config: &ExecConfig) -> Result<bool, ExecError> {
    let all = all(config);
    let stamp = all.join("looked");
    if !has_caches(&started.act().confinement) || !is_due(&stamp) {
        return Ok(false);
    }
    keep_db::replace_file(&stamp, b"")?;
    let own = home_of(config, &started.act().workspace);
    let mut emptied = false;
    for (home, _) in places(&all)? {
        let age = fs::metadata(home.join(OF)).and_then(|found| found.modified()).ok();
        let unused = age.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > UNUSED);
        if unused || Apart::bytes(&home).map_err(failed)? > config.cache_bytes {
            Apart::forget(&home).map_err(failed)?;
            emptied |= home == own;
        }
    }
    Ok(emptied)
}

fn is_due(stamp: &Path) -> bool {
    let looked = fs::metadata(stamp).and_then(|found| found.modified()).ok();
    // A time to come is as good as none.
    looked.and_then(|at| at.elapsed().ok()).is_none_or(|age| age > LOOK)
}

/// All caches, and the workspaces that they are of.
fn places(all: &Path) -> Result<Vec<(PathBuf, PathBuf)>, ExecError> {
    let fault = |error| ExecError::file("reading", all, error);
    let entries = match fs::read_dir(all) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(fault)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let home = entry.map_err(fault)?.path();
        // One that another process is just making or removing says nothing yet.
        let Ok(of) = fs::read(home.join(OF)) else { continue };
        found.push((home, PathBuf::from(OsString::from_vec(of))));
    }
    found.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(found)
}

/// How large the caches of each project are.
pub(crate) fn sizes(_: &Permit<LookAtRuns>, config: &ExecConfig) -> Result<Vec<CacheView>, ExecError> {
    let view = |(home, workspace): (PathBuf, PathBuf)| {
        Ok(CacheView { workspace, bytes: Apart::bytes(&home).map_err(failed)? })
    };
    places(&all(config))?.into_iter().map(view).collect()
}

/// Removes the caches of a workspace; says whether all of them could go, or runs still use some.
pub(crate) fn forget(started: &Started<ForgetCaches>, config: &ExecConfig) -> Result<bool, ExecError> {
    Apart::forget(&home_of(config, &started.act().workspace)).map_err(failed)
}
