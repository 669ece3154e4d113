//! Surroundings that do not cooperate, and what a token's life looks like from outside.

use crate::home::{Home, KEEP, Said};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

#[test]
fn every_output_may_close_early() {
    let home = Home::new();
    home.ok(&["status"]);
    for words in [&["policy", "show"][..], &["man"], &["status", "--json"], &["--help"], &["audit", "export"]]
    {
        let mut child =
            home.command(KEEP).args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let said = Said::of(child.wait_with_output().unwrap());
        assert!(!said.err.contains("panicked"), "{words:?}: {said:?}");
        if words[0] != "audit" {
            assert_eq!((said.code, said.err.as_str()), (0, ""), "{words:?}");
        }
    }
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let home = Home::new();
    let closed = home.folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        println!("SKIPPED: permissions do not bind whoever runs this test");
        return;
    }
    let said = home.keep(&["--home", closed.join("home").to_str().unwrap(), "status"]);
    assert_eq!(said.code, 6, "{said:?}");
    assert!(said.err.contains(closed.to_str().unwrap()), "{said:?}");
}

#[test]
fn what_a_stranger_wrote_cannot_drive_the_terminal() {
    let home = Home::new();
    home.ok(&["stop", "--reason", "gone\u{1b}[2J\u{202e}astray\r\nerror: forged"]);
    let shown = home.ok(&["status"]);
    assert!(shown.contains("STOPPED"), "{shown}");
    for raw in ['\u{1b}', '\u{202e}', '\r'] {
        assert!(!shown.contains(raw), "{raw:?} in {shown:?}");
    }
    assert!(!shown.lines().any(|line| line.starts_with("error:")), "{shown}");
}

#[test]
fn colours_follow_whoever_asked() {
    let home = Home::new();
    home.ok(&["status"]);
    for (words, variables, wanted) in [
        (&["status"][..], &[][..], false),
        (&["status"], &[("FORCE_COLOR", "1")], true),
        (&["status"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&["status"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "")], true),
        (&["--color", "always", "status"], &[("NO_COLOR", "1")], true),
        (&["--color", "never", "status"], &[("FORCE_COLOR", "1")], false),
        (&["--color", "always", "--json", "status"], &[], false),
    ] {
        let output = home.command(KEEP).args(words).envs(variables.iter().copied()).output().unwrap();
        assert_eq!(Said::of(output).out.contains('\u{1b}'), wanted, "{words:?} {variables:?}");
    }
}

#[test]
fn a_token_works_until_it_is_revoked() {
    let home = Home::new();
    let create = ["token", "create", "agent:claude", "--scope", "memory.read", "--namespace", "global"];
    assert_eq!(home.keep(&create).code, 3);
    let refused = home.at_terminal(&create, "n\n");
    assert_ne!(refused.code, 0, "a no is a no: {refused:?}");
    let made = home.at_terminal(&create, "y\n");
    assert_eq!(made.code, 0, "{made:?}");
    let secret = made.out.lines().last().unwrap().trim().to_owned();
    let file = home.folder.path().join("token");
    std::fs::write(&file, &secret).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let as_agent = ["--token-file", file.to_str().unwrap(), "--json", "whoami"];
    assert_eq!(home.json(&as_agent)["principal"], "agent:claude");

    let list = home.at_terminal(&["--json", "token", "list"], "").out;
    assert!(!list.contains(&secret), "a list never shows the secret");
    let at = list.find("tok_").unwrap();
    let revoked = home.at_terminal(&["token", "revoke", &list[at..at + 30]], "y\n");
    assert_eq!(revoked.code, 0, "{revoked:?}");
    assert_eq!(home.keep(&as_agent).code, 3);
}

#[test]
fn reports_wrap_at_sixty_columns() {
    let home = Home::new();
    home.ok(&["status"]);
    let output = home.command(KEEP).env("COLUMNS", "60").arg("attest").output().unwrap();
    let said = Said::of(output);
    assert!(said.out.lines().count() > 10, "{said:?}");
    assert!(said.out.lines().all(|line| line.chars().count() <= 60), "{}", said.out);
}
