//! The vault through the program: a person's terminal, programs without one, processes that die.

mod faults;
mod files;
mod locked_faults;
mod many;
mod passphrase;

use crate::home::Home;
use std::fs;
use std::path::PathBuf;

/// Lets programs set secrets unasked, and as fast as the machine can.
const RULES: &str = r#"format = 1
[[rule]]
id = "programs-store"
decision = "allow"
principals = ["agent:*"]
actions = ["secret.set", "secret.import"]
max_risk = "high"
reason = "the test has nobody to ask"
match = ["agent:a secret.set project:a medium"]
"#;

/// What a person answers who goes ahead.
const AGREES: [(&str, &str); 1] = [("Go ahead?", "y\n")];

/// A home in which programs may set secrets.
fn open_home() -> Home {
    let home = Home::new();
    home.ok(&["status"]);
    fs::create_dir_all(home.path().join("config/rules")).unwrap();
    fs::write(home.path().join("config/rules/store.toml"), RULES).unwrap();
    fs::write(home.path().join("config/config.toml"), "[rate]\nagent_per_minute = 9_000\n").unwrap();
    home
}

/// A file beside the home with these bytes.
fn file(home: &Home, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path: PathBuf = home.folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Gives a secret a value, as a program.
fn set(home: &Home, name: &str, value: &str) {
    let from = file(home, "value", value);
    home.ok(&["secret", "set", name, "--file", &from]);
}

/// The value in force, as the person at the terminal reads it.
fn revealed(home: &Home, name: &str) -> String {
    let said = home.converse(&["secret", "get", name, "--reveal"], &AGREES);
    assert_eq!(said.code, 0, "{name}: {said:?}");
    let after = said.out.rsplit("[y/N] ").next().unwrap();
    after.trim().to_owned()
}

/// The version of each secret, by name.
fn versions(home: &Home) -> std::collections::BTreeMap<String, u64> {
    let all = home.json(&["secret", "list", "--all", "--json"]);
    let one = |view: &serde_json::Value| {
        (view["name"].as_str().unwrap().to_owned(), view["version"].as_u64().unwrap())
    };
    all.as_array().unwrap().iter().map(one).collect()
}
