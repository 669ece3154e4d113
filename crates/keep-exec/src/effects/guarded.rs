use crate::worktree::leads;
use keep_sandbox::runs_later;
use std::path::{Path, PathBuf};

/// What runs later, by another program and unconfined, in a workspace that may be written.
pub(super) fn guarded(workspace: &Path, home: &Path) -> Vec<PathBuf> {
    let mut all = runs_later(workspace, home);
    all.extend(leads(workspace));
    all
}
