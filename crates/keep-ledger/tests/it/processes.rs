//! Several processes, some of them killed.

use crate::place::{Place, append, record};
use keep_ledger::{Filter, Phase};
use serde_json::json;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The part of a child: appends as the environment says and prints each acknowledged number.
#[test]
fn child() {
    let Ok(root) = std::env::var("KEEP_LEDGER_TEST_CHILD") else {
        return;
    };
    let count: u64 = std::env::var("KEEP_LEDGER_TEST_COUNT").unwrap().parse().unwrap();
    let ledger = Place::at(Path::new(&root)).open();
    println!("ready");
    std::io::stdin().read_exact(&mut [0]).unwrap();
    let mut waiting = VecDeque::new();
    let acknowledge = |pending: keep_db::Pending<keep_ledger::Seq, keep_ledger::LedgerError>| {
        println!("ack {}", pending.wait().unwrap());
        std::io::stdout().flush().unwrap();
    };
    for n in 0..count {
        let detail = json!({ "from": std::process::id(), "n": n });
        waiting.push_back(ledger.append(record("memory.write", Phase::Done, detail)));
        if waiting.len() > 32 {
            acknowledge(waiting.pop_front().unwrap());
        }
    }
    waiting.into_iter().for_each(acknowledge);
    ledger.close().unwrap();
}

fn spawn(place: &Place, count: u64) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--nocapture", "--test-threads=1"])
        .env("KEEP_LEDGER_TEST_CHILD", &place.root)
        .env("KEEP_LEDGER_TEST_COUNT", count.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("ready\n") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "the child ended early");
    }
    (child, out)
}

fn go(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"!").unwrap();
}

fn acknowledged(out: impl Read) -> Vec<u64> {
    BufReader::new(out)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("ack ").and_then(|n| n.parse().ok()))
        .collect()
}

#[test]
fn two_processes_lose_nothing_and_neither_starves() {
    const EACH: u64 = 10_000;
    let place = Place::new();
    place.grow(0);
    let (mut one, out_one) = spawn(&place, EACH);
    let (mut two, out_two) = spawn(&place, EACH);
    go(&mut one);
    go(&mut two);
    let reader = std::thread::spawn(move || acknowledged(out_one));
    let seqs_two = acknowledged(out_two);
    let seqs_one = reader.join().unwrap();
    assert!(one.wait().unwrap().success() && two.wait().unwrap().success());
    assert_eq!((seqs_one.len() as u64, seqs_two.len() as u64), (EACH, EACH));
    let first_half = |seqs: &[u64]| seqs.iter().filter(|seq| **seq <= EACH).count();
    assert!(first_half(&seqs_one) > 0, "the first process starved");
    assert!(first_half(&seqs_two) > 0, "the second process starved");
    let mut all: Vec<u64> = seqs_one.into_iter().chain(seqs_two).collect();
    all.sort_unstable();
    assert_eq!(all, (1..=2 * EACH).collect::<Vec<_>>());
    let report = place.verify().unwrap();
    assert_eq!((report.records, report.checkpoint), (2 * EACH + 1, 2 * EACH + 1));
}

#[test]
fn killed_at_any_moment_everything_acknowledged_is_there() {
    let place = Place::new();
    place.grow(0);
    for round in 0..8u64 {
        let (mut child, mut out) = spawn(&place, 1_000_000);
        go(&mut child);
        let mut lines = String::new();
        for _ in 0..(round * 137 + 1) {
            out.read_line(&mut lines).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut acks = acknowledged(lines.as_bytes());
        acks.extend(acknowledged(out));
        let last = acks.iter().max().copied().unwrap();
        let ledger = place.open();
        assert!(ledger.health().takes_records(), "{:?}", ledger.health());
        let report = ledger.verify(&mut |_, _| {}).unwrap();
        assert!(report.records > last, "{} records, {last} acknowledged", report.records);
        append(&ledger, 1);
    }
}

/// An intent of a process that was killed is closed by whoever opens next.
#[test]
fn an_intent_of_a_killed_process_is_abandoned() {
    let Ok(root) = std::env::var("KEEP_LEDGER_TEST_INTENT") else {
        let place = Place::new();
        place.grow(1);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::an_intent_of_a_killed_process_is_abandoned"])
            .env("KEEP_LEDGER_TEST_INTENT", &place.root)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(!status.success());
        let ledger = place.open();
        let filter = Filter { phase: Some(Phase::Abandoned), ..Filter::default() };
        assert_eq!(ledger.query(filter).wait().unwrap().len(), 1);
        assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().open_intents, 0);
        return;
    };
    let ledger = Place::at(Path::new(&root)).open();
    ledger.append(record("exec.run", Phase::Intent, json!({}))).wait().unwrap();
    std::process::abort();
}

/// Writes fail after some megabytes, as on a full or broken disk: what was acknowledged is there, the
/// rest was refused, and the ledger verifies.
#[test]
fn a_failing_disk_refuses_appends_and_loses_none() {
    if let Ok(root) = std::env::var("KEEP_LEDGER_TEST_DISK") {
        let ledger = Place::at(Path::new(&root)).open();
        for _ in 0..1_000_000 {
            let detail = json!({ "filler": "x".repeat(2000) });
            match ledger.append(record("memory.write", Phase::Done, detail)).wait() {
                Ok(seq) => println!("ack {seq}"),
                Err(error) => {
                    println!("refused {error:?}");
                    return;
                }
            }
        }
        return;
    }
    let place = Place::new();
    place.grow(10);
    let out = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "processes::a_failing_disk_refuses_appends_and_loses_none", "--nocapture"])
        .env("KEEP_LEDGER_TEST_DISK", &place.root)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("refused"), "{}", &text[text.len().saturating_sub(300)..]);
    let last = acknowledged(text.as_bytes()).into_iter().max().unwrap();
    let report = place.verify().unwrap();
    assert!(report.records > last, "{} records, {last} acknowledged", report.records);
    place.grow(3);
    assert!(place.verify().is_ok());
}

#[test]
fn a_lock_that_does_not_come_free_refuses_the_append() {
    let place = Place::new();
    place.grow(1);
    let config =
        keep_db::DbConfig { lock_wait: std::time::Duration::from_millis(50), ..place.db().config().clone() };
    let db = keep_db::Db::open(&config, &[&keep_ledger::SCHEMA]).unwrap();
    let ledger = keep_ledger::Ledger::open(db, place.config()).unwrap();
    let lock = std::fs::File::open(place.root.join("data/keep.db.lock")).unwrap();
    lock.lock().unwrap();
    let refused = ledger.append(record("memory.write", Phase::Done, json!({}))).wait();
    assert!(refused.is_err(), "{refused:?}");
    drop(lock);
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().records, 2);
    append(&ledger, 1);
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().records, 3);
}
