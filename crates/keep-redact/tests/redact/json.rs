//! Values at any depth of JSON.

use crate::help::one;
use keep_redact::{Known, Redactor};
use serde_json::{Value, json};

fn check(redactor: &Redactor, input: Value, expected: &Value) {
    let mut value = input;
    redactor.json(&mut value);
    assert_eq!(value, *expected);
}

#[test]
fn strings_and_keys_at_any_depth() {
    let redactor = one(b"top/secret\n\"x\"");
    check(
        &redactor,
        json!({"a": ["x top/secret\n\"x\" y", {"top/secret\n\"x\"": 1, "b": "top\\/secret\\n\\\"x\\\""}], "c": null}),
        &json!({"a": ["x [redacted:s] y", {"[redacted:s]": 1, "b": "[redacted:s]"}], "c": null}),
    );
}

#[test]
fn keys_that_become_equal_all_stay_and_keep_their_order() {
    let redactor = one(b"my-secret");
    let mut value = json!({"z": 0, "my-secret": 1, "6d792d736563726574": 2, "[redacted:s]": 3, "a": 4});
    redactor.json(&mut value);
    let text = value.to_string();
    assert_eq!(text, r#"{"z":0,"[redacted:s]":1,"[redacted:s]#2":2,"[redacted:s]#3":3,"a":4}"#);
}

#[test]
fn numbers_by_their_digits() {
    let (redactor, _) = Redactor::new([
        Known { label: "account", value: b"1234567890" },
        Known { label: "rate", value: b"-7.25159265" },
    ]);
    check(
        &redactor,
        json!([1_234_567_890, 91_234_567_890_i64, 123, -7.251_592_65, 1.5]),
        &json!(["[redacted:account]", "9[redacted:account]", 123, "[redacted:rate]", 1.5]),
    );
}

#[test]
fn bytes_printed_as_numbers() {
    let value = b"\xf0bytes\x00\xff\x80";
    let redactor = one(value);
    let unsigned: Vec<i64> = value.iter().map(|byte| i64::from(*byte)).collect();
    let signed: Vec<i64> = value.iter().map(|byte| i64::from(byte.cast_signed())).collect();
    for numbers in [unsigned, signed] {
        let mut list = vec![json!(1), json!(255)];
        list.extend(numbers.iter().map(|number| json!(number)));
        list.push(json!(7));
        list.push(json!("x"));
        list.extend(numbers.iter().map(|number| json!(number)));
        list.extend(numbers.iter().map(|number| json!(number)));
        list.push(json!(300));
        check(
            &redactor,
            json!({"deep": [list]}),
            &json!({"deep": [[1, 255, "[redacted:s]", 7, "x", "[redacted:s]", "[redacted:s]", 300]]}),
        );
    }
    check(&redactor, json!([240, 98, 121]), &json!([240, 98, 121]));
}

#[test]
fn what_is_encoded_and_then_listed_as_bytes() {
    let redactor = one(b"bytes-of-hex");
    let list: Vec<u8> = b"bytes-of-hex".iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    check(&redactor, json!(list), &json!(["[redacted:s]"]));
}
