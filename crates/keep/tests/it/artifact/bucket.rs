//! Artifacts in a bucket on a real server, through the program, when things go wrong.

use super::{file, noise, restored};
use crate::home::{Home, KEEP, Said};
use crate::weed::{self, KEY_ID, SECRET, Weed};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Tells the places in the bucket apart.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A place in the bucket that no other test uses.
pub(super) fn place() -> String {
    format!("k{}/{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// Lets a home know of the server, and of nobody who may ask it.
pub(super) fn connect(home: &Home, weed: &Weed, more: &str) {
    let path = home.path().join("config/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{text}[blobs]\nendpoint = \"{}\"\n{more}", weed.endpoint())).unwrap();
}

/// A home that stores its artifacts in this place of the bucket.
pub(super) fn home_in(weed: &Weed, place: &str) -> Home {
    let mut home = super::open_home();
    connect(&home, weed, &format!("url = \"s3://keep-test/{place}\"\n"));
    home.variables = keys();
    home
}

/// Who may ask the test server.
pub(super) fn keys() -> Vec<(&'static str, String)> {
    vec![("AWS_ACCESS_KEY_ID", KEY_ID.into()), ("AWS_SECRET_ACCESS_KEY", SECRET.into())]
}

/// The paths of all blobs stored below a place.
pub(super) fn blobs(weed: &Weed, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for folder in names(weed, &format!("{place}/blobs")) {
        let below = names(weed, &format!("{place}/blobs/{folder}"));
        found.extend(below.into_iter().map(|name| format!("{place}/blobs/{folder}/{name}")));
    }
    found
}

fn names(weed: &Weed, folder: &str) -> Vec<String> {
    let listed = weed.peek(&format!("{folder}/?limit=10000")).unwrap_or_default();
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap_or_default();
    let entries = listed["Entries"].as_array().cloned().unwrap_or_default();
    let last = |entry: &serde_json::Value| entry["FullPath"].as_str()?.rsplit('/').next().map(str::to_owned);
    entries.iter().filter_map(last).collect()
}

/// Flips a bit in the middle of a stored blob.
pub(super) fn flip(weed: &Weed, path: &str) {
    let mut bytes = weed.peek(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    weed.tamper(path, &bytes);
}

/// The bundles below a place, which begin with their mark.
pub(super) fn bundles(weed: &Weed, place: &str) -> Vec<String> {
    let is_bundle = |path: &String| weed.peek(path).is_some_and(|bytes| bytes.starts_with(b"keepbnd1"));
    blobs(weed, place).into_iter().filter(is_bundle).collect()
}

/// Nothing but what was there lies in a folder.
fn holds_only(folder: &Path, expected: &[&str]) {
    let mut found: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, expected);
}

fn is_refused(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, code, "{said:?}");
    for word in words {
        assert!(said.err.contains(word) || said.out.contains(word), "{word:?} is not in {said:?}");
    }
    assert!(!format!("{said:?}").contains(SECRET), "{said:?}");
}

#[test]
fn everything_works_in_a_bucket() {
    let weed = weed::shared();
    let home = home_in(weed, &place());
    let (first, second) = (noise(1, 600_000), noise(2, 20_000_000));
    file(&home, "one", &first);
    file(&home, "two", &second);
    home.ok(&["artifact", "put", "model", "one", "--tag", "best"]);
    home.ok(&["artifact", "put", "model", "two"]);
    let again = home.json(&["artifact", "put", "model", "one", "--json"]);
    assert_eq!(again["stored_bytes"], 0, "what is there is not stored again: {again}");
    assert_eq!(restored(&home, "model@best"), first);
    assert_eq!(restored(&home, "model@2"), second);
    home.ok(&["artifact", "verify"]);
    home.ok(&["artifact", "tag", "model@2", "large"]);
    home.ok(&["artifact", "rm", "model@large"]);
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    assert_eq!(restored(&home, "model@3"), first);
    assert!(!home.path().join("data/blobs").exists(), "nothing lies beside the bucket");
}

#[test]
fn wrong_credentials_are_an_error_of_their_own() {
    let weed = weed::shared();
    let mut home = home_in(weed, &place());
    file(&home, "one", noise(1, 100_000));
    home.ok(&["artifact", "put", "model", "one"]);
    let commands: [&[&str]; 6] = [
        &["artifact", "put", "model", "one"],
        &["artifact", "get", "model", "--to", "out"],
        &["artifact", "cat", "model"],
        &["artifact", "push", "model", "s3://keep-test/elsewhere"],
        &["artifact", "pull", "s3://keep-test/elsewhere", "model"],
        &["artifact", "sync", "s3://keep-test/elsewhere"],
    ];
    home.variables = vec![("AWS_ACCESS_KEY_ID", KEY_ID.into()), ("AWS_SECRET_ACCESS_KEY", "wrong".into())];
    for words in commands {
        is_refused(&home.keep(words), 3, &["refused"]);
    }
    home.variables.clear();
    for words in commands {
        is_refused(&home.keep(words), 3, &["none were given"]);
    }
    assert!(!home.folder.path().join("out").exists());
    home.variables = keys();
    assert_eq!(restored(&home, "model"), noise(1, 100_000));
    home.ok(&["audit", "verify"]);
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let mut home = super::open_home();
    home.variables = keys();
    let config = "[blobs]\nendpoint = \"http://192.0.2.1:9\"\nurl = \"s3://keep-test/x\"\n";
    fs::write(home.path().join("config/config.toml"), config).unwrap();
    is_refused(&home.keep(&["artifact", "verify"]), 2, &["plain http"]);
    is_refused(&home.keep(&["artifact", "pull", "s3://keep-test/y", "model"]), 2, &["plain http"]);
}

/// Starts a put of much and waits until some of it lies in the bucket.
fn put_under_way(home: &Home, weed: &Weed, place: &str) -> std::process::Child {
    let before = blobs(weed, place).len();
    let words = ["artifact", "put", "large", "large"];
    let mut command = home.command(KEEP);
    let mut child = command
        .args(words)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while blobs(weed, place).len() == before {
        assert!(child.try_wait().unwrap().is_none(), "the put ended before it stored anything");
        assert!(began.elapsed() < Duration::from_secs(120), "the put stores nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_server_killed_half_way_through_a_put_costs_nothing_that_was_there() {
    let (mut weed, place) = (Weed::start(), place());
    let home = home_in(&weed, &place);
    file(&home, "one", noise(1, 500_000));
    home.ok(&["artifact", "put", "model", "one"]);
    let large = noise(2, 96 << 20);
    file(&home, "large", &large);
    let running = put_under_way(&home, &weed, &place);
    weed.kill();
    is_refused(&Said::of(running.wait_with_output().unwrap()), 6, &["cannot be reached"]);
    is_refused(&home.keep(&["artifact", "log", "large"]), 4, &["no artifact"]);
    weed.start_again();
    assert_eq!(restored(&home, "model"), noise(1, 500_000));
    home.ok(&["artifact", "verify"]);
    let left = blobs(&weed, &place).len();
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    let kept = blobs(&weed, &place).len();
    assert!(kept < left && kept == 2, "a collection clears what was left: {left}, then {kept}");
    home.ok(&["artifact", "put", "large", "large"]);
    assert!(restored(&home, "large") == large);
    assert_eq!(restored(&home, "model"), noise(1, 500_000));
    home.ok(&["audit", "verify"]);
}

#[test]
fn a_flipped_byte_in_the_bucket_is_refused_by_name() {
    let (weed, place) = (weed::shared(), place());
    let home = home_in(weed, &place);
    file(&home, "model.safetensors", super::tensor((0..100_000).map(|at| (at as f32).sin())));
    home.ok(&["artifact", "put", "model", "model.safetensors"]);
    home.ok(&["artifact", "verify"]);
    let found = bundles(weed, &place);
    assert_eq!(found.len(), 1);
    flip(weed, &found[0]);
    let got = home.keep(&["artifact", "get", "model", "--to", "out"]);
    is_refused(&got, 5, &["version 1 of model", "damaged"]);
    is_refused(&home.keep(&["artifact", "cat", "model"]), 5, &["version 1 of model", "damaged"]);
    is_refused(&home.keep(&["artifact", "cat", "model", "--tensor", "weight"]), 5, &["version 1 of model"]);
    is_refused(&home.keep(&["artifact", "verify"]), 5, &["model in", "version 1", "weight"]);
    holds_only(home.folder.path(), &["home", "model.safetensors"]);
}

#[test]
fn two_processes_put_the_same_at_once() {
    let (weed, place) = (weed::shared(), place());
    let home = home_in(weed, &place);
    let bytes = noise(3, 3_000_000);
    file(&home, "one", &bytes);
    let start = || home.command(KEEP).args(["artifact", "put", "model", "one"]).spawn().unwrap();
    let mut running: Vec<_> = (0..3).map(|_| start()).collect();
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    let log = home.json(&["artifact", "log", "model", "--json"]);
    let numbers: Vec<_> =
        log.as_array().unwrap().iter().map(|one| one["version"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 1]);
    for number in numbers {
        assert!(restored(&home, &format!("model@{number}")) == bytes);
    }
    home.ok(&["artifact", "verify"]);
    home.ok(&["audit", "verify"]);
}

#[test]
fn a_collection_beside_puts_takes_nothing_of_theirs() {
    let (weed, place) = (weed::shared(), place());
    let home = home_in(weed, &place);
    let bytes: Vec<_> = (0..3).map(|seed| noise(seed + 10, 6_000_000)).collect();
    for (number, bytes) in bytes.iter().enumerate() {
        file(&home, &format!("in{number}"), bytes);
    }
    file(&home, "gone", noise(1, 400_000));
    home.ok(&["artifact", "put", "gone", "gone"]);
    home.ok(&["artifact", "rm", "gone"]);
    let start = |number: usize| {
        let words = ["artifact", "put", &format!("a{number}"), &format!("in{number}")].map(str::to_owned);
        home.command(KEEP).args(words).spawn().unwrap()
    };
    let mut running: Vec<_> = (0..3).map(start).collect();
    for _ in 0..4 {
        // In a hurry it may be refused, and must not hurt.
        let said = home.keep(&["artifact", "gc", "--apply", "--grace", "0ms"]);
        assert!(matches!(said.code, 0 | 7), "{said:?}");
    }
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    for (number, bytes) in bytes.iter().enumerate() {
        assert!(&restored(&home, &format!("a{number}")) == bytes);
    }
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    home.ok(&["artifact", "verify"]);
    assert_eq!(home.keep(&["artifact", "get", "gone"]).code, 4);
}

#[test]
fn copies_between_a_folder_and_a_bucket_go_on_where_they_were_cut_short() {
    let (mut weed, place) = (Weed::start(), place());
    let mut home = super::open_home();
    connect(&home, &weed, "");
    home.variables = keys();
    let bucket = format!("s3://keep-test/{place}");
    let large = noise(5, 80 << 20);
    file(&home, "large", &large);
    home.ok(&["artifact", "put", "large", "large", "--tag", "best"]);
    let whole = home.json(&["artifact", "log", "large", "--json"])[0]["stored_bytes"].as_u64().unwrap();

    // A push that loses the server, and one that is killed.
    let push = ["artifact", "push", "large", &bucket];
    let mut command = home.command(KEEP);
    let running = command
        .args(push)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while blobs(&weed, &place).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(120), "the push stores nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    weed.kill();
    is_refused(&Said::of(running.wait_with_output().unwrap()), 6, &["cannot be reached"]);
    weed.start_again();
    let nothing = home.keep(&["artifact", "pull", &bucket, "large", "--as", "copy"]);
    is_refused(&nothing, 4, &["no artifact"]);
    let pushed = home.json(&[&push[..], &["--json"]].concat());
    let moved = pushed["moved_bytes"].as_u64().unwrap();
    assert!(0 < moved && moved < whole, "what had arrived is not sent again: {moved} of {whole}");
    let again = home.json(&[&push[..], &["--json"]].concat());
    assert_eq!((again["moved_bytes"].as_u64(), again["already"].as_bool()), (Some(0), Some(true)));

    // Another home takes it from there, is killed on the way, and goes on.
    let mut other = super::open_home();
    connect(&other, &weed, "");
    other.variables = keys();
    let mut running = other.command(KEEP).args(["artifact", "pull", &bucket, "large@best"]).spawn().unwrap();
    let bundles_here = || {
        let folder = other.path().join("data/blobs/blobs");
        fs::read_dir(folder).map_or(0, |folders| folders.filter(Result::is_ok).count())
    };
    while bundles_here() < 2 {
        assert!(running.try_wait().unwrap().is_none(), "the pull ended before it could be killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert_eq!(other.keep(&["artifact", "get", "large"]).code, 4, "nothing of it is recorded");
    let said = other.keep(&["artifact", "pull", &bucket, "large@best", "--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let pulled: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let moved = pulled["moved_bytes"].as_u64().unwrap();
    assert!(0 < moved && moved < whole, "what had arrived is not asked for again: {moved} of {whole}");
    assert!(restored(&other, "large@best") == large);

    // Both put, and a synchronisation gives each what it lacks.
    file(&other, "two", noise(6, 300_000));
    other.ok(&["artifact", "put", "two", "two"]);
    other.ok(&["artifact", "sync", &bucket]);
    let synced = home.json(&["artifact", "sync", &bucket, "--json"]);
    assert_eq!(synced["pulled"].as_array().unwrap().len(), 1, "{synced}");
    assert_eq!(restored(&home, "two"), noise(6, 300_000));
    for one in [&home, &other] {
        one.ok(&["artifact", "verify"]);
        one.ok(&["audit", "verify"]);
        one.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
        one.ok(&["artifact", "verify"]);
    }
}
