//! Backups of an installation's database, and putting one back.
//!
//! A backup holds the whole database: ledger, approvals, token hashes, projects. It never holds the
//! keys beside it (the ledger's signing and HMAC keys, the one-time code's secret, the identity that
//! opens the vault) nor the checkpoint, so that a stolen backup opens nothing.

use crate::app::App;
use crate::error::AppError;
use keep_db::Verify;
use keep_gate::{Outcome, Started};
use keep_ledger::Health;
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A backup that was made.
#[derive(Clone, Debug, Serialize)]
pub struct BackupReport {
    /// Where it lies.
    pub path: PathBuf,
    /// How large it is.
    pub size_bytes: u64,
    /// Whether it was read back and checked.
    pub verified: bool,
}

/// A restore that was done.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreView {
    /// From which backup.
    pub from: PathBuf,
    /// Where the replaced database lies now.
    pub replaced: Option<PathBuf>,
}

struct MakeBackup {
    to: PathBuf,
    verify: Verify,
}

impl Act for MakeBackup {
    fn facts(&self) -> ActFacts {
        let to = self.to.display().to_string();
        ActFacts {
            action: Action::of("backup.make"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("back up the database to {to}"),
            detail: json!({ "to": to }),
            bound: FieldHasher::new("backup.make").field("to", to).finish(),
            exact: None,
        }
    }
}

struct RestoreBackup {
    from: PathBuf,
}

impl Act for RestoreBackup {
    fn facts(&self) -> ActFacts {
        let from = self.from.display().to_string();
        ActFacts {
            action: Action::of("restore.run"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!("replace the database by the backup {from}"),
            detail: json!({ "from": from }),
            bound: FieldHasher::new("restore.run").field("from", from).finish(),
            exact: None,
        }
    }
}

impl App {
    /// Copies the database, as it is at one moment, into a new file.
    ///
    /// # Errors
    /// When the gate refuses, the file exists, or it cannot be written.
    pub async fn backup(
        &self,
        caller: &Caller,
        to: PathBuf,
        verify: Verify,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<BackupReport, AppError> {
        let to = std::path::absolute(&to).map_err(|e| AppError::file("finding", &to, e))?;
        let permit = self.gate.admit(caller, MakeBackup { to, verify }).await?;
        let started: Started<MakeBackup> = permit.begin().await?;
        let MakeBackup { to, verify } = started.act();
        let made = self.db.backup(to, *verify, progress).map_err(AppError::from).and_then(|()| {
            let meta = std::fs::metadata(to).map_err(|e| AppError::file("reading", to, e))?;
            Ok(BackupReport { path: to.clone(), size_bytes: meta.len(), verified: *verify == Verify::Yes })
        });
        let outcome = match &made {
            Ok(report) => Outcome::Done(json!({ "size_bytes": report.size_bytes })),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        started.finish(outcome).await?;
        made
    }

    /// Puts a backup in the database's place. The ledger then ends earlier than its checkpoint says,
    /// which is true and stays visible until `accept` starts a new epoch; this does that too.
    ///
    /// # Errors
    /// When no person confirms it, others use the database, or a file operation fails.
    pub async fn restore(self, caller: &Caller, from: &Path) -> Result<RestoreView, AppError> {
        let from = std::path::absolute(from).map_err(|e| AppError::file("finding", from, e))?;
        let permit = self.gate.admit(caller, RestoreBackup { from }).await?;
        let started = permit.begin().await?;
        let from = started.act().from.clone();
        // The intent is durable in the database that is about to give way, and in its kept copy; the
        // epoch record of the restored one names the restore.
        drop(started);
        let settings = self.settings.clone();
        let config = self.db.config().clone();
        // Every handle on the database must be gone before another file takes its place.
        self.close()?;
        let report = keep_db::restore(&from, &config)?;
        let again = App::open(settings)?;
        let reason = format!("restored from {}", from.display());
        again.accept_after_restore(caller, reason).await?;
        again.close()?;
        Ok(RestoreView { from, replaced: report.replaced })
    }

    /// The person confirmed the restore; accepting its consequence needs no second question.
    async fn accept_after_restore(&self, caller: &Caller, reason: String) -> Result<(), AppError> {
        match self.ledger.health() {
            Health::Anchored { .. } => Ok(()),
            Health::Empty | Health::Unanchored | Health::Mismatch { .. } => {
                Ok(self.ledger.accept(caller.principal.clone(), reason).await?)
            }
        }
    }
}
