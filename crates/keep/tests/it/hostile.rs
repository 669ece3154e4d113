//! Surroundings that do not cooperate.

use crate::bench::Bench;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

#[test]
fn a_closed_output_ends_quietly() {
    let bench = Bench::new();
    bench.keep(&["status"]).exits(0);
    for args in [&["policy", "show"][..], &["completions", "zsh"], &["man"], &["status", "--json"], &["--help"]] {
        let mut child =
            bench.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*err), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_home_that_is_a_file_is_named() {
    let bench = Bench::new();
    std::fs::write(bench.home(), "not a folder").unwrap();
    let ran = bench.keep(&["status"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains(bench.home().to_str().unwrap()), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(bench.home()).unwrap(), "not a folder");
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let bench = Bench::new();
    let closed = bench.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        println!("SKIPPED: permissions do not bind whoever runs this test");
        return;
    }
    let home = closed.join("home");
    let ran = bench.keep(&["--home", home.to_str().unwrap(), "status"]).exits(6);
    assert!(ran.err.contains(closed.to_str().unwrap()), "{}", ran.err);
}

#[test]
fn what_a_stranger_wrote_cannot_drive_the_terminal() {
    let bench = Bench::new();
    let reason = "gone\u{1b}[2J\u{202e}astray\r\nerror: forged";
    bench.keep(&["stop", "--reason", reason]).exits(0);
    let shown = bench.keep(&["status"]).exits(0).out;
    assert!(shown.contains("STOPPED"), "{shown}");
    for raw in ['\u{1b}', '\u{202e}', '\r'] {
        assert!(!shown.contains(raw), "{raw:?} in {shown:?}");
    }
    assert!(!shown.lines().any(|line| line.starts_with("error:")), "{shown}");
}

#[test]
fn colours_follow_whoever_asked() {
    let bench = Bench::new();
    let coloured = |args: &[&str], variables: &[(&str, &str)]| {
        let output = bench.command(args).envs(variables.iter().copied()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains('\u{1b}')
    };
    for (args, variables, wanted) in [
        (&["status"][..], &[][..], false),
        (&["status"], &[("FORCE_COLOR", "1")], true),
        (&["status"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], false),
        (&["status"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "")], true),
        (&["--color", "always", "status"], &[("NO_COLOR", "1")], true),
        (&["--color", "never", "status"], &[("FORCE_COLOR", "1")], false),
        (&["--color", "always", "--json", "status"], &[], false),
    ] {
        assert_eq!(coloured(args, variables), wanted, "{args:?} {variables:?}");
    }
}

#[test]
fn tables_fit_sixty_columns() {
    let bench = Bench::new();
    for args in [&["policy", "show"][..], &["config", "show"], &["config", "show", "--origin"]] {
        let output = bench.command(args).env("COLUMNS", "60").output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        for line in shown.lines() {
            assert!(line.chars().count() <= 60, "{args:?}: {line}");
        }
    }
}
