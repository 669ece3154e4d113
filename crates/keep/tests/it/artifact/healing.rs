//! Damage is named, not built upon, and put right where another store has what is missing.

use super::{bucket, file, noise, open_home, restored};
use crate::home::{Home, Said};
use crate::weed;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The stored bundles below a folder.
fn bundles(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bundles(&path));
        } else if fs::read(&path).unwrap().starts_with(b"keepbnd1") {
            found.push(path);
        }
    }
    found
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Two tensors, the second of which lies behind the first.
fn two_tensors(first: &[u8], second: &[u8]) -> Vec<u8> {
    let (a, b) = (first.len(), first.len() + second.len());
    let header = format!(
        "{{\"alpha\":{{\"dtype\":\"U8\",\"shape\":[{a}],\"data_offsets\":[0,{a}]}},\"beta\":{{\"dtype\":\"U8\",\"shape\":[{}],\"data_offsets\":[{a},{b}]}}}}",
        second.len()
    );
    let mut header = header.into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes()[..], &header, first, second].concat()
}

fn damaged(said: &Said, words: &[&str]) {
    assert_eq!(said.code, 5, "{said:?}");
    for word in words {
        assert!(said.out.contains(word) || said.err.contains(word), "{word:?} is not in {said:?}");
    }
}

/// A home with one version, a copy of it elsewhere, and the path of its only bundle.
fn prepared() -> (Home, String, PathBuf, Vec<u8>) {
    let home = open_home();
    let model = two_tensors(&noise(1, 200_000), &noise(2, 200_000));
    file(&home, "model.safetensors", &model);
    home.ok(&["artifact", "put", "model", "model.safetensors"]);
    let other = home.folder.path().join("other").to_str().unwrap().to_owned();
    home.ok(&["artifact", "push", "model", &other]);
    let mut found = bundles(&home.path().join("data/blobs/blobs"));
    assert_eq!(found.len(), 1);
    (home, other, found.remove(0), model)
}

#[test]
fn damage_is_told_by_tensor_and_put_right_from_another_store() {
    let (home, other, bundle, model) = prepared();
    // Towards its end the bundle holds the second tensor.
    flip(&bundle, fs::metadata(&bundle).unwrap().len() as usize - 1000);
    let found = home.keep(&["artifact", "verify", "--json"]);
    damaged(&found, &["beta"]);
    assert!(!found.out.contains("alpha"), "{found:?}");
    damaged(&home.keep(&["artifact", "get", "model", "--to", "out"]), &["version 1 of model", "beta"]);
    let first = home.keep(&["artifact", "cat", "model", "--tensor", "alpha"]);
    assert_eq!(first.code, 0, "the other tensor is whole");
    damaged(&home.keep(&["artifact", "cat", "model", "--tensor", "beta"]), &["version 1 of model", "beta"]);
    damaged(&home.keep(&["artifact", "verify", "--repair"]), &["lost: beta", "--from"]);
    home.ok(&["artifact", "verify", "--repair", "--from", &other]);
    assert_eq!(restored(&home, "model"), model);
    let log = home.ok(&["audit", "log", "--action", "artifact.repair", "--json"]);
    assert!(log.contains("right from"), "{log}");

    // A store that lacks it as well cannot help, and that is said.
    fs::remove_file(&bundle).unwrap();
    damaged(
        &home.keep(&["artifact", "get", "model", "--to", "out"]),
        &["version 1 of model", "alpha", "beta"],
    );
    let empty = home.folder.path().join("empty").to_str().unwrap().to_owned();
    damaged(
        &home.keep(&["artifact", "verify", "--repair", "--from", &empty]),
        &["1 not found", "lost: alpha"],
    );
    home.ok(&["artifact", "verify", "--repair", "--from", &other]);
    assert_eq!(restored(&home, "model"), model);
    home.ok(&["audit", "verify"]);
}

#[test]
fn a_manifest_is_put_right_as_well() {
    let (home, other, _, model) = prepared();
    super::safety::flip_every_bundle(&home.path().join("data/blobs/blobs"));
    damaged(&home.keep(&["artifact", "verify"]), &["model in global, version 1"]);
    home.ok(&["artifact", "verify", "--repair", "--from", &other]);
    assert_eq!(restored(&home, "model"), model);
}

#[test]
fn a_put_does_not_build_on_what_is_damaged_or_gone() {
    for harm in ["flipped", "cut", "gone", "all"] {
        let (home, _, bundle, model) = prepared();
        match harm {
            "flipped" => flip(&bundle, 1000),
            "cut" => {
                fs::set_permissions(&bundle, fs::Permissions::from_mode(0o600)).unwrap();
                fs::write(&bundle, b"keepbnd1").unwrap();
            }
            "gone" => fs::remove_file(&bundle).unwrap(),
            _ => super::safety::flip_every_bundle(&home.path().join("data/blobs/blobs")),
        }
        let put = home.json(&["artifact", "put", "model", "model.safetensors", "--json"]);
        assert!(put["stored_bytes"].as_u64().unwrap() > 190_000, "{harm}: {put}");
        assert!(
            put["stored_anew"].as_u64().unwrap() > 0 || !put["no_base_because"].is_null(),
            "{harm}: {put}"
        );
        assert_eq!(restored(&home, "model"), model, "{harm}");
        // What changed a little is no difference to what is damaged either.
        let mut changed = model.clone();
        let end = changed.len() - 10;
        changed[end] ^= 1;
        file(&home, "model.safetensors", &changed);
        home.ok(&["artifact", "put", "model", "model.safetensors"]);
        assert_eq!(restored(&home, "model"), changed, "{harm}");
        assert_eq!(home.keep(&["artifact", "verify", "model@1"]).code, 5, "{harm}");
        home.ok(&["artifact", "verify", "model@2"]);
        home.ok(&["artifact", "verify", "model@3"]);
    }
}

#[test]
fn a_put_into_a_bucket_looks_for_what_is_gone_and_reads_when_told_to() {
    let (weed, place) = (weed::shared(), bucket::place());
    let home = bucket::home_in(weed, &place);
    let bytes = noise(4, 300_000);
    file(&home, "one", &bytes);
    home.ok(&["artifact", "put", "model", "one"]);
    let found = bucket::bundles(weed, &place);
    weed.tamper(&found[0], b"keepbnd1 cut off");
    let put = home.json(&["artifact", "put", "model", "one", "--json"]);
    assert!(put["stored_anew"].as_u64().unwrap() > 0, "{put}");
    assert_eq!(restored(&home, "model"), bytes);
    let second = bucket::bundles(weed, &place).into_iter().find(|path| *path != found[0]).unwrap();
    bucket::flip(weed, &second);
    let put = home.json(&["artifact", "put", "model", "one", "--check", "--json"]);
    assert!(put["stored_anew"].as_u64().unwrap() > 0, "{put}");
    assert_eq!(restored(&home, "model"), bytes);
    home.ok(&["artifact", "verify", "model@3"]);
}
