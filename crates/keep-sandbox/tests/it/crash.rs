//! What is left when the caller is killed in the middle of a run.

use crate::escape::with_word;
use crate::place::Place;
use keep_sandbox::{Profile, Sandbox};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

/// Says to the test below that it is the one to be killed, and where it works.
const VICTIM: &str = "KEEP_SANDBOX_TEST_VICTIM";

/// Run on its own this does nothing; run by the tests below it starts something and waits to be killed.
#[test]
fn victim() {
    let Some(work) = env::var_os(VICTIM).map(PathBuf::from) else { return };
    let sandbox = Sandbox::open(work.with_file_name("state")).unwrap();
    let place = Place::at(sandbox, work.clone());
    let base = if env::var_os("KEEP_SANDBOX_TEST_READING").is_some() {
        place.reading()
    } else {
        Profile { protect: vec![work.join(".mcp.json"), work.join(".vscode/")], ..place.working() }
    };
    let mark = format!("7{}", std::process::id());
    let text = format!("setsid sleep {mark} & sleep {mark} & sleep {mark}");
    let mut running = sandbox_run(&place, &base, &text);
    println!("{mark}");
    let _ = running.wait();
}

fn sandbox_run(place: &Place, profile: &Profile, text: &str) -> keep_sandbox::Running {
    place.sandbox.plan(profile).unwrap().spawn(place.shell(text)).unwrap()
}

/// Starts the victim, kills it once its command runs, and answers the mark of its processes.
fn kill_one(work: &PathBuf, reading: bool) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "crash::victim", "--nocapture"]).env(VICTIM, work).stdout(Stdio::piped());
    if reading {
        command.env("KEEP_SANDBOX_TEST_READING", "1");
    }
    let mut victim = command.spawn().unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mark = lines.find_map(|line| line.ok().filter(|line| line.starts_with('7'))).unwrap();
    // Its shell says that it runs before it has started the others.
    while with_word(&mark).len() < 3 {
        thread::sleep(Duration::from_millis(5));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    mark
}

fn wait_for_none(mark: &str) {
    while !with_word(mark).is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_caller_takes_its_run_along() {
    for reading in [true, false] {
        let place = Place::new();
        let mark = kill_one(&place.work, reading);
        wait_for_none(&mark);
    }
}

#[test]
fn placeholders_of_a_killed_caller_are_removed_by_the_next() {
    let place = Place::new();
    let mark = kill_one(&place.work, false);
    wait_for_none(&mark);
    let names = || {
        let mut names: Vec<_> = fs::read_dir(&place.work)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(), [".mcp.json", ".vscode"]);
    // What was filled meanwhile is no placeholder any more.
    fs::write(place.work.join(".mcp.json"), "{}").unwrap();
    let state = place.work.with_file_name("state");
    // The watcher holds the locks until it is gone itself.
    while fs::read_dir(state.join("placeholders")).unwrap().count() > 0 {
        Sandbox::open(state.clone()).unwrap();
    }
    assert_eq!(names(), [".mcp.json"]);
}

#[test]
fn runs_share_a_placeholder_until_the_last_is_over() {
    let place = Place::new();
    let profile = Profile { protect: vec![place.work.join(".mcp.json")], ..place.working() };
    let first = sandbox_run(&place, &profile, "sleep 600");
    let second = sandbox_run(&place, &profile, "read line; echo x > .mcp.json && echo escaped");
    drop(first);
    assert!(place.work.join(".mcp.json").exists(), "the second run still needs it");
    let again = place.run(&profile, "echo x > .mcp.json && echo escaped; rm -f .mcp.json");
    assert_eq!(again.output, "");
    drop(second);
    assert!(!place.work.join(".mcp.json").exists());
}

#[test]
fn a_killed_watcher_takes_its_namespaces_along() {
    let place = Place::new();
    let mark = format!("8{}", std::process::id());
    let mut running = sandbox_run(&place, &place.working(), &format!("setsid sleep {mark} & sleep {mark}"));
    while with_word(&mark).len() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-9", &running.process().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(matches!(running.wait(), Err(keep_sandbox::SandboxError::Lost)));
    wait_for_none(&mark);
}
