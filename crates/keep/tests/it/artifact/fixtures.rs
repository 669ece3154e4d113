//! A store and packs that the first version of their formats made. Whatever reads them later reads these.
//! They are never made anew: a format that changes gets a folder of its own beside them.

use super::open_home;
use std::fs;
use std::path::{Path, PathBuf};

/// The signer of `plain.keep`.
const SIGNER: &str = "ed25519:3f8e3998e7dc629560a9894fc223b02658f7434dda0dbad72a4a2abf0fa10b6e";

/// Copied, so that no test leaves anything among them.
fn fixtures(to: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format1");
    let done = std::process::Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(done.success());
    // A repository keeps no modes but the executable one; a store belongs to one user.
    let done = std::process::Command::new("chmod").args(["-R", "go-rwx"]).arg(to).status().unwrap();
    assert!(done.success());
}

/// The weights after a step, as they were computed when the fixtures were made, by their BLAKE3.
const WEIGHTS: [&str; 2] = [
    "498f285b513132555a0155dcba1d10b1f54c7620a726b293b4d83a273939420b",
    "020166a322aa5df8af50a5b007079b8ec62f331e8fd9e9365240cd96fc6ea9ef",
];

fn check_step(folder: &Path, step: usize) {
    use std::os::unix::fs::PermissionsExt;
    let weights = fs::read(folder.join("weights.safetensors")).unwrap();
    assert_eq!(blake3::hash(&weights).to_hex().as_str(), WEIGHTS[step], "{}", folder.display());
    let notes = fs::read_to_string(folder.join("deep/notes.txt")).unwrap();
    assert_eq!(notes, format!("step {step}\n{}", "what was trained, and how\n".repeat(20)));
    assert_eq!(fs::read_link(folder.join("latest")).unwrap(), PathBuf::from("weights.safetensors"));
    let script = folder.join("run.sh");
    assert_eq!(fs::read_to_string(&script).unwrap(), "#!/bin/sh\necho hello\n");
    assert_eq!(fs::metadata(script).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_store_of_the_first_format_restores() {
    let home = open_home();
    fixtures(&home.folder.path().join("old"));
    for words in ["model@first", "model@step=1", "notes@1"] {
        home.ok(&["artifact", "pull", "old/store", words]);
    }
    home.ok(&["artifact", "verify"]);
    for step in 0..2 {
        let (reference, to) = (format!("model@{}", step + 1), format!("step{step}"));
        home.ok(&["artifact", "get", &reference, "--to", &to]);
        check_step(&home.folder.path().join(to), step);
    }
    let found = home.json(&["artifact", "diff", "model@1", "model@2", "--json"]);
    let parts: Vec<_> = found.as_array().unwrap().iter().map(|one| one["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["bytes 0", "a", "b"]);
    assert_eq!((&found[1]["moved"]["changed"], &found[1]["dtype"]), (&150.into(), &"f32".into()), "{found}");
    // What is put next builds on what was pulled, and what goes leaves the rest whole.
    home.ok(&["artifact", "put", "model", "step0"]);
    home.ok(&["artifact", "rm", "model@1"]);
    home.ok(&["artifact", "gc", "--apply", "--grace", "0ms"]);
    home.ok(&["artifact", "get", "model@2", "--to", "again"]);
    check_step(&home.folder.path().join("again"), 1);
}

#[test]
fn packs_of_the_first_format_unpack() {
    let home = open_home();
    let at = |path: &str| home.folder.path().join(path);
    fixtures(&at("old"));
    let ok = |line: &str| {
        let said = home.at_terminal(&line.split(' ').collect::<Vec<_>>(), "");
        assert_eq!(said.code, 0, "{line}: {said:?}");
    };
    ok(&format!("unpack old/plain.keep -o step0 --require-signer {SIGNER}"));
    ok("unpack old/step.keep --base old/plain.keep -o step1");
    check_step(&at("step0"), 0);
    check_step(&at("step1"), 1);
    // The base is a plain file, under a name that says nothing of its format.
    fs::copy(at("step0/weights.safetensors"), at("base")).unwrap();
    ok("unpack old/file.keep --base base -o weights");
    assert_eq!(blake3::hash(&fs::read(at("weights")).unwrap()).to_hex().as_str(), WEIGHTS[1]);
}
