//! Runs whose changes wait: looking at the changes, committing and discarding them.

use crate::acts::{CommitTry, DiscardTry, LookAtRuns};
use crate::effects;
use crate::engine::Exec;
use crate::error::ExecError;
use crate::look::RunView;
use crate::store::{self, Settled};
use keep_types::{Caller, Digest};
use serde::Serialize;

/// One path that a run changed.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingChange {
    /// Where, with `%` and two digits for each byte that is not plain text.
    pub path: String,
    /// What kind of change it is, in a word.
    pub what: &'static str,
    /// What lies there is no longer what the run began with, so this cannot be committed.
    pub conflict: bool,
    /// How the text differs, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// All that a run changed.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// What is committed with a yes, and nothing else.
    pub digest: Digest,
    /// The changes.
    pub changes: Vec<WaitingChange>,
}

/// A run whose changes wait, with the changes.
#[derive(Clone, Debug, Serialize)]
pub struct TryView {
    /// The run.
    pub run: RunView,
    /// What it changed.
    #[serde(flatten)]
    pub waiting: Waiting,
}

impl Exec {
    /// A run whose changes wait, with the changes.
    ///
    /// # Errors
    /// When there is no such run, nothing of it waits, or the changes cannot be read.
    pub async fn tried(&self, caller: &Caller, handle: &str) -> Result<TryView, ExecError> {
        let run = self.look(caller, handle).await?;
        if run.tried.as_deref() != Some("pending") {
            return Err(ExecError::NothingWaits(run.id.to_string()));
        }
        let permit = self.0.gate.admit(caller, LookAtRuns { namespace: caller.home.clone() }).await?;
        let waiting = effects::read(&permit, &self.0.config, run.id)?;
        permit.observe().await?;
        Ok(TryView { run, waiting })
    }

    /// Commits what a run changed, as it is shown: all of it, or nothing.
    ///
    /// # Errors
    /// When nothing waits, the gate refuses, something changed meanwhile, or a change may not be committed.
    pub async fn commit_try(&self, caller: &Caller, shown: &TryView) -> Result<(), ExecError> {
        let lines = shown.waiting.changes.iter().map(|change| format!("{} {}", change.what, change.path));
        let act = CommitTry {
            id: shown.run.id,
            namespace: shown.run.namespace.clone(),
            workspace: shown.run.workspace.clone().into(),
            changes: lines.collect(),
            digest: shown.waiting.digest,
        };
        let started = self.0.gate.admit(caller, act).await?.begin().await?;
        let done = effects::commit(&started, &self.0.config).map(|()| Settled::Committed);
        store::settle(started, shown.run.id, done).await
    }

    /// Discards what a run changed.
    ///
    /// # Errors
    /// When nothing waits, the gate refuses, or something cannot be removed.
    pub async fn discard_try(&self, caller: &Caller, run: &RunView) -> Result<(), ExecError> {
        let act = DiscardTry { id: run.id, namespace: run.namespace.clone() };
        let started = self.0.gate.admit(caller, act).await?.begin().await?;
        let done = effects::discard(&started, &self.0.config).map(|()| Settled::Discarded);
        store::settle(started, run.id, done).await
    }
}
