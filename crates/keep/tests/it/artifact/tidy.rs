//! Collections that store anew: what differed from removed versions, and bundles that are mostly waste.

use super::{file, noise, open_home, restored, tensor};
use crate::faults::{Fault, Who, fresh_copy, strike_all_of};
use crate::home::{Home, Said};

const GC: [&str; 5] = ["artifact", "gc", "--apply", "--grace", "0ms"];
const COUNT: u32 = 40_000;

/// The weights after so many steps: a tenth of them moves with each.
fn weights(step: u32) -> Vec<u8> {
    let value = |at: u32| (f64::from(at) * 0.618).sin() as f32;
    let moved = |at: u32| (0..step).filter(|own| (at + own * 7).is_multiple_of(10)).count() as f32;
    tensor((0..COUNT).map(|at| value(at) + moved(at) * 1e-3))
}

/// A home with versions that each differ from the one before.
fn chain(steps: u32) -> Home {
    let home = open_home();
    for step in 0..steps {
        file(&home, "weights.safetensors", weights(step));
        home.ok(&["artifact", "put", "model", "weights.safetensors", "--tag", &format!("step={step}")]);
    }
    home
}

fn stored(home: &Home) -> u64 {
    fn below(folder: &std::path::Path) -> u64 {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| match entry.file_type().unwrap().is_dir() {
                true => below(&entry.path()),
                false => entry.metadata().unwrap().len(),
            })
            .sum()
    }
    below(&home.path().join("data/blobs/blobs"))
}

/// Whether the store alone, without the database, restores a version.
fn restores_from_the_store_alone(home: &Home, version: u32, at: &str) {
    let other = open_home();
    let store = home.path().join("data/blobs");
    let pulled = other.keep(&["artifact", "pull", store.to_str().unwrap(), &format!("model@{version}")]);
    assert_eq!(pulled.code, 0, "{at}: {pulled:?}");
    assert_eq!(restored(&other, &format!("model@{version}")), weights(version - 1), "{at}");
}

#[test]
fn what_is_restored_beside_collections_that_store_anew_is_whole() {
    let home = chain(6);
    std::thread::scope(|scope| {
        let reads = scope.spawn(|| {
            for round in 0..8 {
                let to = format!("back{round}");
                home.ok(&["artifact", "get", "model@6", "--to", &to]);
                let back = std::fs::read(home.folder.path().join(to)).unwrap();
                assert!(back == weights(5), "round {round}");
            }
        });
        for gone in 1..6 {
            home.ok(&["artifact", "rm", &format!("model@{gone}")]);
            home.ok(&GC);
        }
        reads.join().unwrap();
    });
}

#[test]
fn what_differed_from_a_removed_version_stands_alone() {
    let home = chain(5);
    for gone in ["model@1", "model@2", "model@4"] {
        home.ok(&["artifact", "rm", gone]);
    }
    let before = stored(&home);
    let planned = home.json(&["artifact", "gc", "--grace", "0ms", "--json"]);
    let tidied = &planned["tidied"];
    assert_eq!((tidied["versions"].as_u64(), tidied["reencoded"].as_u64()), (Some(2), Some(2)), "{planned}");
    assert!(tidied["freed_bytes"].as_u64() > tidied["written_bytes"].as_u64(), "{planned}");
    assert_eq!(stored(&home), before, "a plan changes nothing");
    home.ok(&GC);
    assert!(stored(&home) + 4096 < before, "{} after {before}", stored(&home));
    for version in [3, 5] {
        assert_eq!(restored(&home, &format!("model@{version}")), weights(version - 1));
        restores_from_the_store_alone(&home, version, "afterwards");
    }
    home.ok(&["artifact", "verify"]);
    let nothing = home.json(&["artifact", "gc", "--grace", "0ms", "--json"]);
    assert!(nothing["tidied"].is_null(), "once is enough: {nothing}");
    // What comes next is a difference to what was stored anew, and what is known is found there.
    let put = home.json(&["artifact", "put", "again", "weights.safetensors", "--json"]);
    assert!(put["stored_bytes"].as_u64() < Some(200), "only what stands before the tensor: {put}");
    file(&home, "weights.safetensors", weights(5));
    let put = home.json(&["artifact", "put", "model", "weights.safetensors", "--json"]);
    assert!(put["delta_raw_bytes"].as_u64() > Some(0), "{put}");
    assert_eq!(restored(&home, "model"), weights(5));
    home.ok(&["audit", "verify"]);
}

#[test]
fn a_version_that_was_stored_anew_is_still_the_one_that_was_pushed() {
    let home = chain(2);
    let bucket = home.folder.path().join("bucket");
    let bucket = bucket.to_str().unwrap();
    home.ok(&["artifact", "push", "model@2", bucket]);
    home.ok(&["artifact", "rm", "model@1"]);
    home.ok(&GC);
    assert_eq!(home.json(&["artifact", "push", "model@2", bucket, "--json"])["already"], true);
    assert_eq!(home.json(&["artifact", "pull", bucket, "model@2", "--json"])["already"], true);
    let other = open_home();
    other.ok(&["artifact", "pull", bucket, "model@2"]);
    assert_eq!(restored(&other, "model@2"), weights(1));
}

#[test]
fn a_bundle_that_is_mostly_waste_is_packed_anew() {
    let home = open_home();
    let small = noise(1, 40_000);
    file(&home, "in/large", noise(2, 400_000));
    file(&home, "in/small", &small);
    home.ok(&["artifact", "put", "both", "in"]);
    file(&home, "small", &small);
    let put = home.json(&["artifact", "put", "small", "small", "--json"]);
    assert_eq!(put["stored_bytes"], 0, "{put}");
    home.ok(&["artifact", "rm", "both"]);
    home.ok(&GC);
    assert!(stored(&home) < 60_000, "{}", stored(&home));
    assert_eq!(restored(&home, "small"), small);
    home.ok(&["artifact", "verify"]);
}

/// Nothing is lost at any moment, and the next collection does the rest.
fn check(home: &Home, _: &Said, at: &str) {
    for version in [2, 4] {
        assert_eq!(restored(home, &format!("model@{version}")), weights(version - 1), "{at}");
    }
    let collected = home.keep(&GC);
    assert_eq!(collected.code, 0, "{at}, then {collected:?}");
    for version in [2, 4] {
        assert_eq!(restored(home, &format!("model@{version}")), weights(version - 1), "{at}");
    }
    restores_from_the_store_alone(home, 2, at);
    let verified = home.keep(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{at}, then {verified:?}");
    let nothing = home.json(&["artifact", "gc", "--grace", "0ms", "--json"]);
    assert_eq!(
        (nothing["bundles"].as_u64(), nothing["tidied"].is_null()),
        (Some(0), true),
        "{at}: {nothing}"
    );
}

fn prepared() -> Home {
    let home = chain(4);
    for gone in ["model@1", "model@3"] {
        home.ok(&["artifact", "rm", gone]);
    }
    home
}

#[test]
fn storing_anew_survives_kill_nine() {
    let base = prepared();
    strike_all_of(Who::Program, || fresh_copy(&base), Fault::Kill, &GC, check);
}

#[test]
fn storing_anew_survives_a_full_disk() {
    let base = prepared();
    strike_all_of(Who::Program, || fresh_copy(&base), Fault::Error("ENOSPC"), &GC, check);
}
