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

/// The same for what only a person may do without being asked.
fn check_of_person(home: &Home, line: &str, expected: &str) {
    let said = home.at_terminal(&format!("{line} --json").split(' ').collect::<Vec<_>>(), "");
    assert_eq!(said.code, 0, "{line}: {said:?}");
    let start = said.out.find(['{', '[']).unwrap_or_else(|| panic!("{line}: {said:?}"));
    let found: Value =
        serde_json::from_str(&said.out[start..]).unwrap_or_else(|why| panic!("{line}: {why}: {said:?}"));
    assert_eq!(serde_json::to_string(&shape(&found)).unwrap(), expected, "{line}");
}

/// Two steps of a small model.
fn with_models() -> Home {
    let home = Home::new();
    let header = r#"{"w":{"dtype":"BF16","shape":[1000],"data_offsets":[0,2000]}}"#;
    for step in 0..2u8 {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(
            (0..2000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 ^ (step & u8::from(at == 20))),
        );
        std::fs::write(home.folder.path().join(format!("{step}.safetensors")), bytes).unwrap();
    }
    home
}

#[test]
fn answers_about_packs_keep_their_shapes() {
    let home = with_models();
    check_of_person(
        &home,
        "pack 0.safetensors -o a.keep",
        r#"{"path":"text","root":"text","base":null,"signer":null,"files":"number","folders":"number","links":"number","raw_bytes":"number","stored_bytes":"number","chunks":"number","differences":"number","notes":[]}"#,
    );
    check(
        &home,
        &["pack", "ls", "a.keep"],
        r#"{"path":"text","root":"text","base":null,"signer":null,"raw_bytes":"number","stored_bytes":"number","entries":[{"path":"text","kind":"text","mode":"text","format":"text","raw_bytes":"number","stored_bytes":"number","needs_base":"switch","tensors":[{"name":"text","dtype":"text","shape":["number"],"raw_bytes":"number"}],"note":null}]}"#,
    );
    check(
        &home,
        &["pack", "verify", "a.keep"],
        r#"{"path":"text","root":"text","signer":null,"raw_bytes":"number","stored_bytes":"number","chunks":"number","restored":"switch"}"#,
    );
    let unpacked = r#"{"path":"text","root":"text","signer":null,"files":"number","folders":"number","links":"number","raw_bytes":"number"}"#;
    check_of_person(&home, "unpack a.keep -o back", unpacked);
    check_of_person(&home, "pack cat a.keep w -o w", unpacked);
    for line in ["pack key k", "pack sign a.keep --key k"] {
        check_of_person(&home, line, r#"{"path":"text","signer":"text"}"#);
    }
}

#[test]
fn answers_about_artifacts_keep_their_shapes() {
    let home = with_models();
    let sums = r#""files":"number","raw_bytes":"number","stored_bytes":"number","same_region_bytes":"number","same_chunk_bytes":"number","delta_raw_bytes":"number","delta_stored_bytes":"number""#;
    let named = r#""namespace":"text","name":"text","version":"number""#;
    let put = |tags| {
        format!(
            r#"{{{named},"manifest":"text","made":"text","by":"text","tags":[{tags}],{sums},"no_base_because":null,"stored_anew":"number"}}"#
        )
    };
    let of_person = |line: &str, expected: &str| check_of_person(&home, line, expected);
    of_person("artifact put m 0.safetensors", &put(""));
    of_person("artifact put m 1.safetensors --tag step=1", &put(r#""text""#));
    let listed =
        format!(r#"[{{{named},"tags":["text"],"made":"text","by":"text","manifest":"text",{sums}}}]"#);
    of_person("artifact ls", &listed);
    of_person("artifact log m", &listed);
    of_person("artifact ls m", r#"[{"path":"text","tensor":null,"what":"text","bytes":"number"}]"#);
    of_person(
        "artifact diff m@1 m@2",
        r#"[{"path":"text","part":"text","change":"text","bytes":"number","dtype":"text","moved":{"elements":"number","changed":"number","largest":"number","rms":"number","rms_before":"number","not_finite":"number"},"cost_bytes":"number"}]"#,
    );
    of_person(
        "artifact du",
        r#"{"versions":"number","logical_bytes":"number","stored_bytes":"number","saved_by_same_regions":"number","saved_by_same_chunks":"number","saved_by_differences":"number","saved_by_coding":"number"}"#,
    );
    of_person("artifact verify", r#"{"versions":"number","bytes":"number","damaged":[]}"#);
    of_person(
        "artifact get m --to out",
        &format!(r#"{{{named},"path":"text","files":"number","bytes":"number"}}"#),
    );
    of_person("artifact tag m best", r#"["text"]"#);
    of_person(
        "artifact keep m --last 5",
        r#"{"namespace":"text","name":"text","versions":[{"version":"number","tags":["text"],"kept_because":"text"}],"applied":"switch"}"#,
    );
    of_person(
        "artifact sync store",
        &format!(
            r#"{{"pushed":[{{{named},"bytes":"number","moved_bytes":"number","already":"switch"}}],"pulled":[],"diverged":[]}}"#
        ),
    );
    let collection = r#"{"bundles":"number","bytes":"number","dead_puts":"number","in_flight":"number","young":"number","needed_elsewhere":"number","tidied":null,"applied":"switch"}"#;
    of_person("artifact gc", collection);
    of_person("artifact rm m@1", r#"["number"]"#);
    of_person("artifact gc --apply", collection);
    of_person("artifact owner", r#"{"store":"text","installation":"text","since":"text","own":"switch"}"#);
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
