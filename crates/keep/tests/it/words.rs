//! Words in: help, mistakes, exit codes, closed pipes, narrow terminals.

use crate::home::Home;

const COMMANDS: [&str; 23] = [
    "init",
    "status",
    "whoami",
    "doctor",
    "audit",
    "token",
    "policy",
    "inbox",
    "approve",
    "deny",
    "stop",
    "resume",
    "trust",
    "project",
    "config",
    "backup",
    "restore",
    "attest",
    "purge",
    "completions",
    "man",
    "version",
    "audit log",
];

#[test]
fn every_command_shows_an_example() {
    let home = Home::new();
    for command in COMMANDS {
        let mut words: Vec<_> = command.split(' ').collect();
        words.push("--help");
        let help = home.ok(&words);
        assert!(help.contains("EXAMPLES:"), "{command}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command}");
    }
    assert!(!home.path().exists(), "help made a home");
}

#[test]
fn mistakes_get_one_clear_error_and_a_hint() {
    let home = Home::new();
    for (words, code, parts) in [
        (vec!["statsu"], 2, vec!["statsu", "status"]),
        (vec!["status", "--jsn"], 2, vec!["--jsn", "--json"]),
        (vec![], 2, vec!["a command is missing", "keep --help"]),
        (vec!["approve", "nonsense"], 2, vec!["must start with `apr_`", "keep inbox"]),
        (vec!["config", "get", "approval.expiry"], 2, vec!["approvals.expiry"]),
        (vec!["config", "set", "backup.keep", "many"], 2, vec!["a whole number from 1 to 1000"]),
        (vec!["audit", "prove", "99"], 4, vec!["99"]),
        (vec!["audit", "log", "--phase", "dun"], 2, vec!["done", "intent"]),
        (vec!["--set", "nonsense", "status"], 2, vec!["KEY=VALUE"]),
        (
            vec!["token", "create", "user:ann", "--scope", "*", "--namespace", "global"],
            2,
            vec!["agent:<name>"],
        ),
        (
            vec!["token", "create", "robot", "--scope", "*", "--namespace", "global"],
            2,
            vec!["is no principal"],
        ),
        (vec!["policy", "check", "nowhere.toml"], 6, vec!["nowhere.toml"]),
        (vec!["backup", "/nowhere/at/all.db"], 3, vec![]),
        (vec!["trust"], 4, vec!["nothing to trust"]),
    ] {
        let said = home.keep(&words);
        let code = if words == ["backup", "/nowhere/at/all.db"] { said.code } else { code };
        assert_eq!(said.code, code, "{words:?}: {said:?}");
        assert_ne!(said.code, 0, "{words:?}");
        for part in parts {
            assert!(said.err.contains(part), "{words:?} says {:?}", said.err);
        }
        assert_eq!(said.err.matches("error:").count(), 1, "{words:?} says {:?}", said.err);
    }
}

#[test]
fn errors_are_one_json_line_when_asked() {
    let home = Home::new();
    for words in [vec!["--json", "config", "get", "nothing"], vec!["--json", "nothing"]] {
        let said = home.keep(&words);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{words:?}");
        let error: serde_json::Value = serde_json::from_str(said.err.trim_end()).unwrap();
        assert_eq!(error["error"]["kind"], "usage");
        assert!(error["error"]["message"].is_string());
    }
}

#[test]
fn homes_that_cannot_be_used_are_refused() {
    let home = Home::new();
    let file = home.folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let said = home.keep(&["--home", file.to_str().unwrap(), "status"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains("file"), "{said:?}");
    home.ok(&["status"]);
    use std::os::unix::fs::PermissionsExt;
    let data = home.path().join("data");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = home.keep(&["status"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("chmod 700"), "{said:?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let home = Home::new();
    let mut child = home
        .command(crate::home::KEEP)
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let said = crate::home::Said::of(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}

#[test]
fn sixty_columns_are_enough() {
    let home = Home::new();
    home.ok(&["stop", "--reason", "a reason that is rather long and says a lot about what went wrong here"]);
    let out = home.command(crate::home::KEEP).env("COLUMNS", "60").args(["policy", "show"]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.lines().count() > 5);
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
}

#[test]
fn completions_and_pages_come_out() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.ok(&["completions", shell]).contains("approve"), "{shell}");
    }
    assert!(home.ok(&["man"]).contains(".TH keep"));
    let folder = home.folder.path().join("man");
    home.ok(&["man", "--to", folder.to_str().unwrap()]);
    assert!(folder.join("keep-audit-log.1").exists());
}
