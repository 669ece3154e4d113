//! Removing an installation, and nothing else that may lie in its folders.

use crate::app::App;
use crate::error::AppError;
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Installation, Namespace, Risk, Touch};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What was removed, and what was left since Keep did not make it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PurgeReport {
    /// Removed files and folders.
    pub removed: Vec<PathBuf>,
    /// Folders that hold something else, and so stay.
    pub left: Vec<PathBuf>,
}

struct Purge;

impl Act for Purge {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("restore.purge"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: "remove this installation: database, ledger, keys, backups, settings".into(),
            detail: json!({}),
            bound: FieldHasher::new("restore.purge").finish(),
            exact: None,
        }
    }
}

/// What Keep makes in its folders; a name ending in `*` stands for all that begin so.
const OWN: [&str; 15] = [
    "keep.db*",
    "backups",
    "blobs",
    "index",
    "ledger.*",
    "totp",
    "config.toml",
    "config.toml*",
    "rules",
    "checkpoint*",
    "logs",
    "identity",
    "identity.*",
    "vault.*",
    "trust*",
];

impl App {
    /// Removes everything of this installation.
    ///
    /// # Errors
    /// When no person confirms it, or something cannot be removed.
    pub async fn purge(self, caller: &Caller) -> Result<PurgeReport, AppError> {
        let permit = self.gate.admit(caller, Purge).await?;
        // The intent outlives this only in an anchor or a backup elsewhere, but a purge that fails half
        // way leaves it behind.
        let started = permit.begin().await?;
        let at = self.at().clone();
        self.vault.forget_before_removal(&started)?;
        drop(started);
        self.close()?;
        remove(&at)
    }
}

fn remove(at: &Installation) -> Result<PurgeReport, AppError> {
    let mut report = PurgeReport::default();
    for folder in [&at.state, &at.config, &at.data] {
        let entries = std::fs::read_dir(folder).map_err(|e| AppError::file("reading", folder, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| AppError::file("reading", folder, e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if OWN.iter().any(|own| is_own(own, &name)) {
                remove_entry(&entry.path())?;
                report.removed.push(entry.path());
            }
        }
        match std::fs::remove_dir(folder) {
            Ok(()) => report.removed.push(folder.clone()),
            Err(e) if e.kind() == std::io::ErrorKind::DirectoryNotEmpty => report.left.push(folder.clone()),
            Err(e) => return Err(AppError::file("removing", folder, e)),
        }
    }
    Ok(report)
}

fn is_own(own: &str, name: &str) -> bool {
    own.strip_suffix('*').map_or(own == name, |start| name.starts_with(start))
}

fn remove_entry(path: &Path) -> Result<(), AppError> {
    let removing = |e| AppError::file("removing", path, e);
    // `symlink_metadata`: a link is removed, not followed.
    let folder = std::fs::symlink_metadata(path).map_err(removing)?.is_dir();
    if folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.map_err(removing)
}
