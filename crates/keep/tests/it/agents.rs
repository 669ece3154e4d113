//! Hostile projects, and two processes at once.

use crate::home::Home;
use std::fs;

fn project(home: &Home, settings: &str) {
    let keep = home.folder.path().join(".keep");
    fs::create_dir_all(keep.join("rules")).unwrap();
    fs::write(keep.join("keep.toml"), settings).unwrap();
}

#[test]
fn a_project_narrows_and_never_widens() {
    let home = Home::new();
    project(&home, "[approvals]\nexpiry = \"7d\"\n[rate]\nagent_per_minute = 5\n");
    let said = home.keep(&["config", "get", "approvals.expiry"]);
    assert_eq!((said.code, said.out.as_str()), (0, "10m\n"), "{said:?}");
    assert!(said.err.contains("keep trust"), "{said:?}");
    assert_eq!(home.ok(&["config", "get", "rate.agent_per_minute"]), "5\n");
    let trusted = home.at_terminal(&["trust"], "y\n");
    assert_eq!(trusted.code, 0, "{trusted:?}");
    assert_eq!(home.ok(&["config", "get", "approvals.expiry"]), "1w\n");
    project(&home, "[approvals]\nexpiry = \"6d\"\n");
    assert_eq!(home.ok(&["config", "get", "approvals.expiry"]), "10m\n", "changed files are trusted");
}

#[test]
fn a_projects_allow_rule_closes_the_gate_and_stop_still_works() {
    let home = Home::new();
    project(&home, "");
    let rule = "format = 1\n[[rule]]\nid = \"widen\"\ndecision = \"allow\"\nprincipals = [\"agent:*\"]\nactions = [\"*\"]\nreason = \"x\"\nmatch = [\"agent:a token.create global low\"]\n";
    fs::write(home.folder.path().join(".keep/rules/widen.toml"), rule).unwrap();
    let status = home.ok(&["status"]);
    assert!(status.contains("CLOSED"), "{status}");
    home.ok(&["stop", "--reason", "even so"]);
}

#[test]
fn environment_files_of_a_project_move_nothing() {
    let home = Home::new();
    for file in [".env", ".envrc", ".keep.env"] {
        fs::write(home.folder.path().join(file), "KEEP_HOME=/tmp/elsewhere\n").unwrap();
    }
    let status = home.json(&["status", "--json"]);
    assert!(status["data"].as_str().unwrap().starts_with(home.path().to_str().unwrap()));
}

#[test]
fn many_processes_write_at_once_and_none_is_lost() {
    let home = Home::new();
    home.ok(&["status"]);
    let runs: Vec<_> = (0..12)
        .map(|n| {
            let reason = format!("run {n}");
            let mut command = home.command(crate::home::KEEP);
            command.args(["stop", "--reason", &reason]).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let log = home.json(&["audit", "log", "--action", "gate.stop", "--json"]);
    assert_eq!(log.as_array().unwrap().len(), 12);
    home.ok(&["audit", "verify"]);
}
