//! What a run may do, seen from inside real ones.

use super::Work;
use std::fs;

#[test]
fn the_workspace_can_be_changed_and_nothing_else() {
    let work = Work::new();
    let said = work.sh("mkdir -p build && echo made > build/file");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(fs::read_to_string(work.work().join("build/file")).unwrap(), "made\n");
    // A script of the workspace may do what its text does not say; it is stopped where it matters.
    let outside = work.root().join("outside");
    fs::write(&outside, "as it was").unwrap();
    let script = format!("echo changed > {0}; rm -f {0}; echo done\n", outside.display());
    fs::write(work.work().join("build.sh"), script).unwrap();
    let said = work.keep(&["exec", "--", "bash", "build.sh"]);
    assert_eq!(said.out, "done\n", "{said:?}");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "as it was");
}

#[test]
fn keys_and_keeps_own_folders_are_not_there() {
    let work = Work::new();
    let (key, own) = (work.root().join("ann/.ssh/id_ed25519"), work.home.path());
    let script = format!(
        "cat {}; ls {}/config {}/data {}/state\n",
        key.display(),
        own.display(),
        own.display(),
        own.display()
    );
    fs::write(work.work().join("look.sh"), script).unwrap();
    let said = work.keep(&["exec", "--", "bash", "look.sh"]);
    assert!(!said.out.contains("a key of nobody's"), "{said:?}");
    assert_eq!(said.out, "", "{said:?}");
    // Unconfined, the same script sees it: it looks in the right place.
    let plain = work.home.command("bash").arg("look.sh").current_dir(work.work()).output().unwrap();
    assert!(String::from_utf8_lossy(&plain.stdout).contains("a key of nobody's"));
}

#[test]
fn what_runs_later_stays_as_it_is() {
    let work = Work::new();
    let script = "echo evil > .git/hooks/pre-commit; echo evil >> .git/config; mkdir -p .vscode; \
                  echo evil > .vscode/tasks.json; echo evil > .mcp.json; echo done\n";
    fs::write(work.work().join("plant.sh"), script).unwrap();
    let said = work.keep(&["exec", "--", "bash", "plant.sh"]);
    assert!(said.out.contains("done"), "{said:?}");
    for planted in [".git/hooks/pre-commit", ".vscode/tasks.json", ".mcp.json"] {
        assert!(!work.work().join(planted).exists(), "{planted}");
    }
    assert_eq!(fs::read_to_string(work.work().join(".git/config")).unwrap(), "[core]\n");
}

/// Known from runs that took the hook out of an agent's settings and put a command of their own in: whatever `keep
/// connect` writes for any agent, and what else agents obey, no run may write.
#[test]
fn what_agents_obey_stays_as_it_is() {
    let work = Work::new();
    let root = work.work();
    let mut files: Vec<_> = agents(&work).iter().flat_map(|agent| settings_of(&work, agent)).collect();
    assert!(files.len() >= 4, "{files:?}");
    files.retain(|file| file.starts_with(&root));
    for other in [
        ".claude/settings.json",
        ".claude/commands/x.md",
        ".agents/skills/x/SKILL.md",
        ".codex/config.toml",
        ".devcontainer/devcontainer.json",
        ".github/workflows/x.yml",
        ".github/hooks/x.json",
        ".husky/pre-commit",
        ".zed/settings.json",
        ".cargo/config.toml",
        ".git/info/attributes",
        "opencode.json",
        "CLAUDE.md",
        "AGENTS.md",
    ] {
        files.push(root.join(other));
    }
    // Whoever uses that agent has this.
    fs::create_dir_all(work.root().join("ann/.config/opencode")).unwrap();
    // One of them is there and holds Keep's hook.
    fs::create_dir(root.join(".claude")).unwrap();
    for there in [".claude/settings.local.json", "CLAUDE.md", "AGENTS.md"] {
        fs::write(root.join(there), "as it was").unwrap();
    }
    let plant: String = files
        .iter()
        .map(|file| {
            format!("mkdir -p '{}'; echo evil > '{}'\n", file.parent().unwrap().display(), file.display())
        })
        .collect();
    fs::write(root.join("plant.sh"), format!("{plant}echo done\n")).unwrap();
    let said = work.keep(&["exec", "--", "bash", "plant.sh"]);
    assert_eq!(said.out, "done\n", "{said:?}");
    for file in &files {
        let is = fs::read_to_string(file).unwrap_or_default();
        assert!(!is.contains("evil"), "{} was written", file.display());
    }
    let left: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "placeholders are left: {left:?}");
    // Unconfined, the same script writes each of them.
    let plain = work.home.command("bash").arg("plant.sh").current_dir(&root).output().unwrap();
    assert!(plain.status.success(), "{plain:?}");
    assert!(files.iter().all(|file| fs::read_to_string(file).unwrap() == "evil\n"));
}

/// Every agent that `keep connect` knows, as its own help lists them.
fn agents(work: &Work) -> Vec<String> {
    let said = work.keep(&["connect", "--help"]).out;
    let said = said.split("Options:").next().unwrap_or_default();
    let listed = said.lines().filter_map(|line| line.trim().strip_prefix("- "));
    let listed = listed.filter_map(|line| line.split(':').next()).map(str::to_owned);
    let inline = said.split("[possible values: ").nth(1).and_then(|rest| rest.split(']').next());
    let inline = inline.into_iter().flat_map(|names| names.split(", ")).map(str::to_owned);
    let all: Vec<_> = listed.chain(inline).collect();
    assert!(all.iter().any(|agent| agent == "claude"), "{said}");
    all
}

/// The files that connecting an agent would write.
fn settings_of(work: &Work, agent: &str) -> Vec<std::path::PathBuf> {
    let shown = work.json(&["--json", "connect", agent, "--print"]);
    let files = shown.as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap().into());
    files.collect()
}

#[test]
fn the_network_is_closed_and_the_loopback_ones_own() {
    let work = Work::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached\n");
    fs::write(work.work().join("reach.sh"), &script).unwrap();
    let said = work.keep(&["exec", "--", "bash", "reach.sh"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(said.out, "");
    let plain = work.home.command("bash").arg("reach.sh").current_dir(work.work()).output().unwrap();
    assert_eq!(plain.stdout, b"reached\n");
}

#[test]
fn the_environment_is_what_is_needed() {
    let mut work = Work::new();
    for (name, value) in [
        ("API_TOKEN", "t"),
        ("PAGER", "evil"),
        ("GIT_SSH_COMMAND", "evil"),
        ("LD_PRELOAD", ""),
        ("LC_ALL", "C"),
    ] {
        work.home.variables.push((name, value.into()));
    }
    let said = work.keep(&["exec", "--", "env"]);
    let names: Vec<_> =
        said.out.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for gone in ["API_TOKEN", "PAGER", "GIT_SSH_COMMAND", "LD_PRELOAD", "KEEP_HOME"] {
        assert!(!names.contains(&gone), "{gone}: {said:?}");
    }
    for there in ["PATH", "HOME", "LC_ALL", "KEEP_SPAWNED", "TMPDIR"] {
        assert!(names.contains(&there), "{there}: {said:?}");
    }
}

/// A folder does not become writable because an agent stands in it.
#[test]
fn an_agent_outside_every_project_changes_nothing() {
    let work = Work::new();
    let elsewhere = work.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let run = |words: &[&str]| {
        let mut command = work.command(words);
        crate::home::Said::of(command.current_dir(&elsewhere).output().unwrap())
    };
    let said = run(&["exec", "--", "ls"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = run(&["exec", "--", "touch", "new"]);
    assert_eq!(said.code, 8, "{said:?}");
    assert!(!elsewhere.join("new").exists());
    // A person's own folder is theirs.
    let mut command = work.command(&["exec", "--", "touch", "new"]);
    command.current_dir(&elsewhere);
    let said = crate::terminal::Terminal::start(command).end(&|| false).unwrap();
    assert_eq!(said.code, 0, "{said:?}");
    assert!(elsewhere.join("new").exists());
}

/// Known from agents whose own folder of work could be named by the model.
#[test]
fn a_token_for_one_project_runs_nothing_in_another() {
    let work = Work::new();
    let create = ["token", "create", "agent:a", "--scope", "exec.*", "--namespace", "project:other"];
    let made = work.person(&create, "y\n");
    let token = made.out.lines().find(|line| line.starts_with("keep_")).unwrap().trim().to_owned();
    let file = work.root().join("token");
    fs::write(&file, token).unwrap();
    let said = work.keep(&["--token-file", file.to_str().unwrap(), "exec", "--", "ls"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("out of agent:a's reach"), "{said:?}");
}

/// The whole machine, or the home folder, is nobody's workspace.
#[test]
fn a_home_is_no_workspace() {
    let work = Work::new();
    let ann = work.root().join("ann");
    fs::create_dir(ann.join(".git")).unwrap();
    let mut command = work.command(&["exec", "--", "touch", "new"]);
    let said = crate::home::Said::of(command.current_dir(&ann).output().unwrap());
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("your home folder lies in it"), "{said:?}");
}

#[test]
fn a_link_leads_nowhere() {
    let work = Work::new();
    let outside = work.root().join("outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, work.work().join("link")).unwrap();
    fs::write(work.work().join("through.sh"), "echo x > link/file; echo done\n").unwrap();
    let said = work.keep(&["exec", "--", "bash", "through.sh"]);
    assert_eq!(said.out, "done\n", "{said:?}");
    assert!(!outside.join("file").exists());
}

/// Neither is the installation there to be asked, nor does another that the run makes for itself know its
/// records or answer its requests.
#[test]
fn a_run_cannot_answer_for_a_person() {
    let work = Work::new();
    assert_eq!(work.sh("echo before").code, 0);
    let log = |said: &str| said.contains("run echo before");
    assert!(log(&work.keep(&["audit", "log"]).out));
    let script = format!(
        "export KEEP_HOME={}; {1} inbox; {1} audit log\n",
        work.home.path().display(),
        crate::home::KEEP
    );
    fs::write(work.work().join("approve.sh"), script).unwrap();
    let said = work.keep(&["exec", "--", "bash", "approve.sh"]);
    assert!(!log(&said.out), "{said:?}");
    assert!(log(&work.keep(&["audit", "log"]).out));
}

/// Known from tools that believed the `.git` of a repository.
#[test]
fn a_linked_worktree_can_be_committed_in_and_not_led_astray() {
    let work = Work::new();
    let git = |words: &[&str], folder: &std::path::Path| {
        let output = work.home.command("git").args(words).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    };
    let (main, tree) = (work.root().join("main"), work.root().join("tree"));
    fs::create_dir(&main).unwrap();
    git(&["init", "-q"], &main);
    // In the repository: the home of this test lies where a run has a folder of its own.
    git(&["config", "user.name", "n"], &main);
    git(&["config", "user.email", "e@example.org"], &main);
    git(&["commit", "-q", "--allow-empty", "-m", "one"], &main);
    git(&["worktree", "add", "-q", tree.to_str().unwrap()], &main);
    let run = |line: &str| {
        let mut command = work.home.command(crate::home::KEEP);
        crate::home::Said::of(command.args(["sh", line]).current_dir(&tree).output().unwrap())
    };
    let said = run("echo x > file && git add file && git commit -q -m two");
    assert_eq!(said.code, 0, "{said:?}");
    fs::write(tree.join("astray.sh"), "echo 'gitdir: /elsewhere' > .git; rm -f .git; echo done\n").unwrap();
    let before = fs::read_to_string(tree.join(".git")).unwrap();
    let said = run("bash astray.sh");
    assert_eq!(said.out, "done\n", "{said:?}");
    assert_eq!(fs::read_to_string(tree.join(".git")).unwrap(), before);
    // One that names a repository which knows nothing of it gets nothing there.
    let hostile = work.root().join("hostile");
    fs::create_dir(&hostile).unwrap();
    fs::copy(tree.join(".git"), hostile.join(".git")).unwrap();
    fs::write(
        hostile.join("write.sh"),
        format!("echo x > {}/.git/refs/heads/evil; echo done\n", main.display()),
    )
    .unwrap();
    let mut command = work.home.command(crate::home::KEEP);
    let said = crate::home::Said::of(
        command.args(["exec", "--", "bash", "write.sh"]).current_dir(&hostile).output().unwrap(),
    );
    assert_eq!(said.out, "done\n", "{said:?}");
    assert!(!main.join(".git/refs/heads/evil").exists());
}

#[test]
fn a_tier_that_is_demanded_runs_it_or_nothing_does() {
    let work = Work::new();
    let said = work.person(&["--set", "exec.tier=namespaces", "exec", "--", "true"], "");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(work.json(&["runs", "--json"])[0]["tier"], "namespaces");
    let said = work.person(&["--set", "exec.tier=landlock", "exec", "--", "touch", "made"], "");
    assert!(said.code != 0 && said.out.contains("exec.tier demands landlock"), "{said:?}");
    assert!(!work.work().join("made").exists());
}
