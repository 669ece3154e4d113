//! How runs end, and what is left of them.

use super::Work;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Nothing that a machine does takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that goes on until something ends it, once it has said that it runs.
fn endless(work: &Work) -> Child {
    let line = "bash -c 'while :; do date +%s%N > alive; sleep 0.05; done' & echo runs; wait";
    let mut child =
        work.command(&["sh", line]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "runs\n");
    child
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed()).unwrap()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(20));
    }
}

/// Whether the run's grandchild still writes.
fn writes(work: &Work) -> bool {
    let now = || fs::read(work.work().join("alive")).unwrap_or_default();
    let before = now();
    sleep(Duration::from_millis(500));
    before != now()
}

#[test]
fn a_killed_keep_leaves_no_run_behind() {
    let work = Work::new();
    let mut child = endless(&work);
    until("the grandchild writes", || work.work().join("alive").exists());
    kill_process(pid(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    until("the grandchild has ended", || !writes(&work));
    let runs = work.json(&["runs", "--json"]);
    assert_eq!(runs[0]["state"], "lost", "{runs}");
    // The next run closes it for good.
    assert_eq!(work.sh("true").code, 0);
    let runs = work.json(&["runs", "--json"]);
    assert_eq!(
        (&runs[1]["state"], &runs[1]["why"]),
        (&"failed".into(), &"its process died".into()),
        "{runs}"
    );
    assert_eq!(work.person(&["audit", "verify"], "y\n").code, 0);
    let log = work.person(&["audit", "log", "--action", "exec.run"], "y\n");
    assert!(log.out.contains("abandoned"), "{log:?}");
}

#[test]
fn whoever_wants_it_ends_a_run() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let work = Work::new();
        let child = endless(&work);
        kill_process(pid(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success(), "{signal:?}: {output:?}");
        assert!(!writes(&work), "{signal:?}");
        let runs = work.json(&["runs", "--json"]);
        assert_eq!(runs[0]["ended_by"], "request", "{signal:?}: {runs}");
    }
}

#[test]
fn time_that_is_up_ends_a_run() {
    let work = Work::new();
    let said = work.keep(&["exec", "--timeout", "1s", "--", "sleep", "1000"]);
    assert_eq!(said.code, 124, "{said:?}");
    assert!(said.err.contains("its time was up"), "{said:?}");
    assert_eq!(work.json(&["runs", "--json"])[0]["ended_by"], "timeout");
}

/// Ctrl-C at a terminal reaches the program there, as at any terminal.
#[test]
fn ctrl_c_is_the_programs_own() {
    let work = Work::new();
    let line = "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.1; done";
    let mut terminal = crate::terminal::Terminal::start(work.command(&["sh", line]));
    assert!(terminal.shows("ready", &|| false));
    terminal.type_in("\x03");
    let said = terminal.end(&|| false).unwrap();
    assert!(said.code == 7 && said.out.contains("caught"), "{said:?}");
}

#[test]
fn what_is_left_in_the_background_ends_with_the_run() {
    let work = Work::new();
    let said = work
        .sh("setsid bash -c 'while :; do date +%s%N > alive; sleep 0.05; done' > /dev/null 2>&1 & sleep 0.3");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!writes(&work));
}

#[test]
fn too_much_of_anything_ends_a_run() {
    let work = Work::new();
    let said = work.keep(&["--set", "exec.output_mib=1", "sh", "head -c 3000000 /dev/zero"]);
    assert!(said.out.len() <= 1 << 20, "{}", said.out.len());
    assert!(said.err.contains("exec.output_mib"), "{:?}", said.err);
    let line = "python3 -c 'x = bytearray(400 << 20); print(len(x))'";
    let said = work.keep(&["--set", "exec.memory_mib=64", "sh", line]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(said.out, "");
    let said = work.keep(&["--set", "exec.file_mib=1", "sh", "head -c 3000000 /dev/zero > large"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(fs::metadata(work.work().join("large")).unwrap().len(), 1 << 20);
}

/// A turn is waited for, and given when one is free.
#[test]
fn runs_wait_for_their_turn() {
    let work = Work::new();
    let child = endless(&work);
    let mut second = work.command(&["--set", "exec.concurrent=1", "sh", "echo mine"]);
    let mut second = second.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    BufReader::new(second.stderr.as_mut().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("waits for its turn"), "{told}");
    kill_process(pid(&child), Signal::TERM).unwrap();
    child.wait_with_output().unwrap();
    let output = second.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"mine\n");
}

#[test]
fn nothing_runs_that_cannot_be_recorded() {
    let work = Work::new();
    work.sh("true");
    // A ledger that does not extend its checkpoint takes no record until a person has looked at it.
    fs::remove_file(work.home.path().join("data/keep.db")).unwrap();
    let said = work.sh("touch ran");
    assert_ne!(said.code, 0, "{said:?}");
    assert!(!work.work().join("ran").exists());
}
