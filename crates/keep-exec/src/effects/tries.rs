//! Runs whose changes wait, and what becomes of the changes.

use super::plan::{Cell, Planned, opened, planned};
use crate::acts::{CommitTry, DiscardTry, LookAtRuns, RunCommand};
use crate::engine::ExecConfig;
use crate::error::ExecError;
use crate::tries::{Waiting, WaitingChange};
use keep_gate::{Permit, Started};
use keep_sandbox::layer::{Change, Changes, Diff, DiffLimits, Judgement, Layer, LayerError, RelPath, What};
use keep_sandbox::runs_later;
use keep_types::{Digest, Id, RunKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the changes of a run wait.
fn home_of(config: &ExecConfig, id: Id<RunKind>) -> PathBuf {
    config.state.join("tries").join(id.to_string())
}

/// Works out how to confine a run whose changes wait, and makes the place where they do.
pub(crate) fn lay(
    permit: &Permit<RunCommand>,
    cell: &Cell,
    config: &ExecConfig,
    id: Id<RunKind>,
) -> Result<Planned, ExecError> {
    let act = permit.act();
    if !act.confinement.writes.contains(&act.workspace) {
        return Err(ExecError::Unfit("it may change nothing, so there is nothing to try"));
    }
    keep_db::create_private_folder(&config.state.join("tries"))?;
    let layer = Layer::create(&home_of(config, id), &act.workspace).map_err(failed)?;
    let sandbox = opened(cell, config)?;
    match planned(&sandbox, act, config, Some(&layer)) {
        Ok(plan) => {
            let hosts = (!plan.hosts().is_empty()).then(|| plan.hosts().clone());
            Ok(Planned { plan, settings: None, layer: Some(layer), hosts })
        }
        Err(refusal) => {
            layer.discard().map_err(failed)?;
            Err(refusal)
        }
    }
}

fn failed(error: LayerError) -> ExecError {
    match error {
        LayerError::Refused { .. }
        | LayerError::Conflict { .. }
        | LayerError::Moved { .. }
        | LayerError::Busy { .. } => ExecError::Uncommitted(Box::new(error)),
        error => ExecError::Sandbox(Box::new(error)),
    }
}

/// What waits, as it is shown.
pub(crate) fn read(
    _: &Permit<LookAtRuns>,
    config: &ExecConfig,
    id: Id<RunKind>,
) -> Result<Waiting, ExecError> {
    let layer = Layer::open(&home_of(config, id)).map_err(failed)?;
    let changes = layer.changes().map_err(failed)?;
    let shown = changes.entries.iter().map(|change| shown(&layer, change));
    let shown = shown.collect::<Result<_, _>>()?;
    Ok(Waiting { digest: digest(&changes)?, changes: shown })
}

fn digest(changes: &Changes) -> Result<Digest, ExecError> {
    let bytes = serde_json::to_vec(&changes.entries).map_err(ExecError::corrupt)?;
    Ok(Digest::of(&bytes))
}

fn shown(layer: &Layer, change: &Change) -> Result<WaitingChange, ExecError> {
    let diff = match layer.diff(change, DiffLimits::default()).map_err(failed)? {
        Diff::Text { hunks, .. } => Some(hunks),
        Diff::Binary | Diff::Large | Diff::NoFile => None,
    };
    let what = match change.what() {
        What::Created => "created",
        What::Changed => "changed",
        What::Replaced => "replaced",
        What::Mode => "permissions",
        What::Removed => "removed",
    };
    Ok(WaitingChange { path: change.path.to_string(), what, conflict: change.conflict, diff })
}

/// Commits what was shown, all of it or nothing.
pub(crate) fn commit(started: &Started<CommitTry>, config: &ExecConfig) -> Result<(), ExecError> {
    let act = started.act();
    let layer = Layer::open(&home_of(config, act.id)).map_err(failed)?;
    let changes = layer.changes().map_err(failed)?;
    if digest(&changes)? != act.digest {
        return Err(ExecError::Unfit("what waits is no longer what was shown"));
    }
    let guarded = guarded(&act.workspace, &config.home);
    layer.commit(&changes, &mut |change| judged(change, &guarded)).map_err(failed)?;
    layer.discard().map_err(failed)
}

/// What runs later, below the workspace.
fn guarded(workspace: &Path, home: &Path) -> Vec<RelPath> {
    let below = |path: PathBuf| {
        // Without the slash that says that a folder is meant.
        let path: PathBuf = path.strip_prefix(workspace).ok()?.components().collect();
        RelPath::new(path.as_os_str().as_bytes())
    };
    runs_later(workspace, home).into_iter().filter_map(below).collect()
}

fn judged(change: &Change, guarded: &[RelPath]) -> Judgement {
    if guarded.iter().any(|path| change.touches(path)) {
        return Judgement::Refuse("other programs run or obey it later".into());
    }
    if change.leads_out() {
        return Judgement::Refuse("it is a link that leads out of the folder".into());
    }
    Judgement::Take
}

/// Removes what waits.
pub(crate) fn discard(started: &Started<DiscardTry>, config: &ExecConfig) -> Result<(), ExecError> {
    let layer = Layer::open(&home_of(config, started.act().id)).map_err(failed)?;
    layer.discard().map_err(failed)
}
