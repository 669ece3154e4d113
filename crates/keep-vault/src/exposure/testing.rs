//! Repositories for tests, made by git itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A repository in a folder of its own, which goes when this does.
pub(crate) struct Repo {
    _folder: tempfile::TempDir,
    pub(crate) root: PathBuf,
}

impl Repo {
    pub(crate) fn new() -> Self {
        Self::with(&["init", "-q"])
    }

    pub(crate) fn with(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repo");
        fs::create_dir(&root).unwrap();
        let repo = Self { _folder: folder, root };
        repo.git(init);
        repo
    }

    /// A folder outside the repository.
    pub(crate) fn outside(&self) -> &Path {
        self.root.parent().unwrap()
    }

    /// Runs git with no configuration but the repository's.
    pub(crate) fn try_git(&self, args: &[&str]) -> Output {
        let mut git = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            git.env_remove(name);
        }
        let settings = ["user.name=Test", "user.email=test@example.com", "protocol.file.allow=always"];
        git.args(settings.iter().flat_map(|setting| ["-c", setting]))
            .args(args)
            .current_dir(&self.root)
            .env("HOME", self.outside())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        git.output().unwrap()
    }

    pub(crate) fn git(&self, args: &[&str]) {
        let output = self.try_git(args);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes a file and stages it, ignored or not.
    pub(crate) fn add(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.write(path, bytes);
        self.git(&["add", "-f", "--", path]);
    }

    /// A program outside the repository that runs these lines of shell.
    pub(crate) fn program(&self, name: &str, lines: &str) -> PathBuf {
        let path = self.outside().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}
