//! How a run is asked to end, and what happens when it does not.

use crate::escape::with_word;
use crate::place::{Place, read};
use keep_sandbox::{EndedBy, Limits, Profile, Running};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// Starts a command in each tier and waits until it says `ready`.
fn started(place: &Place, profile: &Profile, text: &str) -> (Running, keep_sandbox::Said) {
    let mut running = place.sandbox.plan(profile).unwrap().spawn(place.shell(text)).unwrap();
    let mut output = running.take_output().unwrap();
    let mut word = [0; 6];
    output.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"ready\n");
    (running, output)
}

const TIDY: &str = "trap 'echo tidied; exit 3' TERM; echo ready; sleep 600 & wait";

#[test]
fn a_run_that_is_asked_to_end_may_tidy_up() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let (mut running, mut output) = started(&place, &profile, TIDY);
        running.stopper().terminate();
        assert_eq!(read(&mut output), "tidied\n");
        let ended = running.wait().unwrap();
        assert_eq!((ended.by, ended.status.code()), (EndedBy::Request, Some(3)));
    }
}

#[test]
fn everything_that_it_started_is_asked_too() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let text =
            "(setsid sh -c 'trap \"echo far; exit\" TERM; echo ready; sleep 600 & wait' &) ; sleep 600";
        let (mut running, mut output) = started(&place, &profile, text);
        running.stopper().terminate();
        assert_eq!(read(&mut output), "far\n");
        assert_eq!(running.wait().unwrap().status.signal(), Some(libc::SIGTERM));
    }
}

#[test]
fn what_does_not_heed_is_killed() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let mark = format!("7{}{}", std::process::id(), profile.write.len());
        let text = format!("trap '' TERM; echo ready; sleep {mark} & while :; do wait; done");
        let (mut running, mut output) = started(&place, &profile, &text);
        running.stopper().terminate();
        assert_eq!(read(&mut output), "");
        let ended = running.wait().unwrap();
        assert_eq!((ended.by, ended.status.signal()), (EndedBy::Request, Some(libc::SIGKILL)));
        assert_eq!(with_word(&mark), Vec::<String>::new());
    }
}

#[test]
fn who_does_not_want_to_wait_kills() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let (mut running, mut output) = started(&place, &profile, TIDY);
        running.stopper().terminate();
        running.stopper().kill();
        // It may have said so before it was killed, and need not have.
        let _ = read(&mut output);
        assert_eq!(running.wait().unwrap().by, EndedBy::Request);
        let (mut running, mut output) = started(&place, &profile, TIDY);
        running.stopper().kill();
        assert_eq!(read(&mut output), "", "it is not asked before");
        assert_eq!(running.wait().unwrap().status.signal(), Some(libc::SIGKILL));
    }
}

#[test]
fn a_stopped_process_is_woken_to_end() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let text = "trap 'echo woken; exit 4' TERM; echo ready; kill -STOP $$";
        let (mut running, mut output) = started(&place, &profile, text);
        running.stopper().terminate();
        assert_eq!(read(&mut output), "woken\n");
        assert_eq!(running.wait().unwrap().status.code(), Some(4));
    }
}

#[test]
fn when_time_is_up_it_is_asked_first() {
    let place = Place::new();
    let limits = Limits { wall: Some(Duration::from_millis(400)), ..Limits::default() };
    for profile in [place.reading(), place.working()] {
        let (mut running, mut output) = started(&place, &Profile { limits, ..profile }, TIDY);
        assert_eq!(read(&mut output), "tidied\n");
        let ended = running.wait().unwrap();
        assert_eq!((ended.by, ended.status.code()), (EndedBy::Wall, Some(3)));
    }
}
