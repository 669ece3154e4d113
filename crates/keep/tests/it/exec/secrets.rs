//! Secrets by name: a run gets the value, and nobody else does.

use super::Work;
use std::fs;
use std::path::Path;

const VALUE: &str = "v4lue-that-nobody-sees-91";

fn stored() -> Work {
    let work = Work::new();
    fs::write(work.work().join("value"), VALUE).unwrap();
    let said = work.person(&["secret", "set", "TOKEN", "--file", "value", "--namespace", "global"], "");
    assert_eq!(said.code, 0, "{said:?}");
    fs::remove_file(work.work().join("value")).unwrap();
    work
}

fn holds_value(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holds_value(&path));
        } else if fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(VALUE.len()).any(|part| part == VALUE.as_bytes()))
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_run_gets_the_value_and_nobody_sees_it() {
    let work = stored();
    let line = "test ${#DEPLOY} = 25 && echo has it; echo $DEPLOY; echo $DEPLOY >&2; echo $DEPLOY | base64";
    let said = work.person(&["sh", "--secret", "TOKEN=DEPLOY", line], "");
    assert!(said.out.contains("has it"), "{said:?}");
    assert!(said.out.contains("[redacted:TOKEN"), "{said:?}");
    assert!(!said.out.contains(VALUE), "{said:?}");
    assert_eq!(holds_value(&work.root()), Vec::<String>::new());
    let show = work.person(&["runs", "--json"], "");
    assert!(show.out.contains("DEPLOY") && !show.out.contains(VALUE), "{show:?}");
    let uses = work.person(&["audit", "log", "--action", "secret.use"], "y\n");
    assert!(uses.out.contains("TOKEN"), "the release is an act of its own: {uses:?}");
}

/// A value comes in pieces: what is shown before the rest arrives is none of it.
#[test]
fn a_value_in_pieces_is_in_no_record() {
    let work = stored();
    let line = "for i in $(seq 0 24); do printf %s \"${TOKEN:$i:1}\"; sleep 0.02; done; echo";
    let said = work.person(&["sh", "--secret", "TOKEN", line], "");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.out.contains(VALUE), "{said:?}");
    assert_eq!(holds_value(&work.root()), Vec::<String>::new());
}

#[test]
fn a_value_among_the_words_is_refused() {
    let work = stored();
    let said = work.person(&["exec", "--", "echo", VALUE], "y\n");
    assert_eq!(said.code, 3, "{said:?}");
    assert!(!said.out.contains(VALUE), "{said:?}");
    assert_eq!(holds_value(&work.root()), Vec::<String>::new());
}

#[test]
fn a_program_asks_for_a_value_and_a_missing_one_is_none() {
    let work = stored();
    let said = work.keep(&["exec", "--secret", "TOKEN", "--", "true"]);
    assert_eq!(said.code, 8, "{said:?}");
    let said = work.person(&["exec", "--secret", "NO_SUCH", "--", "touch", "ran"], "y\n");
    assert_eq!(said.code, 4, "{said:?}");
    assert!(!work.work().join("ran").exists());
}
