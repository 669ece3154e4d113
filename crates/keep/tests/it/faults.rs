//! Disks that fail and processes that die, at every durable step of the real program. `strace` makes a
//! system call fail, or kills the program as it enters it; afterwards the installation must open, its
//! ledger must hold, and what was acknowledged must be there.

use crate::home::{Home, KEEP, Said};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// System calls through which bytes become durable, or files change places.
const STEPS: [&str; 6] = ["fdatasync", "fsync", "pwrite64", "rename", "ftruncate", "write"];
/// More calls of one kind than any command here makes; a run that reaches it hides an endless loop.
const MAX_CALLS: usize = 200;

/// What happens to the Nth call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Error(&'static str),
    Kill,
}

impl Fault {
    fn words(self) -> String {
        match self {
            Self::Error(errno) => format!("error={errno}"),
            Self::Kill => "signal=KILL".into(),
        }
    }
}

/// What came of a fault.
pub(crate) enum Struck {
    /// The command makes fewer such calls.
    Nothing,
    /// One thread waking another: no bytes, and nothing that a disk could refuse.
    Waking,
    /// The command went on or ended, and said so much.
    Call(Said),
}

/// Runs a command with a fault.
pub(crate) fn run(home: &Home, step: &str, fault: Fault, nth: usize, words: &[&str], who: Who<'_>) -> Struck {
    let log = home.folder.path().join("strace.log");
    let (trace, inject) = (format!("trace={step}"), format!("inject={step}:{}:when={nth}", fault.words()));
    let mut all = vec!["-f", "-y", "-qq", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject, KEEP];
    all.extend(words);
    // A thread whose waking was refused sleeps for ever, so that run is ended where it is seen.
    let waking = || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.lines().any(|line| line.contains("(INJECTED)") && line.contains("anon_inode:[eventfd]"))
    };
    let said = match who {
        Who::Program => output_unless(&waking, home.command("strace").args(all)).map(Said::of),
        Who::Person { answers } => home.converse_unless(&waking, "strace", &all, answers),
    };
    let Some(said) = said else { return Struck::Waking };
    let traced = std::fs::read_to_string(&log).unwrap();
    let struck = traced.contains("(INJECTED)") || traced.contains("killed by SIGKILL");
    if struck { Struck::Call(said) } else { Struck::Nothing }
}

fn output_unless(spoiled: &dyn Fn() -> bool, strace: &mut Command) -> Option<Output> {
    let strace = strace.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = strace.spawn().expect("strace is there: `cargo xtask test` installs it");
    loop {
        if spoiled() {
            let group = format!("-{}", child.id());
            assert!(Command::new("kill").args(["-9", "--", &group]).status().unwrap().success());
            child.wait().unwrap();
            return None;
        }
        if child.try_wait().unwrap().is_some() {
            return Some(child.wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Who runs the command.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    Program,
    /// At a terminal, with the questions and what the person answers.
    Person {
        answers: &'a [(&'a str, &'a str)],
    },
}

fn prepared() -> Home {
    let home = Home::new();
    home.ok(&["status"]);
    home
}

pub(crate) fn fresh_copy(of: &Home) -> Home {
    let copy = Home::new();
    let status = Command::new("cp").arg("-a").args([of.path(), copy.path()]).status().unwrap();
    assert!(status.success());
    copy
}

/// Strikes every call of one kind in turn, each in a home of its own, and checks what is left.
fn strike_all(make: impl Fn() -> Home, fault: Fault, words: &[&str], check: impl Fn(&Home, &Said, &str)) {
    strike_all_of(Who::Program, make, fault, words, check);
}

/// The same with a command of a program or a person.
pub(crate) fn strike_all_of(
    who: Who<'_>,
    make: impl Fn() -> Home,
    fault: Fault,
    words: &[&str],
    check: impl Fn(&Home, &Said, &str),
) {
    let mut struck = 0;
    for step in STEPS {
        for nth in 1..=MAX_CALLS {
            assert!(nth < MAX_CALLS, "{step} is called without end");
            let home = make();
            let said = match run(&home, step, fault, nth, words, who) {
                Struck::Call(said) => said,
                Struck::Waking => continue,
                Struck::Nothing => break,
            };
            struck += 1;
            check(&home, &said, &format!("{fault:?} at {step} {nth}: {said:?}"));
        }
    }
    assert!(struck > 5, "only {struck} calls were struck: strace does not reach the program");
}

/// The invariant: it opens, verifies, and shows the stop if and only if it may have happened.
fn check_stop(home: &Home, said: &Said, at: &str) {
    let verified = home.keep(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{at}, then {verified:?}");
    let stopped = home.ok(&["status"]).contains("STOPPED");
    let acknowledged = said.out.contains("stopped: every act");
    assert!(stopped || !acknowledged, "an acknowledged stop is lost: {at}");
    let log = home.json(&["audit", "log", "--action", "gate.stop", "--phase", "done", "--json"]);
    assert_eq!(log.as_array().unwrap().len(), usize::from(stopped), "effect and record differ: {at}");
    assert_eq!(home.keep(&["doctor"]).code, 0, "{at}");
    home.ok(&["stop"]);
}

#[test]
fn an_append_survives_io_errors() {
    let base = prepared();
    strike_all(|| fresh_copy(&base), Fault::Error("EIO"), &["stop"], check_stop);
}

#[test]
fn an_append_survives_a_full_disk() {
    let base = prepared();
    strike_all(|| fresh_copy(&base), Fault::Error("ENOSPC"), &["stop"], check_stop);
}

#[test]
fn an_append_survives_kill_nine() {
    let base = prepared();
    strike_all(|| fresh_copy(&base), Fault::Kill, &["stop"], check_stop);
}

/// First use makes the keys, the tables, the first record and the first checkpoint.
fn check_first_use(home: &Home, _: &Said, at: &str) {
    let again = home.keep(&["status"]);
    assert_eq!(again.code, 0, "{at}, then {again:?}");
    let health = again.out;
    if health.contains("unanchored") {
        // The records came, their checkpoint did not: visible, and settled by a person.
        let accepted = home.at_terminal(&["audit", "accept", "--reason", "first use was cut short"], "y\n");
        assert_eq!(accepted.code, 0, "{at}, then {accepted:?}");
    }
    let verified = home.keep(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{at}, then {verified:?}");
    home.ok(&["stop"]);
}

#[test]
fn first_use_survives_kill_nine() {
    strike_all(Home::new, Fault::Kill, &["status"], check_first_use);
}

#[test]
fn first_use_survives_io_errors() {
    strike_all(Home::new, Fault::Error("EIO"), &["status"], check_first_use);
}
