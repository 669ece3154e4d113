//! A linked worktree of git: its repository lies elsewhere, and a commit writes there.
//!
//! The file `.git` of a workspace is a repository's own word, and any repository could name any folder. It is
//! believed only where the folder that it names points back at this very workspace, which git wrote there when it
//! made the worktree.

use std::fs;
use std::path::{Path, PathBuf};

/// Longer than any path.
const MOST_BYTES: u64 = 8 << 10;

/// Where a worktree's own state lies, and what it shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linked {
    own: PathBuf,
    common: PathBuf,
}

/// The repository that a workspace is linked to, where both say so.
pub(crate) fn linked(workspace: &Path) -> Option<Linked> {
    let file = workspace.join(".git");
    let own = line(&file)?.strip_prefix("gitdir:").map(str::trim).map(PathBuf::from)?;
    let own = workspace.join(own).canonicalize().ok()?;
    let back = PathBuf::from(line(&own.join("gitdir"))?);
    if own.join(back).canonicalize().ok()? != file.canonicalize().ok()? {
        return None;
    }
    let common = own.join(line(&own.join("commondir"))?).canonicalize().ok()?;
    // As git lays it out; anything else is nothing that it made.
    let is_own = own.parent().is_some_and(|all| all == common.join("worktrees"));
    is_own.then_some(Linked { own, common })
}

/// What says where the repository of a workspace lies, and what of a repository elsewhere runs later: whoever
/// writes it makes git run programs.
#[must_use]
pub fn leads(workspace: &Path) -> Vec<PathBuf> {
    let file = workspace.join(".git");
    let mut all: Vec<_> = file.is_file().then_some(file).into_iter().collect();
    all.extend(linked(workspace).into_iter().flat_map(|linked| linked.protects()));
    all
}

/// The first line of a small file that is no link.
fn line(path: &Path) -> Option<String> {
    let meta = path.symlink_metadata().ok()?;
    if !meta.is_file() || meta.len() > MOST_BYTES {
        return None;
    }
    fs::read_to_string(path).ok()?.lines().next().map(|line| line.trim().to_owned())
}

impl Linked {
    /// What a commit writes.
    pub(crate) fn writes(&self) -> Vec<PathBuf> {
        let shared = ["objects", "refs", "logs"].map(|name| self.common.join(name));
        std::iter::once(self.own.clone()).chain(shared.into_iter().filter(|path| path.is_dir())).collect()
    }

    /// Whether the repository itself lies below a folder.
    pub(crate) fn lies_below(&self, folder: &Path) -> bool {
        self.common.starts_with(folder)
    }

    /// What of that says where git looks for settings, which make it run programs.
    pub(crate) fn protects(&self) -> Vec<PathBuf> {
        ["commondir", "gitdir", "config.worktree"].map(|name| self.own.join(name)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::linked;
    use std::fs;

    #[test]
    fn both_sides_have_to_say_so() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        let (work, own) = (root.join("work"), root.join("main/.git/worktrees/work"));
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(root.join("main/.git/objects")).unwrap();
        fs::create_dir(&work).unwrap();
        assert_eq!(linked(&work), None);
        fs::write(work.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        assert_eq!(linked(&work), None, "nothing points back");
        fs::write(own.join("gitdir"), format!("{}\n", root.join("other/.git").display())).unwrap();
        assert_eq!(linked(&work), None, "it points at another");
        fs::write(own.join("gitdir"), format!("{}\n", work.join(".git").display())).unwrap();
        let found = linked(&work).unwrap();
        assert_eq!(found.writes(), [own.clone(), root.join("main/.git/objects")]);
        fs::write(own.join("commondir"), "../../..\n").unwrap();
        assert_eq!(linked(&work), None, "the repository is not where git keeps worktrees");
    }
}
