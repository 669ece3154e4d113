//! A bucket's keys from the vault: they open the store and stand nowhere.

use super::{bucket, file, noise, restored};
use crate::home::Home;
use crate::weed::{KEY_ID, SECRET, Weed};
use std::fs;
use std::path::Path;

/// Lets programs store secrets and use them.
const RULES: &str = r#"format = 1
[[rule]]
id = "programs-use-the-store"
decision = "allow"
principals = ["agent:*"]
actions = ["secret.set", "secret.use"]
max_risk = "high"
reason = "the test has nobody to ask"
match = ["agent:a secret.use global medium"]
"#;

/// Every file below a folder that holds these bytes.
fn files_with(folder: &Path, value: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, value));
        } else if path.is_file()
            && fs::read(&path).unwrap().windows(value.len()).any(|window| window == value)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn with_secrets(weed: &Weed, place: &str) -> Home {
    let home = super::open_home();
    let keys = "access_key = \"secret:BUCKET_ID\"\nsecret_key = \"secret:BUCKET_KEY\"\n";
    bucket::connect(&home, weed, &format!("url = \"s3://keep-test/{place}\"\n{keys}"));
    fs::write(home.path().join("config/rules/secrets.toml"), RULES).unwrap();
    home
}

fn set(home: &Home, name: &str, value: &str) {
    file(home, "value", value);
    home.ok(&["secret", "set", name, "--file", "value"]);
    fs::remove_file(home.folder.path().join("value")).unwrap();
}

#[test]
fn keys_from_the_vault_open_the_store_and_stand_nowhere() {
    let (weed, place) = (Weed::start(), bucket::place());
    let home = with_secrets(&weed, &place);
    file(&home, "one", noise(1, 100_000));
    let none = home.keep(&["artifact", "put", "model", "one"]);
    assert_eq!(none.code, 4, "{none:?}");
    assert!(none.err.contains("BUCKET_ID"), "which secret is missing is said: {none:?}");
    set(&home, "BUCKET_ID", KEY_ID);
    set(&home, "BUCKET_KEY", SECRET);
    let mut said = vec![
        home.keep(&["artifact", "put", "model", "one"]),
        home.keep(&["artifact", "verify"]),
        home.keep(&["artifact", "push", "model", &format!("s3://keep-test/{place}-2")]),
        home.keep(&["config", "show"]),
        home.keep(&["audit", "log"]),
    ];
    assert!(said.iter().all(|one| one.code == 0), "{said:?}");
    assert_eq!(restored(&home, "model"), noise(1, 100_000));
    let log = home.ok(&["audit", "log", "--action", "secret.use", "--json"]);
    assert!(log.contains("BUCKET_KEY"), "each use is on record: {log}");
    // A wrong one is refused by the server, and is not said either.
    set(&home, "BUCKET_KEY", "wrong-hunter3-wrong");
    said.push(home.keep(&["artifact", "get", "model", "--to", "out"]));
    assert_eq!(said.last().unwrap().code, 3, "{said:?}");
    for value in [SECRET, "wrong-hunter3-wrong", KEY_ID] {
        assert_eq!(files_with(&home.path(), value.as_bytes()), Vec::<String>::new());
        assert_eq!(
            files_with(&weed.folder.join("data"), value.as_bytes()),
            Vec::<String>::new(),
            "in the bucket"
        );
        assert!(!said.iter().any(|one| format!("{one:?}").contains(value)), "{said:?}");
    }
}

#[test]
fn a_key_itself_is_no_setting() {
    let home = super::open_home();
    let path = home.path().join("config/config.toml");
    let before = fs::read_to_string(&path).unwrap();
    let said = home.at_terminal(&["config", "set", "blobs.secret_key", "hunter2-hunter2"], "y\n");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("secret:NAME"), "{said:?}");
    for bad in
        ["blobs.secret_key = \"hunter2-hunter2\"", "blobs.access_key = 222", "blobs.secret_key = \"secret:\""]
    {
        fs::write(&path, format!("{bad}\n{before}")).unwrap();
        let said = home.keep(&["status"]);
        assert_eq!(said.code, 2, "{bad}: {said:?}");
        assert!(said.err.contains("secret:NAME") && !said.err.contains("hunter2"), "{said:?}");
    }
    fs::write(&path, before).unwrap();
    assert_eq!(files_with(&home.path(), b"hunter2-hunter2"), Vec::<String>::new());
}

#[test]
fn half_a_key_is_said_so() {
    let home = super::open_home();
    let path = home.path().join("config/config.toml");
    let before = fs::read_to_string(&path).unwrap();
    let more = "[blobs]\nurl = \"s3://keep-test/x\"\naccess_key = \"secret:BUCKET_ID\"\n";
    fs::write(&path, format!("{before}{more}")).unwrap();
    let said = home.keep(&["artifact", "verify"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("set together"), "{said:?}");
}
