//! Commits that die or fail at every step: what was there is not lost, and the rest can be gone on with or
//! put back.

use crate::overlay::{Tree, Try, commit, tree};
use keep_sandbox::layer::{Committed, Layer, LayerError, Progress};
use std::path::Path;
use std::process::{Command, Stdio};

const FILL: &str = "echo one > a; echo two > b; mkdir d d/e; echo three > d/c; echo four > d/e/f; ln -s a link; echo five > g";
const SCRIPT: &str = "echo changed > a; mv b moved; rm -r d; echo file > d; mkdir n; echo x > n/x; chmod 750 n; \
                      ln -sfn moved link; chmod 600 g";
/// More calls of one kind than a commit of this size makes.
const MAX_CALLS: usize = 400;

struct Struck {
    struck: bool,
    ended_well: bool,
}

struct Case {
    one: Try,
    before: Tree,
    saw: Tree,
}

impl Case {
    fn new() -> Self {
        let one = Try::new(FILL);
        let layer = one.layer();
        let saw = one.run(&layer, SCRIPT);
        Self { before: tree(&one.lower()), saw, one }
    }

    /// Commits in another process, which `strace` strikes at its nth call; says whether it was struck.
    fn strike(&self, call: &str, fault: &str, nth: usize) -> Struck {
        let log = self.one.folder.path().join("strace.log");
        let status = Command::new("strace")
            .args(["-f", "-qq", "-o"])
            .arg(&log)
            .args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:{fault}:when={nth}")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "layer_faults::inside", "--ignored"])
            .env("TRY_HOME", self.one.home())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let log = std::fs::read_to_string(&log).unwrap();
        let struck =
            log.contains("(INJECTED)") || log.contains("(DELAYED)") || log.contains("killed by SIGKILL");
        Struck { struck, ended_well: status.success() }
    }
}

#[test]
#[ignore = "the others start it, to strike it"]
fn inside() {
    let layer = Layer::open(Path::new(&std::env::var_os("TRY_HOME").unwrap())).unwrap();
    commit(&layer, &layer.changes().unwrap()).unwrap();
}

/// Every file of before is still somewhere below the folder, or the commit is at its end.
fn nothing_is_lost(case: &Case, at: &str) {
    let now = tree(&case.one.lower());
    let has = |content: &[u8]| now.values().any(|(kind, _, here)| *kind == 'f' && here == content);
    for content in [b"one\n".as_slice(), b"two\n", b"three\n", b"four\n", b"five\n"] {
        // The end of a commit is when it removes what it replaced; then everything new is there.
        let finished = case.saw.iter().all(|(path, seen)| now.get(path) == Some(seen));
        assert!(has(content) || finished, "{at}: {} is lost", String::from_utf8_lossy(content));
    }
}

fn check(case: &Case, at: &str, undo: bool) {
    nothing_is_lost(case, at);
    let layer = Layer::open(&case.one.home()).unwrap();
    // A killed process keeps its lock until the kernel has cleaned up after it.
    let pending = loop {
        match layer.pending() {
            Err(LayerError::Busy { .. }) => std::thread::sleep(std::time::Duration::from_millis(1)),
            pending => break pending.unwrap(),
        }
    };
    let Some(pending) = pending else {
        let now = tree(&case.one.lower());
        assert!(now == case.before || now == case.saw, "{at}: half a commit without a journal");
        return;
    };
    let progress = pending.progress().unwrap();
    let done = !progress.is_empty() && progress.iter().all(|(_, progress)| *progress == Progress::Done);
    let end = if undo { pending.undo() } else { pending.resume() }.unwrap();
    let now = tree(&case.one.lower());
    match end {
        Committed::All(_) => assert_eq!(now, case.saw, "{at}"),
        Committed::Nothing => {
            assert_eq!(now, case.before, "{at}");
            assert!(undo || !done, "{at}");
            // It is begun again, and holds.
            commit(&layer, &layer.changes().unwrap()).unwrap_or(Committed::Nothing);
        }
    }
    assert!(layer.pending().unwrap().is_none(), "{at}");
    layer.discard().unwrap();
}

/// Strikes each nth call of a kind; `stride` leaves some out where there are many.
fn strike_all(call: &str, fault: &str, stride: usize) -> usize {
    let mut struck = 0;
    for nth in (1..).step_by(stride) {
        assert!(nth < MAX_CALLS, "{call} is called without end");
        let case = Case::new();
        let one = case.strike(call, fault, nth);
        if !one.struck {
            assert!(one.ended_well, "{call} {nth}");
            break;
        }
        struck += 1;
        check(&case, &format!("{fault} at {call} {nth}"), struck % 2 == 0);
    }
    struck
}

/// Between the last look at a file and its renaming somebody else is faster: their file stays.
#[test]
fn a_file_that_changes_between_look_and_rename_stays() {
    for replaced in ["a", "b", "d/c", "link"] {
        let case = Case::new();
        let lower = case.one.lower();
        std::thread::scope(|scope| {
            // Every rename waits for a second before it happens.
            let struck = scope.spawn(|| case.strike("renameat2", "delay_enter=1000000", 1));
            let journal = case.one.home().join("journal.json");
            while !std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("applying")) {
                assert!(!struck.is_finished(), "the commit ended before it began");
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            // Long enough for the look; what holds afterwards holds whoever was first.
            std::thread::sleep(std::time::Duration::from_millis(200));
            std::fs::write(lower.join("theirs"), "theirs").unwrap();
            std::fs::rename(lower.join("theirs"), lower.join(replaced)).unwrap();
            assert!(!struck.join().unwrap().ended_well, "{replaced}");
        });
        let mut expected = case.before.clone();
        expected.insert(replaced.into(), ('f', 0o644, b"theirs".to_vec()));
        assert_eq!(tree(&lower), expected, "{replaced}");
        assert!(Layer::open(&case.one.home()).unwrap().pending().unwrap().is_none());
    }
}

#[test]
fn killed_at_any_rename() {
    assert!(strike_all("renameat2", "signal=KILL", 1) >= 8);
}

#[test]
fn killed_at_any_durable_step() {
    let struck: usize = ["fsync", "rename", "mkdirat", "unlinkat", "symlinkat"]
        .iter()
        .map(|call| strike_all(call, "signal=KILL", 1))
        .sum();
    assert!(struck >= 15, "{struck}");
}

#[test]
fn killed_at_any_opening() {
    assert!(strike_all("openat2", "signal=KILL", 17) >= 5);
}

#[test]
fn renames_that_fail_are_put_back() {
    assert!(strike_all("renameat2", "error=EIO", 1) >= 8);
}

#[test]
fn a_full_disk_changes_nothing() {
    let struck: usize = ["fsync", "rename"].iter().map(|call| strike_all(call, "error=ENOSPC", 1)).sum();
    assert!(struck >= 5, "{struck}");
}
