//! `.env` files in, age files out, and values nowhere else.

use super::{file, open_home, revealed, set, versions};
use crate::home::{Home, Said};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const VALUE: &str = "a-value-that-shows-nowhere";

#[test]
fn what_is_imported_is_taken_out_and_every_other_byte_stays() {
    let home = open_home();
    let env = "# the settings\r\nexport A=the-value-of-a # a comment\r\n\r\nDEBUG=\n  B = 'the value\nof b'\nSHORT=no\n# A=an-old-value\nA_URL=${A}/path\nA='the-last-value-of-a'\nno_newline_at_the_end=\"\\n is kept\"";
    let path = file(&home, ".env", env);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let kept = home.keep(&["secret", "import", &path]);
    assert_eq!(kept.code, 0, "{kept:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), env, "nobody said --remove");
    assert!(kept.err.contains("--remove"), "{kept:?}");
    let removed = home.keep(&["secret", "import", &path, "--remove"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    let rest = "# the settings\r\n\r\nDEBUG=\nSHORT=no\n# A=an-old-value\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), rest);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(revealed(&home, "A"), "the-last-value-of-a");
    assert_eq!(revealed(&home, "A_URL"), "${A}/path");
    for said in [kept, removed] {
        assert!(!format!("{said:?}").contains("the-last-value"), "{said:?}");
    }
    let names: Vec<_> = versions(&home).into_keys().collect();
    assert_eq!(names, ["A", "A_URL", "B", "no_newline_at_the_end"]);
}

#[test]
fn what_stays_out_of_the_vault_stays_in_the_file() {
    let home = open_home();
    set(&home, "A", "the-value-in-the-vault");
    let env = "A=another-value-in-the-file\nB=a-new-value-in-the-file\n";
    let path = file(&home, ".env", env);
    let said = home.keep(&["secret", "import", &path, "--remove"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "A=another-value-in-the-file\n", "a value is lost");
    let bad = file(&home, "bad.env", "C=a-good-value-of-c\nthis is no assignment\n");
    let said = home.keep(&["secret", "import", &bad, "--remove"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert!(fs::read_to_string(&bad).unwrap().contains("a-good-value-of-c"));
    assert!(!versions(&home).contains_key("C"));
}

#[test]
fn an_export_is_for_one_installation_and_comes_from_a_person() {
    let (here, there) = (open_home(), open_home());
    set(&here, "A", VALUE);
    set(&here, "B", "with 'quotes' and \"more\"\nand lines");
    set(&there, "OWN", "a-value-of-its-own");
    let public = there.json(&["secret", "recipients", "--json"])["own"].as_str().unwrap().to_owned();
    let out = here.folder.path().join("for-them.age");
    let words = ["secret", "export", "--recipient", &public, "-o", out.to_str().unwrap()];
    assert_eq!(here.keep(&words).code, 3, "a program took values out");
    assert_eq!(here.at_terminal(&words, "n\n").code, 3, "a person said no");
    assert!(!out.exists());
    let said = here.at_terminal(&words, "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(here.at_terminal(&words, "y\n").code, 0, "a file was written over");
    let bytes = fs::read(&out).unwrap();
    assert!(!bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes()));
    let imported = there.keep(&["secret", "import", out.to_str().unwrap()]);
    assert_eq!(imported.code, 0, "{imported:?}");
    assert_eq!(revealed(&there, "A"), VALUE);
    assert_eq!(versions(&there).len(), 3);
    assert_eq!(here.keep(&["secret", "import", out.to_str().unwrap()]).code, 5, "it is not for its maker");
}

/// Whatever is said, on either stream.
fn says_nothing(said: &Said, words: &[&str]) {
    let all = format!("{}{}", said.out, said.err);
    assert!(!all.contains(VALUE), "{words:?}: {said:?}");
}

#[test]
fn no_answer_and_no_error_repeats_a_value() {
    let home = open_home();
    let value = file(&home, "value", VALUE);
    let env = file(&home, ".env", format!("A={VALUE}\nB={VALUE}-b\n"));
    let bad = file(&home, "bad.env", format!("A='{VALUE}\n"));
    let line = file(&home, "line.env", format!("{VALUE}\n"));
    let identity = file(&home, "identity", format!("AGE-SECRET-KEY-1{VALUE}\n"));
    let commands: [&[&str]; 16] = [
        &["secret", "set", "A", "--file", &value],
        &["secret", "set", "A", "--file", &value, "--json"],
        &["secret", "import", &env],
        &["secret", "import", &env, "--overwrite", "--json"],
        &["secret", "import", &bad],
        &["secret", "import", &line],
        &["secret", "list", "--usage"],
        &["secret", "list", "--json"],
        &["secret", "get", "A"],
        &["secret", "get", "A", "--json"],
        &["secret", "get", "A", "--reveal"],
        &["secret", "get", "A", "--reveal", "--json"],
        &["secret", "history", "A", "--json"],
        &["secret", "rekey", "--recover-with", &identity],
        &["audit", "log", "--json"],
        &["audit", "log", "--detail"],
    ];
    for words in commands {
        says_nothing(&home.keep(words), words);
    }
    // A value put where a name, a note or a reason belongs.
    let mistakes: [&[&str]; 7] = [
        &["secret", "set", "A", VALUE],
        &["secret", "set", VALUE],
        &["secret", "get", VALUE],
        &["secret", "get", "A", VALUE],
        &["secret", "recipients", "add", VALUE],
        &["secret", "edit", "A", "--expires", VALUE],
        &["secret", "set", "A", "--value", VALUE],
    ];
    for words in mistakes {
        let said = home.keep(words);
        assert_ne!(said.code, 0, "{words:?}");
        says_nothing(&said, words);
    }
    let stopped = home.keep(&["stop", "--reason", VALUE]);
    assert_eq!(stopped.code, 0, "{stopped:?}");
    says_nothing(&home.keep(&["status"]), &["status"]);
    says_nothing(&home.keep(&["audit", "log", "--json"]), &["audit", "log"]);
}

#[test]
fn values_of_any_bytes_come_and_go_as_they_are() {
    let home = open_home();
    let raw: Vec<u8> = (1..=255).chain([0, 0, b'\n']).collect();
    for (name, bytes, flag) in
        [("RAW", &raw[..], Some("--raw")), ("LINE", &b"a-value-on-a-line\r\n"[..], None)]
    {
        let from = file(&home, "bytes", bytes);
        let mut words = vec!["secret", "set", name, "--file", &from];
        words.extend(flag);
        home.ok(&words);
    }
    assert_eq!(revealed(&home, "LINE"), "a-value-on-a-line");
    for (length, code) in
        [(64 << 10, 0), ((64 << 10) + 1, 2), ((64 << 10) + 5, 2), (1 << 20, 2), (0, 2), (7, 2), (8, 0)]
    {
        let from = file(&home, "long", vec![b'x'; length]);
        let said = home.keep(&["secret", "set", "LONG", "--file", &from]);
        assert_eq!(said.code, code, "{length} bytes: {said:?}");
        // The line end that a file ends with is none of the value's.
        let from = file(&home, "long", [vec![b'x'; length], b"\r\n".to_vec()].concat());
        assert_eq!(
            home.keep(&["secret", "set", "LONG", "--file", &from]).code,
            code,
            "{length} bytes and a line end"
        );
    }
    assert_eq!(home.keep(&["secret", "set", "9A", "--file", "/dev/null"]).code, 2);
    assert_eq!(home.keep(&["secret", "set", "A-B", "--file", "/dev/null"]).code, 2);
    assert_eq!(home.keep(&["secret", "set", "A\u{1b}[31m", "--file", "/dev/null"]).code, 2);
}

#[test]
fn a_note_is_shown_as_text_and_moves_no_terminal() {
    let home = open_home();
    set(&home, "A", VALUE);
    let note = "🔑 red\u{1b}[31m \u{202e}txet\u{7}";
    let edited = home.at_terminal(&["secret", "edit", "A", "--note", note], "");
    assert_eq!(edited.code, 0, "{edited:?}");
    for words in [&["secret", "list"][..], &["secret", "get", "A"]] {
        let out = home.ok(words);
        assert!(out.contains('🔑'), "{out:?}");
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}') && !out.contains('\u{7}'), "{out:?}");
    }
    assert_eq!(home.json(&["secret", "get", "A", "--json"])["note"], note);
}

/// A token's file for a program of one project.
fn token(home: &Home, namespace: &str) -> String {
    let create = ["token", "create", "agent:claude", "--scope", "secret.*", "--namespace", namespace];
    let said = home.at_terminal(&create, "y\n");
    assert_eq!(said.code, 0, "{said:?}");
    let token = said.out.lines().find(|line| line.starts_with("keep_")).unwrap().trim().to_owned();
    file(home, "token", token)
}

#[test]
fn a_token_of_one_project_opens_no_other() {
    let home = open_home();
    let value = file(&home, "value", VALUE);
    for (name, place) in [("OURS", "project:a"), ("THEIRS", "project:b")] {
        let words = ["secret", "set", name, "--namespace", place, "--file", &value];
        let said = home.at_terminal(&words, "");
        assert_eq!(said.code, 0, "{said:?}");
    }
    let (public, token) =
        (home.json(&["secret", "recipients", "--json"])["own"].to_string(), token(&home, "project:a"));
    let public = public.trim_matches('"');
    let commands: [&[&str]; 12] = [
        &["secret", "list", "--all"],
        &["secret", "list", "--namespace", "project:b"],
        &["secret", "list", "--all", "--usage"],
        &["secret", "get", "THEIRS", "--namespace", "project:b"],
        &["secret", "history", "THEIRS", "--namespace", "project:b"],
        &["secret", "due", "--within", "3660d", "--all"],
        &["secret", "unused", "--for", "0s", "--all"],
        &["secret", "anomalies", "--within", "3660d", "--all"],
        &["secret", "export", "--recipient", public, "--namespace", "project:b", "-o", "out.age"],
        &["secret", "rm", "THEIRS", "--namespace", "project:b"],
        &["secret", "rotate", "THEIRS", "--namespace", "project:b"],
        &["secret", "set", "THEIRS", "--namespace", "project:b", "--file", &value],
    ];
    for (at, words) in commands.iter().enumerate() {
        let with_token = [&["--token-file", token.as_str()], *words].concat();
        let said = home.keep(&with_token);
        assert!(!said.out.contains("THEIRS"), "{words:?}: {said:?}");
        if at >= 8 {
            assert_ne!(said.code, 0, "{words:?}: {said:?}");
        }
    }
    let ours = home.ok(&["--token-file", &token, "secret", "list", "--all"]);
    assert!(ours.contains("OURS"), "{ours}");
    let all = home.at_terminal(&["secret", "list", "--all"], "").out;
    assert!(all.contains("OURS") && all.contains("THEIRS"), "{all}");
}
