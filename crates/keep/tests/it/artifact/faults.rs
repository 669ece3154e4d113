//! Kill -9 and failing disks at every durable step of a put and a collection.

use super::{file, noise, open_home, restored};
use crate::faults::{Fault, Who, fresh_copy, strike_all_of};
use crate::home::{Home, Said};
use std::fs;

const SIZE: usize = 60_000;

/// A home with one version that is used, one that is not, and the file that is put next.
fn prepared() -> Home {
    let home = open_home();
    for (name, seed) in [("kept", 1), ("gone", 2)] {
        file(&home, name, noise(seed, SIZE));
        home.ok(&["artifact", "put", name, name]);
    }
    home.ok(&["artifact", "rm", "gone"]);
    home
}

fn copy(of: &Home) -> Home {
    let home = fresh_copy(of);
    file(&home, "next", noise(3, SIZE));
    home
}

/// It opens, verifies, keeps what was acknowledged, and goes on.
fn check(home: &Home, at: &str) {
    let opened = home.keep(&["artifact", "ls", "--json"]);
    assert_eq!(opened.code, 0, "{at}, then {opened:?}");
    let verified = home.keep(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{at}, then {verified:?}");
    let whole = home.keep(&["artifact", "verify"]);
    assert_eq!(whole.code, 0, "{at}, then {whole:?}");
    assert_eq!(restored(home, "kept"), noise(1, SIZE), "{at}");
    let collected = home.keep(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    assert_eq!(collected.code, 0, "{at}, then {collected:?}");
    assert_eq!(restored(home, "kept"), noise(1, SIZE), "{at}: the collection took too much");
    let nothing = home.json(&["artifact", "gc", "--grace", "0ms", "--json"]);
    assert_eq!(nothing["bundles"], 0, "{at}: the collection left something");
}

fn check_put(home: &Home, said: &Said, at: &str) {
    let acknowledged = said.out.contains("next@1");
    check(home, at);
    let there = home.keep(&["artifact", "log", "next"]).code == 0;
    assert!(there || !acknowledged, "{at}: an acknowledged put is lost");
    if there {
        assert_eq!(restored(home, "next"), noise(3, SIZE), "{at}");
    }
    home.ok(&["artifact", "put", "next", "next"]);
    assert_eq!(restored(home, "next"), noise(3, SIZE), "{at}");
}

fn check_gc(home: &Home, _: &Said, at: &str) {
    check(home, at);
    let blobs = fs::read_dir(home.path().join("data/blobs/blobs")).unwrap().count();
    assert!(blobs > 0, "{at}");
}

const PUT: [&str; 4] = ["artifact", "put", "next", "next"];
const GC: [&str; 5] = ["artifact", "gc", "--apply", "--grace", "0ms"];

#[test]
fn a_put_survives_kill_nine() {
    let base = prepared();
    strike_all_of(Who::Program, || copy(&base), Fault::Kill, &PUT, check_put);
}

#[test]
fn a_put_survives_a_full_disk() {
    let base = prepared();
    strike_all_of(Who::Program, || copy(&base), Fault::Error("ENOSPC"), &PUT, check_put);
}

#[test]
fn a_collection_survives_kill_nine() {
    let base = prepared();
    strike_all_of(Who::Program, || copy(&base), Fault::Kill, &GC, check_gc);
}

#[test]
fn a_collection_survives_io_errors() {
    let base = prepared();
    strike_all_of(Who::Program, || copy(&base), Fault::Error("EIO"), &GC, check_gc);
}
