//! The shapes of JSON answers, which programs rely on.

use crate::home::Home;
use serde_json::Value;

/// Keys and kinds of a value, without what differs from run to run.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(items) => items.first().map(shape).into_iter().collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "switch".into(),
        Value::Null => Value::Null,
    }
}

fn check(home: &Home, words: &[&str], expected: &str) {
    let mut words = words.to_vec();
    words.push("--json");
    let found = serde_json::to_string(&shape(&home.json(&words))).unwrap();
    assert_eq!(found, expected, "{words:?}");
}

#[test]
fn answers_keep_their_shapes() {
    let home = Home::new();
    home.ok(&["stop"]);
    check(&home, &["version"], r#"{"version":"text","os":"text","arch":"text"}"#);
    check(
        &home,
        &["status"],
        r#"{"principal":"text","namespace":"text","data":"text","config":"text","state":"text","ledger":{"state":"text","size":"number"},"records":"number","policy":{"state":"text","rules":"number","version":"text"},"vault":{"state":"text"},"waiting":"number","stopped":{"since":"text","by":"text","reason":"text"},"database_bytes":"number"}"#,
    );
    check(
        &home,
        &["whoami"],
        r#"{"principal":"text","because":"text","channel":"text","namespace":"text","reach":{"only":["text"]},"scopes":["text"]}"#,
    );
    check(&home, &["doctor"], r#"[{"name":"text","finding":"text","detail":"text","hint":null}]"#);
    check(
        &home,
        &["config", "get", "backup.keep"],
        r#"{"key":"text","value":"number","origin":{"layer":"text"},"default":"number","project":"text","doc":"text"}"#,
    );
    check(&home, &["attest"], r#"[{"id":"text","claim":"text","against":"text","verdict":"text"}]"#);
    check(&home, &["inbox"], "[]");
    check(&home, &["project", "list"], "[]");
    check(
        &home,
        &["policy", "explain", "agent:a", "memory.write", "project:x", "low"],
        r#"{"decision":"text","rule":{"id":"text","layer":"text","source":"text","line":"number"},"reason":"text","risk":"text","considered":[{"rule":{"id":"text","layer":"text","source":"text","line":"number"},"decision":"text","reason":"text","part":"text"}]}"#,
    );
}
