//! What only a person at a terminal of their own may do.

use crate::home::Home;

#[test]
fn a_person_is_told_from_a_program() {
    let home = Home::new();
    let said = home.at_terminal(&["whoami"], "");
    assert!(said.out.contains("user:"), "{said:?}");
    assert!(home.ok(&["whoami"]).contains("agent:unknown"));
    // The same terminal, with an agent's mark in the environment.
    let said = home.converse_with("env", &["CLAUDECODE=1", crate::home::KEEP, "whoami"], &[]);
    assert!(said.out.contains("agent:unknown"), "{said:?}");
}

#[test]
fn critical_acts_are_confirmed_or_not_done() {
    let home = Home::new();
    let create = ["token", "create", "agent:claude", "--scope", "memory.*", "--namespace", "project:demo"];
    assert_eq!(home.keep(&create).code, 3, "no terminal");
    assert_eq!(home.at_terminal(&create, "n\n").code, 3, "a no");
    let mut silent = vec!["--no-input"];
    silent.extend(create);
    assert_eq!(home.at_terminal(&silent, "y\n").code, 3, "--no-input");
    let said = home.at_terminal(&create, "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    let token = said.out.lines().find(|line| line.starts_with("keep_")).unwrap().trim().to_owned();
    let file = home.folder.path().join("token");
    std::fs::write(&file, &token).unwrap();
    let who = home.json(&["--token-file", file.to_str().unwrap(), "whoami", "--json"]);
    assert_eq!(
        (who["principal"].as_str(), who["namespace"].as_str()),
        (Some("agent:claude"), Some("project:demo"))
    );
    let id = format!("tok_{}", token.split('_').nth(1).unwrap());
    let revoked = home.at_terminal(&["token", "revoke", &id], "y\n");
    assert_eq!(revoked.code, 0, "{revoked:?}");
    assert_eq!(home.keep(&["--token-file", file.to_str().unwrap(), "whoami"]).code, 3);
}

/// A token on the way to its file is in no shell's output, and not where agents work.
#[test]
fn a_token_goes_to_a_file_of_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let at = |name: &str| home.folder.path().join(name);
    std::fs::create_dir_all(at("demo/.git")).unwrap();
    let create = |more: &[&str], typed: &str| {
        let words = ["token", "create", "agent:claude", "--scope", "memory.*", "--namespace", "global"];
        home.at_terminal(&[&words[..], more].concat(), typed)
    };
    let refused = create(&["--to", "demo/claude.token"], "y\n");
    assert_eq!(refused.code, 2, "agents can read it there: {refused:?}");
    assert!(!at("demo/claude.token").exists());
    assert_eq!(create(&["--to", "no/folder"], "y\n").code, 4);
    assert_eq!(create(&["--to", "claude.token"], "n\n").code, 3);
    assert!(!at("claude.token").exists(), "a file without a token was left");
    let made = create(&["--to", "claude.token"], "y\n");
    assert_eq!(made.code, 0, "{made:?}");
    assert!(!made.out.contains("keep_"), "the token was printed as well: {made:?}");
    assert_eq!(std::fs::metadata(at("claude.token")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(create(&["--to", "claude.token"], "y\n").code, 7, "another one was written over it");
    assert!(home.ok(&["--token-file", "claude.token", "whoami"]).contains("agent:claude"));
    assert_eq!(create(&["--to", "demo/claude.token", "--force"], "y\n").code, 0);
    // What a list shows of an id is enough to revoke by.
    let listed = home.at_terminal(&["token", "list"], "").out;
    let id =
        listed.lines().find(|line| line.starts_with("tok_")).unwrap().split(' ').next().unwrap().to_owned();
    assert!(id.len() < 30, "{listed}");
    assert_eq!(home.at_terminal(&["token", "revoke", &id], "y\n").code, 0);
}

#[test]
fn stop_and_resume() {
    let home = Home::new();
    home.ok(&["stop", "--reason", "smoke\u{1b}[31m"]);
    assert!(home.ok(&["status"]).contains("STOPPED"));
    assert!(!home.ok(&["status"]).contains('\u{1b}'), "an escape reached the terminal");
    let said = home.at_terminal(&["config", "set", "backup.keep", "3"], "y\n");
    assert_eq!(said.code, 3, "{said:?}");
    assert_eq!(home.keep(&["resume"]).code, 3);
    assert_eq!(home.at_terminal(&["resume"], "y\n").code, 0);
    assert_eq!(home.at_terminal(&["config", "set", "backup.keep", "3"], "y\n").code, 0);
    assert_eq!(home.ok(&["config", "get", "backup.keep"]), "3\n");
}

#[test]
fn backup_and_restore() {
    let home = Home::new();
    let backup = home.folder.path().join("copy.db");
    let backup = backup.to_str().unwrap();
    let made = home.at_terminal(&["backup", backup, "--verify"], "y\n");
    assert_eq!(made.code, 0, "{made:?}");
    assert_ne!(home.at_terminal(&["backup", backup], "y\n").code, 0, "it overwrote a backup");
    home.ok(&["stop", "--reason", "after the backup"]);
    assert_eq!(home.keep(&["restore", backup]).code, 3);
    home.at_terminal(&["resume"], "y\n");
    let restored = home.at_terminal(&["restore", backup], "y\n");
    assert_eq!(restored.code, 0, "{restored:?}");
    home.ok(&["audit", "verify"]);
    let log = home.at_terminal(&["audit", "log", "--json"], "").out;
    assert!(log.contains("ledger.epoch") && !log.contains("gate.stop"), "{log}");
}

#[test]
fn a_rolled_back_ledger_refuses_changes_until_accepted() {
    let home = Home::new();
    home.ok(&["status"]);
    let (database, kept) = (home.path().join("data"), home.folder.path().join("kept"));
    copy_folder(&database, &kept);
    home.ok(&["stop"]);
    std::fs::remove_dir_all(&database).unwrap();
    copy_folder(&kept, &database);
    let status = home.ok(&["status"]);
    assert!(status.contains("MISMATCH"), "{status}");
    assert_eq!(home.keep(&["stop"]).code, 5);
    assert_eq!(home.keep(&["audit", "verify"]).code, 5);
    assert_eq!(home.keep(&["doctor"]).code, 1);
    assert_eq!(home.keep(&["attest"]).code, 5);
    assert_eq!(home.keep(&["audit", "accept", "--reason", "no person"]).code, 3);
    let accepted = home.at_terminal(&["audit", "accept", "--reason", "the test rolled it back"], "y\n");
    assert_eq!(accepted.code, 0, "{accepted:?}");
    let verified = home.json(&["audit", "verify", "--json"]);
    assert_eq!(verified["checkpoint"], verified["records"], "the new epoch is not signed");
    home.ok(&["stop"]);
    home.ok(&["attest"]);
}

#[test]
fn an_anchor_may_have_a_bare_name() {
    let home = Home::new();
    home.ok(&["stop"]);
    assert_eq!(home.at_terminal(&["resume"], "y\n").code, 0);
    let anchored = home.at_terminal(&["audit", "anchor", "--to", "keep.head"], "");
    assert_eq!(anchored.code, 0, "{anchored:?}");
    home.ok(&["audit", "check-anchor", "keep.head"]);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    let status = std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_lost_checkpoint_stays_visible() {
    let home = Home::new();
    home.ok(&["status"]);
    std::fs::remove_file(home.path().join("state/checkpoint")).unwrap();
    for _ in 0..2 {
        assert!(home.ok(&["status"]).contains("unanchored"));
        home.ok(&["stop"]);
    }
    assert_eq!(home.at_terminal(&["audit", "accept", "--reason", "lost the folder"], "y\n").code, 0);
    assert!(home.ok(&["status"]).contains("anchored"));
    home.ok(&["audit", "verify"]);
}

#[test]
fn exports_are_checked_without_an_installation() {
    let home = Home::new();
    for reason in ["a\nb", "\u{2028}", "\u{1b}[2J", "{\"x\":1}", "🎉"] {
        home.ok(&["stop", "--reason", reason]);
    }
    let (file, key) = (home.folder.path().join("audit.jsonl"), home.ok(&["audit", "key"]));
    let file = file.to_str().unwrap();
    let made = home.at_terminal(&["audit", "export", "--to", file], "");
    assert_eq!(made.code, 0, "{made:?}");
    let elsewhere = Home::new();
    elsewhere.ok(&["audit", "check-export", file, "--key", key.trim()]);
    assert!(!elsewhere.path().exists(), "checking an export made an installation");
    let text = std::fs::read_to_string(file).unwrap();
    let records = home.json(&["status", "--json"])["records"].as_u64().unwrap();
    assert_eq!(text.lines().count() as u64, records + 1, "a record is not one line");
    assert!(!text.contains('\u{2028}') && !text.contains('\u{1b}'));
    std::fs::write(file, text.replacen("gate.stop", "gate.stoq", 1)).unwrap();
    assert_eq!(elsewhere.keep(&["audit", "check-export", file, "--key", key.trim()]).code, 5);
}

#[test]
fn purged_details_are_gone_from_the_files() {
    let home = Home::new();
    let secret = "what-nobody-should-read-again";
    home.ok(&["stop", "--reason", secret]);
    home.at_terminal(&["resume"], "y\n");
    let found = || {
        ["keep.db", "keep.db-wal"].iter().any(|file| {
            let bytes = std::fs::read(home.path().join("data").join(file)).unwrap_or_default();
            bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
        })
    };
    assert!(found(), "the detail was never there");
    let purged = home.at_terminal(&["purge", "--older-than", "0s"], "y\n");
    assert_eq!(purged.code, 0, "{purged:?}");
    assert!(!found(), "erased bytes are still in a file");
    home.ok(&["audit", "verify"]);
    home.ok(&["attest"]);
}

#[test]
fn purge_removes_its_own_and_nothing_else() {
    let home = Home::new();
    home.ok(&["status"]);
    std::fs::write(home.path().join("config/mine.txt"), "mine").unwrap();
    assert_eq!(home.keep(&["purge", "--all"]).code, 3);
    let purged = home.at_terminal(&["purge", "--all"], "y\n");
    assert_eq!(purged.code, 0, "{purged:?}");
    assert!(home.path().join("config/mine.txt").exists());
    assert!(!home.path().join("data").exists() && !home.path().join("config/ledger.key").exists());
}
