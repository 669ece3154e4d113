//! Looking at the caches of projects, and forgetting them.

use crate::acts::{ForgetCaches, LookAtRuns};
use crate::effects;
use crate::engine::Exec;
use crate::error::ExecError;
use keep_gate::Outcome;
use keep_types::{Caller, chain};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The caches of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheView {
    /// The folder whose runs made them.
    pub workspace: PathBuf,
    /// What they hold.
    pub bytes: u64,
}

impl Exec {
    /// What package managers and build tools keep for runs, for each project.
    ///
    /// # Errors
    /// When the gate refuses or something cannot be read.
    pub async fn caches(&self, caller: &Caller) -> Result<Vec<CacheView>, ExecError> {
        let permit = self.0.gate.admit(caller, LookAtRuns { namespace: caller.home.clone() }).await?;
        let found = effects::sizes(&permit, &self.0.config)?;
        permit.observe().await?;
        Ok(found)
    }

    /// Removes what they keep for runs in this folder; says whether all of it could go, or runs use some of it.
    ///
    /// # Errors
    /// When the gate refuses or something cannot be removed.
    pub async fn forget_caches(&self, caller: &Caller, workspace: &Path) -> Result<bool, ExecError> {
        let act = ForgetCaches { namespace: caller.home.clone(), workspace: workspace.to_owned() };
        let started = self.0.gate.admit(caller, act).await?.begin().await?;
        let done = effects::forget(&started, &self.0.config);
        let outcome = match &done {
            Ok(all) => Outcome::Done(json!({ "all": all })),
            Err(error) => Outcome::Failed(chain(error).join(": ")),
        };
        started.finish(outcome).await?;
        done
    }
}
