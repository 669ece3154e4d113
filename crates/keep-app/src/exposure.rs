//! Secrets in repositories: looking for them, and having git look before each commit.

use crate::app::App;
use crate::error::AppError;
use keep_gate::Outcome;
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch, chain};
use keep_vault::{
    Exposure, ExposureError, Scope,
    hook::{self, HookState},
};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What of secrets lies in a repository.
#[derive(Clone, Debug, Serialize)]
pub struct ExposureReport {
    /// The repository's root.
    pub root: PathBuf,
    /// What was found.
    pub found: Vec<Exposure>,
    /// Why the vault's own values were not looked for, if they were not.
    pub values_unknown: Option<String>,
}

struct ChangeHook {
    root: PathBuf,
    program: PathBuf,
    change: HookChange,
    namespace: Namespace,
}

/// What is done with the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookChange {
    /// Have git look for secrets before each commit.
    Install,
    /// No longer.
    Remove,
}

impl Act for ChangeHook {
    fn facts(&self) -> ActFacts {
        let (action, verb) = match self.change {
            HookChange::Install => ("secret.guard", "have git look for secrets before each commit in"),
            HookChange::Remove => ("secret.unguard", "no longer have git look for secrets in"),
        };
        let root = self.root.display().to_string();
        let program = self.program.display().to_string();
        ActFacts {
            action: Action::of(action),
            namespace: self.namespace.clone(),
            touch: Touch::Change,
            risk: Risk::Medium,
            summary: format!("{verb} {root}"),
            detail: json!({ "root": root, "program": program }),
            bound: FieldHasher::new(action).field("root", &root).field("program", &program).finish(),
            exact: None,
        }
    }
}

impl App {
    /// Looks for secrets in the repository that a folder lies in; `None` when it lies in none. While git
    /// runs a hook, the index of the commit to come may be another than the repository's own.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn exposures(
        &self,
        folder: &Path,
        scope: Scope,
        index: Option<&Path>,
    ) -> Result<Option<ExposureReport>, AppError> {
        let Some(root) = repository(folder) else { return Ok(None) };
        let (known, values_unknown) = match self.gate.redactor() {
            Ok(redactor) => (redactor, None),
            Err(why) => (Default::default(), Some(why.reason)),
        };
        let found = match index {
            None => keep_vault::look(&root, &known, scope)?,
            Some(index) => keep_vault::look_at_index(&root, &known, scope, index)?,
        };
        Ok(Some(ExposureReport { root, found, values_unknown }))
    }

    /// Whether git looks for secrets before each commit in the repository that a folder lies in.
    ///
    /// # Errors
    /// When its hooks cannot be read.
    pub fn hook_state(&self, folder: &Path, program: &Path) -> Result<Option<HookState>, AppError> {
        repository(folder).map(|root| hook::state(&root, program)).transpose().map_err(AppError::from)
    }

    /// Has git look for secrets before each commit, or no longer.
    ///
    /// # Errors
    /// When the folder lies in no repository, the gate refuses, or another hook is there.
    pub async fn change_hook(
        &self,
        caller: &Caller,
        folder: &Path,
        program: PathBuf,
        change: HookChange,
    ) -> Result<HookState, AppError> {
        let root = repository(folder).ok_or_else(|| AppError::NoRepository(folder.to_owned()))?;
        let namespace = caller.home.clone();
        let permit = self.gate.admit(caller, ChangeHook { root, program, change, namespace }).await?;
        let started = permit.begin().await?;
        let ChangeHook { root, program, change, .. } = started.act();
        let done: Result<HookState, ExposureError> = match change {
            HookChange::Install => hook::install(&started, root, program),
            HookChange::Remove => hook::remove(&started, root),
        };
        match done {
            Ok(state) => {
                started.finish(Outcome::Done(json!({}))).await?;
                Ok(state)
            }
            Err(error) => {
                started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                Err(error.into())
            }
        }
    }
}

/// The nearest folder with a `.git` at or above this one.
fn repository(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().find(|ancestor| ancestor.join(".git").exists()).map(Path::to_owned)
}
