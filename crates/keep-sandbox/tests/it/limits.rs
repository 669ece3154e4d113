//! How much a confined command may use.

use crate::place::{Place, read};
use keep_sandbox::{Command, EndedBy, Limits, Profile, SandboxError, Stream, Streams};
use std::time::Duration;

fn limited(place: &Place, limits: Limits) -> [Profile; 2] {
    [Profile { limits, ..place.reading() }, Profile { limits, ..place.working() }]
}

/// In every tier.
fn check(limits: Limits, text: &str, by: EndedBy) {
    let place = Place::new();
    for profile in limited(&place, limits) {
        let done = place.run(&profile, text);
        assert_eq!(done.ended.by, by, "{:?}: {done:?}", place.sandbox.plan(&profile).unwrap().tier());
        assert!(!done.succeeded(), "{done:?}");
    }
}

#[test]
fn time_is_up() {
    check(Limits { wall: Some(Duration::from_millis(200)), ..Limits::default() }, "sleep 600", EndedBy::Wall);
}

#[test]
fn processor_time_is_up_although_it_is_spread() {
    let limits = Limits { cpu: Some(Duration::from_millis(300)), ..Limits::default() };
    check(limits, "(while :; do :; done) & (while :; do :; done) & wait", EndedBy::Cpu);
}

#[test]
fn endless_output_ends() {
    let limits = Limits { output: Some(10_000), ..Limits::default() };
    let place = Place::new();
    for profile in limited(&place, limits) {
        let done = place.run(&profile, "yes & yes >&2; wait");
        assert_eq!(done.ended.by, EndedBy::Output);
        assert_eq!(done.output.len() + done.error.len(), 10_000);
    }
    let profile = Profile { limits, ..place.reading() };
    let file = tempfile::tempfile().unwrap();
    let streams =
        Streams::Three { input: Stream::Nothing, output: Stream::Given(file.into()), error: Stream::Nothing };
    let command = Command { streams, ..place.shell("true") };
    let refused = place.sandbox.plan(&profile).unwrap().spawn(command).unwrap_err();
    assert!(matches!(refused, SandboxError::Refused(_)), "{refused}");
}

#[test]
fn memory_bomb() {
    let limits = Limits { memory: Some(64 << 20), ..Limits::default() };
    // A string that doubles until it no longer may; in two processes, neither of which is alone to blame.
    let bomb = "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done";
    let place = Place::new();
    for profile in limited(&place, limits) {
        let done = place.run(&profile, &format!("({bomb}) & ({bomb}); wait; exit 1"));
        assert!(!done.succeeded(), "{done:?}");
        assert!(done.ended.usage.largest_bytes < 80 << 20, "{done:?}");
    }
}

#[test]
fn fork_bomb() {
    let place = Place::new();
    for profile in limited(&place, Limits { processes: Some(20), ..Limits::default() }) {
        let planned = place.sandbox.plan(&profile);
        // Where processes cannot be counted, nothing runs.
        let Ok(plan) = planned else { continue };
        let mut running = plan
            .spawn(place.shell("i=0; while [ $i -lt 60 ]; do sleep 600 & i=$((i+1)); done; echo all"))
            .unwrap();
        let mut error = running.take_error().unwrap();
        let mut output = running.take_output().unwrap();
        let said = {
            let reader = std::thread::spawn(move || read(&mut error));
            let output = read(&mut output);
            (output, reader)
        };
        let ended = running.wait().unwrap();
        assert!(said.0.is_empty() && !ended.status.success(), "{said:?}");
        assert!(said.1.join().unwrap().contains("fork"));
    }
}

#[test]
fn open_files_and_their_size() {
    let place = Place::new();
    let limits = Limits { open_files: Some(16), file_size: Some(4096), ..Limits::default() };
    let profile = Profile { limits, ..place.working() };
    let done = place.run(&profile, "ulimit -n; head -c 100000 /dev/zero > big; wc -c < big");
    assert_eq!(done.output.split_whitespace().collect::<Vec<_>>(), ["16", "4096"], "{done:?}");
}

#[test]
fn disk_fill() {
    let place = Place::new();
    let limits = Limits { temporary: Some(1 << 20), ..Limits::default() };
    let profile = Profile { limits, private_tmp: true, ..place.working() };
    let done = place.run(&profile, "head -c 3000000 /dev/zero > /tmp/big; wc -c < /tmp/big");
    assert_eq!(done.output.trim(), "1048576", "{done:?}");
    assert!(done.error.contains("No space"), "{done:?}");
    // A limit on what is not there.
    let profile = Profile { limits, ..place.working() };
    assert!(place.sandbox.plan(&profile).is_err());
}

/// Four processes, each within the limit, together beyond it.
#[test]
fn memory_of_a_whole_tree() {
    let text = "python3 -c '
import os, signal, sys
for _ in range(4):
    if os.fork() == 0:
        held = bytearray(40 << 20)
        for at in range(0, len(held), 4096): held[at] = 1
        signal.pause()
os.wait()
sys.exit(1)
'; exit 1";
    let limits = Limits { memory: Some(120 << 20), wall: Some(Duration::from_secs(60)), ..Limits::default() };
    check(limits, text, EndedBy::Memory);
}
