//! Artifacts through the program: what goes in comes out, or an error with a name does.

mod beside;
mod bucket;
mod credentials;
mod faults;
mod fixtures;
mod healing;
mod owner;
mod safety;
mod tidy;

use crate::home::Home;
use std::fs;
use std::path::PathBuf;

/// Lets programs do everything with artifacts unasked, and as fast as the machine can.
const RULES: &str = r#"format = 1
[[rule]]
id = "programs-keep-everything"
decision = "allow"
principals = ["agent:*"]
actions = ["artifact.*"]
max_risk = "high"
reason = "the test has nobody to ask"
match = ["agent:a artifact.gc global high"]
"#;

/// A home in which programs may do that.
fn open_home() -> Home {
    let home = Home::new();
    home.ok(&["status"]);
    fs::create_dir_all(home.path().join("config/rules")).unwrap();
    fs::write(home.path().join("config/rules/artifact.toml"), RULES).unwrap();
    fs::write(home.path().join("config/config.toml"), "[rate]\nagent_per_minute = 9_000\n").unwrap();
    home
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// A safetensors file of one tensor of floats.
fn tensor(values: impl Iterator<Item = f32>) -> Vec<u8> {
    let data: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
    let shape = data.len() / 4;
    let header = format!(
        "{{\"weight\":{{\"dtype\":\"F32\",\"shape\":[{shape}],\"data_offsets\":[0,{}]}}}}",
        data.len()
    );
    let mut header = header.into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// A file beside the home.
fn file(home: &Home, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = home.folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// Restores a version and gives back its bytes.
fn restored(home: &Home, reference: &str) -> Vec<u8> {
    let to = home.folder.path().join("restored");
    let _ = fs::remove_file(&to);
    home.ok(&["artifact", "get", reference, "--to", "restored"]);
    fs::read(to).unwrap()
}

#[test]
fn a_folder_comes_back_as_it_was() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = open_home();
    let noise = noise(1, 700_000);
    file(&home, "in/a.bin", &noise);
    file(&home, "in/deep/er/b.bin", &noise);
    file(&home, "in/empty", b"");
    file(&home, "in/run.sh", b"#!/bin/sh\n");
    fs::create_dir(home.folder.path().join("in/hollow")).unwrap();
    let mode = fs::Permissions::from_mode(0o750);
    fs::set_permissions(home.folder.path().join("in/run.sh"), mode).unwrap();
    symlink("deep/er/b.bin", home.folder.path().join("in/link")).unwrap();
    let put = home.json(&["artifact", "put", "tree", "in", "--json"]);
    assert_eq!(put["version"], 1);
    assert!(put["stored_bytes"].as_u64().unwrap() < 800_000, "the same file is stored once: {put}");
    home.ok(&["artifact", "get", "tree", "--to", "out"]);
    let same = std::process::Command::new("diff")
        .args(["-r", "--no-dereference", "in", "out"])
        .current_dir(home.folder.path())
        .status();
    assert!(same.unwrap().success());
    let mode = |path: &str| fs::metadata(home.folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("out/run.sh"), 0o750);
    let again = home.keep(&["artifact", "get", "tree", "--to", "out"]);
    assert_eq!(again.code, 7, "what is there is not replaced: {again:?}");
}

#[test]
fn a_version_that_changed_little_is_stored_as_what_changed() {
    let home = open_home();
    let value = |at: u32| (f64::from(at) * 0.618).sin() as f32;
    let first = tensor((0..200_000).map(value));
    let second = tensor((0..200_000).map(|at| if at % 100 == 0 { value(at) + 1e-3 } else { value(at) }));
    file(&home, "one.safetensors", &first);
    file(&home, "two.safetensors", &second);
    home.ok(&["artifact", "put", "model", "one.safetensors", "--tag", "step=1000"]);
    let put = home.json(&["artifact", "put", "model", "two.safetensors", "--json"]);
    assert!(put["stored_bytes"].as_u64().unwrap() * 5 < put["raw_bytes"].as_u64().unwrap(), "{put}");
    assert!(put["delta_raw_bytes"].as_u64().unwrap() > 0, "{put}");
    assert_eq!(restored(&home, "model"), second);
    assert_eq!(restored(&home, "model@step=1000"), first);
    let found = home.json(&["artifact", "diff", "model@1", "model@2", "--json"]);
    assert_eq!((&found[0]["part"], &found[0]["change"]), (&"weight".into(), &"changed".into()));
    let moved = &found[0]["moved"];
    assert_eq!((moved["elements"].as_u64(), moved["changed"].as_u64()), (Some(200_000), Some(2000)));
    let near = |name: &str, expected: f64| {
        let got = moved[name].as_f64().unwrap();
        assert!((got / expected - 1.0).abs() < 0.01, "{name} is {got}, not {expected}");
    };
    near("largest", 1e-3);
    near("rms", 1e-4);
    near("rms_before", 0.5_f64.sqrt());
    let cost = found[0]["cost_bytes"].as_u64().unwrap();
    assert!(cost > 0 && cost <= put["stored_bytes"].as_u64().unwrap(), "{found} {put}");
    let said = home.ok(&["artifact", "diff", "model@1", "model@2"]);
    assert!(said.contains("1.00 %") && said.contains("1.00e-4"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    // The first may go: what the second differs from stays with the second.
    home.ok(&["artifact", "rm", "model@1"]);
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    assert_eq!(restored(&home, "model"), second);
    assert_eq!(home.keep(&["artifact", "get", "model@1"]).code, 4);
}

#[test]
fn what_is_removed_goes_and_what_is_kept_stays() {
    let home = open_home();
    for number in 1..=6_u64 {
        file(&home, "one", noise(number, 40_000));
        let tag = format!("step={}", number * 500);
        home.ok(&["artifact", "put", "run", "one", "--tag", &tag]);
    }
    let refused = home.keep(&["artifact", "keep", "run"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let words = ["artifact", "keep", "run", "--last", "1", "--every", "step=1000", "--json"];
    let plan = home.json(&words);
    assert_eq!(plan["applied"], false);
    assert_eq!(home.json(&["artifact", "log", "run", "--json"]).as_array().unwrap().len(), 6);
    home.ok(&[&words[..], &["--apply"]].concat());
    let left = home.json(&["artifact", "log", "run", "--json"]);
    let left: Vec<_> = left.as_array().unwrap().iter().map(|one| one["version"].as_u64().unwrap()).collect();
    assert_eq!(left, [6, 4, 2]);
    let planned = home.json(&["artifact", "gc", "--grace", "0ms", "--json"]);
    assert_eq!((planned["bundles"].as_u64(), planned["applied"].as_bool()), (Some(6), Some(false)));
    let young = home.json(&["artifact", "gc", "--apply", "--json"]);
    assert_eq!((young["bundles"].as_u64(), young["young"].as_u64()), (Some(0), Some(6)));
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    for number in [2, 4, 6_u64] {
        assert_eq!(restored(&home, &format!("run@{number}")), noise(number, 40_000));
    }
    home.ok(&["artifact", "rm", "run", "--all"]);
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    let left = std::process::Command::new("find")
        .arg(home.path().join("data/blobs"))
        .args(["-type", "f", "-not", "-name", ".lock", "-not", "-name", "tended-by.obj"])
        .output();
    assert_eq!(String::from_utf8(left.unwrap().stdout).unwrap(), "", "everything is gone");
    home.ok(&["audit", "verify"]);
}

#[test]
fn stores_exchange_versions() {
    let (home, other) = (open_home(), open_home());
    let bytes = noise(3, 300_000);
    file(&home, "one", &bytes);
    home.ok(&["artifact", "put", "model", "one", "--tag", "best"]);
    let bucket = home.folder.path().join("bucket");
    let bucket = bucket.to_str().unwrap();
    let pushed = home.json(&["artifact", "push", "model", bucket, "--json"]);
    assert!(pushed["moved_bytes"].as_u64().unwrap() > 0);
    let again = home.json(&["artifact", "push", "model", bucket, "--json"]);
    assert_eq!((again["moved_bytes"].as_u64(), again["already"].as_bool()), (Some(0), Some(true)));
    other.ok(&["artifact", "pull", bucket, "model@best"]);
    assert_eq!(restored(&other, "model@best"), bytes);
    // A store that flipped a byte meanwhile is found out.
    file(&other, "two", noise(4, 200_000));
    other.ok(&["artifact", "put", "model", "two"]);
    other.ok(&["artifact", "sync", bucket]);
    safety::flip_every_bundle(&home.folder.path().join("bucket/blobs"));
    let refused = home.keep(&["artifact", "pull", bucket, "model@2"]);
    assert_eq!(refused.code, 5, "{refused:?}");
    assert_eq!(home.keep(&["artifact", "get", "model@2"]).code, 4, "nothing of it is recorded");
}
