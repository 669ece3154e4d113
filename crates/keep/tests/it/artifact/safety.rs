//! Damage, other projects, several at once.

use super::{file, noise, open_home, restored};
use crate::home::KEEP;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Flips a bit in the middle of every stored object.
pub(super) fn flip_every_bundle(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            flip_every_bundle(&path);
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn a_flipped_byte_is_never_restored() {
    let home = open_home();
    file(&home, "one", noise(1, 100_000));
    home.ok(&["artifact", "put", "model", "one"]);
    home.ok(&["artifact", "verify"]);
    flip_every_bundle(&home.path().join("data/blobs/blobs"));
    let got = home.keep(&["artifact", "get", "model", "--to", "out"]);
    assert_eq!(got.code, 5, "{got:?}");
    assert!(!home.folder.path().join("out").exists(), "nothing gets its name");
    let beside = fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!beside.into_iter().any(|name| name.to_string_lossy().contains("restoring")), "nothing is left");
    let verified = home.keep(&["artifact", "verify"]);
    assert_eq!(verified.code, 5, "{verified:?}");
    // What is put next does not build on what is damaged.
    let put = home.keep(&["artifact", "put", "model", "one"]);
    assert!(put.code == 5 || restored(&home, "model") == noise(1, 100_000), "{put:?}");
}

#[test]
fn no_operation_tells_of_another_project() {
    let home = open_home();
    let secret = noise(9, 60_000);
    file(&home, "one", &secret);
    let rule = "project:hidden";
    let said = home.at_terminal(&["artifact", "put", "ours", "one", "--namespace", rule], "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    let token = home.at_terminal(
        &["token", "create", "agent:a", "--scope", "artifact.*", "--namespace", "project:mine", "--json"],
        "y\n",
    );
    assert_eq!(token.code, 0, "{token:?}");
    let start = token.out.find('{').unwrap();
    let json: serde_json::Value =
        serde_json::Deserializer::from_str(&token.out[start..]).into_iter().next().unwrap().unwrap();
    let secret_token = json["token"].as_str().or(json["secret"].as_str()).unwrap().to_owned();
    file(&home, "token", secret_token);
    let as_agent = |words: &[&str]| home.keep(&[&["--token-file", "token"][..], words].concat());
    let mine = "project:mine";
    for words in [
        &["artifact", "ls", "--all"][..],
        &["artifact", "du"],
        &["artifact", "verify"],
        &["artifact", "log", "ours"],
        &["artifact", "log", "ours", "--namespace", rule],
        &["artifact", "get", "ours", "--namespace", rule, "--to", "out"],
        &["artifact", "cat", "ours", "--namespace", rule],
        &["artifact", "tag", "ours", "best", "--namespace", rule],
        &["artifact", "rm", "ours", "--namespace", rule],
        &["artifact", "diff", "ours", "ours", "--namespace", rule],
        &["artifact", "push", "ours", "bucket", "--namespace", rule],
    ] {
        let said = as_agent(words);
        assert!(!said.out.contains("ours@") && !said.out.contains("hidden"), "{words:?}: {said:?}");
        assert!(!said.out.contains("58.6 KiB"), "a size tells: {words:?}: {said:?}");
        // A name that is there and one that is not get the same answer.
        let other: Vec<_> = words.iter().map(|word| if *word == "ours" { "none" } else { *word }).collect();
        assert_eq!(said.code, as_agent(&other).code, "{words:?}: {said:?}");
    }
    // The same bytes are stored anew, so that nothing shows that somebody has them.
    let put = as_agent(&["artifact", "put", "same", "one", "--namespace", mine, "--json"]);
    assert_eq!(put.code, 0, "{put:?}");
    let put: serde_json::Value = serde_json::from_str(&put.out).unwrap();
    assert!(put["stored_bytes"].as_u64().unwrap() >= 60_000, "{put}");
}

#[test]
fn several_at_once_lose_nothing() {
    let home = open_home();
    let bytes: Vec<_> = (0..4_u64).map(|seed| noise(seed / 2, 900_000)).collect();
    for (number, bytes) in bytes.iter().enumerate() {
        file(&home, &format!("in{number}"), bytes);
    }
    let start = |words: &[&str]| home.command(KEEP).args(words).spawn().unwrap();
    let mut running: Vec<_> = (0..4)
        .map(|number| start(&["artifact", "put", &format!("a{number}"), &format!("in{number}")]))
        .collect();
    for _ in 0..3 {
        // A collection beside them, in a hurry: it may be refused, and must not hurt.
        let said = home.keep(&["artifact", "gc", "--apply", "--grace", "0ms"]);
        assert!(matches!(said.code, 0 | 7), "{said:?}");
    }
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    for (number, bytes) in bytes.iter().enumerate() {
        assert_eq!(&restored(&home, &format!("a{number}")), bytes);
    }
    home.ok(&["artifact", "verify"]);
    home.ok(&["audit", "verify"]);
}

#[test]
fn what_changes_meanwhile_or_leads_out_is_refused() {
    let home = open_home();
    fs::create_dir(home.folder.path().join("in")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", home.folder.path().join("in/link")).unwrap();
    let said = home.keep(&["artifact", "put", "tree", "in"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("leads out"), "{said:?}");
    assert_eq!(home.keep(&["artifact", "put", "tree", "nothing-here"]).code, 6);
    assert_eq!(home.keep(&["artifact", "get", "tree"]).code, 4);
    // A link in the place of the target is not followed.
    file(&home, "one", b"one");
    file(&home, "precious", b"precious");
    home.ok(&["artifact", "put", "one", "one"]);
    std::os::unix::fs::symlink("precious", home.folder.path().join("trap")).unwrap();
    for words in [
        &["artifact", "get", "one", "--to", "trap"][..],
        &["artifact", "get", "one", "--to", "trap", "--replace"],
    ] {
        assert_eq!(home.keep(words).code, 7);
    }
    assert_eq!(fs::read(home.folder.path().join("precious")).unwrap(), b"precious");
}
