use crate::worktree::linked;
use keep_sandbox::runs_later;
use std::path::{Path, PathBuf};

/// What runs later, by another program and unconfined, in a workspace that may be written.
#[must_use]
pub fn guarded(workspace: &Path, home: &Path) -> Vec<PathBuf> {
    let mut all = runs_later(workspace, home);
    // Where `.git` is a file it says where git finds its settings, and whoever writes it makes git run programs.
    let file = workspace.join(".git");
    all.extend(file.is_file().then_some(file));
    all.extend(linked(workspace).into_iter().flat_map(|linked| linked.protects()));
    all
}
