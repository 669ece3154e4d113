use super::*;
use crate::exposure::testing::Repo;
use keep_types::Explain;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

/// A program that notes how it was called and ends as it is told.
fn program(repo: &Repo, name: &str, status: u8) -> PathBuf {
    let log = repo.outside().join("log");
    repo.program(name, &format!("printf '[%s]' \"$@\" >> '{}'; exit {status}", log.display()))
}

fn logged(repo: &Repo) -> String {
    fs::read_to_string(repo.outside().join("log")).unwrap_or_default()
}

fn commit(repo: &Repo) -> bool {
    repo.write("file", logged(repo));
    repo.git(&["add", "file"]);
    repo.try_git(&["commit", "-q", "--allow-empty", "-m", "x"]).status.success()
}

#[test]
fn git_runs_the_program_and_obeys_it() {
    for name in ["keep", "it's a \"keep\"", "$(touch bad) `touch bad` \\ ; touch bad", "new\nline", "-keep"] {
        let repo = Repo::new();
        let program = program(&repo, name, 0);
        assert_eq!(state(&repo.root, &program).unwrap(), HookState::Absent);
        assert_eq!(put_in(&repo.root, &program).unwrap(), HookState::Installed);
        assert_eq!(state(&repo.root, &program).unwrap(), HookState::Installed);
        assert!(commit(&repo), "{name:?}");
        assert_eq!(logged(&repo), "[secret][check]", "{name:?}");
        assert!(!repo.root.join("bad").exists());
        let refusing = super::tests::program(&repo, name, 1);
        assert_eq!(refusing, program);
        assert!(!commit(&repo), "{name:?}");
        assert_eq!(take_out(&repo.root).unwrap(), HookState::Absent);
        assert!(commit(&repo), "{name:?}");
        let left: Vec<_> = fs::read_dir(repo.root.join(".git/hooks")).unwrap().collect();
        assert!(
            left.iter().all(|entry| entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "sample"))
        );
    }
}

#[test]
fn the_hook_passes_its_own_arguments_on() {
    let repo = Repo::new();
    put_in(&repo.root, &program(&repo, "keep", 0)).unwrap();
    let hook = repo.root.join(".git/hooks/pre-commit");
    assert_eq!(fs::metadata(&hook).unwrap().permissions().mode() & 0o7777, 0o755);
    let status = std::process::Command::new(hook).args(["a b", "", "$c"]).status().unwrap();
    assert!(status.success());
    assert_eq!(logged(&repo), "[secret][check][a b][][$c]");
}

#[test]
fn a_program_that_is_gone_stops_the_commit() {
    let repo = Repo::new();
    put_in(&repo.root, &repo.outside().join("gone")).unwrap();
    assert!(!commit(&repo));
}

#[test]
fn ours_is_brought_up_to_date() {
    let repo = Repo::new();
    let (old, new) = (program(&repo, "old", 0), program(&repo, "new", 0));
    put_in(&repo.root, &old).unwrap();
    assert_eq!(state(&repo.root, &new).unwrap(), HookState::Outdated);
    put_in(&repo.root, &new).unwrap();
    assert_eq!(state(&repo.root, &new).unwrap(), HookState::Installed);
    let hook = repo.root.join(".git/hooks/pre-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(state(&repo.root, &new).unwrap(), HookState::Outdated);
    put_in(&repo.root, &new).unwrap();
    assert_eq!(state(&repo.root, &new).unwrap(), HookState::Installed);
    assert_eq!(
        put_in(&repo.root, Path::new("keep")).unwrap_err().to_string(),
        "a hook needs the program's whole path, but keep is relative"
    );
}

#[test]
fn another_hook_stays_as_it_is() {
    let repo = Repo::new();
    let program = program(&repo, "keep", 0);
    let hook = repo.root.join(".git/hooks/pre-commit");
    let text = "#!/bin/sh\nexit 0\n";
    let elsewhere = repo.outside().join("elsewhere");
    fs::write(&elsewhere, script(&program)).unwrap();
    let as_file = || fs::write(&hook, text).unwrap();
    let as_link = || symlink(&elsewhere, &hook).unwrap();
    let as_dangling = || symlink("nowhere", &hook).unwrap();
    let shapes: [(&str, &dyn Fn()); 3] = [("file", &as_file), ("link", &as_link), ("dangling", &as_dangling)];
    for (shape, make) in shapes {
        make();
        let error = put_in(&repo.root, &program).unwrap_err();
        assert!(matches!(error, ExposureError::OtherHook { .. }), "{shape}: {error:?}");
        let line = format!("'{}' secret check \"$@\" || exit 1", program.display());
        assert!(error.hint().unwrap().ends_with(&line), "{:?}", error.hint());
        assert_eq!(state(&repo.root, &program).unwrap(), HookState::Other, "{shape}");
        assert_eq!(take_out(&repo.root).unwrap(), HookState::Other, "{shape}");
        assert!(fs::symlink_metadata(&hook).is_ok(), "{shape}");
        fs::remove_file(&hook).unwrap();
    }
    as_file();
    assert!(put_in(&repo.root, &program).is_err());
    assert_eq!(fs::read_to_string(&hook).unwrap(), text);
}

#[test]
fn the_line_to_add_works_in_another_hook() {
    let repo = Repo::new();
    let program = program(&repo, "it's keep", 1);
    let hook = repo.root.join(".git/hooks/pre-commit");
    fs::write(&hook, format!("#!/bin/sh\n{}\nexit 0\n", shown_line(&program))).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(!commit(&repo));
    assert_eq!(logged(&repo), "[secret][check]");
}

#[test]
fn hooks_elsewhere_are_left_to_the_person() {
    for settings in [
        "[core]\n\thooksPath = .husky\n",
        "[Core] HOOKSPATH = \"\"\n",
        "[include]\n\tpath = other\n",
        "[includeIf \"gitdir:/\"]\n\tpath = other\n",
        "[extensions]\n\tworktreeConfig = true\n",
    ] {
        let repo = Repo::new();
        let program = program(&repo, "keep", 0);
        repo.write(".git/config.worktree", "[core]\n\thooksPath = .husky\n");
        assert_eq!(state(&repo.root, &program).unwrap(), HookState::Absent);
        repo.write(".git/config", settings);
        let error = put_in(&repo.root, &program).unwrap_err();
        assert!(matches!(error, ExposureError::HooksElsewhere { .. }), "{settings}: {error:?}");
        assert!(error.hint().unwrap().contains("secret check \"$@\" || exit 1"));
        assert_eq!(state(&repo.root, &program).unwrap(), HookState::Elsewhere);
        assert!(!repo.root.join(".git/hooks/pre-commit").exists());
    }
}

#[test]
fn a_linked_tree_shares_the_hook() {
    let repo = Repo::new();
    let program = program(&repo, "keep", 1);
    repo.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    repo.git(&["worktree", "add", "-q", "../linked"]);
    let linked = repo.outside().join("linked");
    fs::remove_dir_all(repo.root.join(".git/hooks")).unwrap();
    assert_eq!(state(&linked, &program).unwrap(), HookState::Absent);
    assert_eq!(take_out(&linked).unwrap(), HookState::Absent);
    put_in(&linked, &program).unwrap();
    assert!(repo.root.join(".git/hooks/pre-commit").exists());
    assert_eq!(state(&repo.root, &program).unwrap(), HookState::Installed);
    assert!(!repo.try_git(&["-C", "../linked", "commit", "-q", "--allow-empty", "-m", "x"]).status.success());
}

#[test]
fn nothing_is_written_where_no_repository_is() {
    let repo = Repo::new();
    let program = program(&repo, "keep", 0);
    let error = put_in(repo.outside(), &program).unwrap_err();
    assert!(matches!(error, ExposureError::NoRepository(_)), "{error:?}");
    let elsewhere = repo.outside().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let fake = repo.outside().join("fake");
    fs::create_dir(&fake).unwrap();
    for pointer in ["gitdir: ../elsewhere\n", "../elsewhere", ""] {
        fs::write(fake.join(".git"), pointer).unwrap();
        let error = put_in(&fake, &program).unwrap_err();
        assert!(matches!(error, ExposureError::Odd { .. }), "{pointer}: {error:?}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
    fs::remove_dir_all(repo.root.join(".git/hooks")).unwrap();
    symlink(&elsewhere, repo.root.join(".git/hooks")).unwrap();
    let error = put_in(&repo.root, &program).unwrap_err();
    assert!(matches!(error, ExposureError::Odd { .. }), "{error:?}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

/// What other modules' tests call, who have no act that was admitted.
pub(crate) fn install_unasked(root: &Path, program: &Path) -> Result<HookState, ExposureError> {
    put_in(root, program)
}

/// The same for removing.
pub(crate) fn remove_unasked(root: &Path) -> Result<HookState, ExposureError> {
    take_out(root)
}
