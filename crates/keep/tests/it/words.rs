//! Words in: help, mistakes, exit codes, closed pipes, narrow terminals.

use crate::home::Home;

/// What an agent's settings name and nobody types: the command above them shows it.
const NEVER_TYPED: &str = "hook";

/// Looks at the help of a command and of everything below it; how many there are.
fn look(home: &Home, command: &[String]) -> usize {
    let mut program = home.command(crate::home::KEEP);
    let said =
        crate::home::Said::of(program.env("COLUMNS", "80").args(command).arg("--help").output().unwrap());
    assert_eq!(said.code, 0, "{command:?}: {said:?}");
    let inside_hook = command.len() > 1 && command[0] == NEVER_TYPED;
    assert!(inside_hook || said.out.contains("EXAMPLES:"), "{command:?} shows no example");
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{command:?}");
    let below = said.out.split_once("\nCommands:\n").map(|(_, below)| below).unwrap_or_default();
    let named = below.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let mut count = 1;
    for name in named.filter_map(|line| line.split_whitespace().next()) {
        let mut whole = command.to_vec();
        whole.push(name.to_owned());
        count += look(home, &whole);
    }
    count
}

#[test]
fn every_command_shows_an_example() {
    let home = Home::new();
    let count = look(&home, &[]);
    assert!(count > 100, "the walk did not find the commands: {count}");
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
        (vec!["whoami", "--token-file", "nowhere"], 4, vec!["nowhere"]),
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
fn colours_stay_away_where_they_are_not_wanted() {
    let home = Home::new();
    for words in [&["status", "--color", "never", "--jsn"][..], &["--color=never", "status", "--help"]] {
        let terminal = home.at_terminal(words, "");
        assert!(!terminal.out.contains('\u{1b}'), "{words:?}: {terminal:?}");
    }
    assert!(home.at_terminal(&["status", "--jsn"], "").out.contains('\u{1b}'), "the test sees no colours");
}

#[test]
fn names_that_people_try_lead_there() {
    let home = Home::new();
    for (typed, command) in [("dashboard", "keep open"), ("server", "keep serve")] {
        let help = home.ok(&[typed, "--help"]);
        assert!(help.contains(&format!("  {command}\n")), "{typed}: {help}");
    }
    let said = home.keep(&["--json", "completions", "tcsh"]);
    let error: serde_json::Value = serde_json::from_str(said.err.trim_end()).unwrap();
    assert!(error["error"]["hint"].as_str().unwrap_or_default().contains("bash"), "{said:?}");
}

#[test]
fn a_home_that_was_not_there_is_said_to_be_new() {
    let home = Home::new();
    let said = home.keep(&["--home", "mistyped", "status"]);
    assert!(said.err.contains("there was no installation in mistyped: a new one was made"), "{said:?}");
    assert!(!home.keep(&["--home", "mistyped", "status"]).err.contains("new one"));
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
