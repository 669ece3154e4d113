//! What is shown in a value's place never gives one away, nor does anything printed for debugging.

use keep_redact::{Feed, Handle, Known, MIN_BYTES, Redactor, Unfit, Withheld};
use std::sync::Arc;

#[test]
fn short_values_are_refused_and_not_shown() {
    let known = [
        Known { label: "pin", value: b"1234567" },
        Known { label: "none", value: b"" },
        Known { label: "hunter2", value: b"hunter2" },
        Known { label: "the fit-secret", value: b"short" },
        Known { label: "fine", value: b"fit-secret" },
    ];
    let (redactor, unfit) = Redactor::new(known);
    let expected = [("pin", 7), ("none", 0), ("redacted", 7), ("the [redacted:fine]", 5)];
    let expected = expected.map(|(label, bytes)| Unfit { label: label.to_owned(), bytes });
    assert_eq!(unfit, expected);
    assert!(!redactor.is_empty());
    assert_eq!(redactor.text("1234567 hunter2 fit-secret"), "1234567 hunter2 [redacted:fine]");
    let said = unfit[0].to_string();
    assert!(said.contains("pin") && said.contains('7') && !said.contains("1234567"), "{said}");
    assert_eq!(MIN_BYTES, 8);
}

#[test]
fn a_label_that_holds_a_value_is_not_shown() {
    let known = [
        Known { label: "key of alpha-secret", value: b"alpha-secret" },
        Known { label: "616c7068612d736563726574", value: b"beta-secret" },
        Known { label: "gamma", value: b"cted:gam" },
        Known { label: "delta", value: b"delta-secret" },
    ];
    let (redactor, _) = Redactor::new(known);
    assert_eq!(redactor.text("alpha-secret"), "[redacted]");
    assert_eq!(redactor.text("beta-secret"), "[redacted]");
    assert_eq!(redactor.text("cted:gam"), "[redacted]");
    assert_eq!(redactor.text("delta-secret"), "[redacted:delta]");
    assert_eq!(redactor.find(b"alpha-secret").unwrap().label, "[redacted]");
}

#[test]
fn a_value_that_the_replacement_itself_holds() {
    for value in ["redacted", "[redacted", "[redacted]", "redacted]", "[redacted:", "redacted:x"] {
        let (redactor, _) = Redactor::new([Known { label: "x", value: value.as_bytes() }]);
        let redacted = redactor.text(value).into_owned();
        assert!(!redacted.contains(value), "{redacted}");
        assert_eq!(redactor.text(&redacted), redacted);
    }
}

#[test]
fn the_first_of_equal_values_gives_the_label() {
    let known = [Known { label: "a", value: b"same-value" }, Known { label: "b", value: b"same-value" }];
    let (redactor, unfit) = Redactor::new(known);
    assert_eq!(unfit, []);
    assert_eq!(redactor.text("same-value"), "[redacted:a]");
}

#[test]
fn debug_shows_counts_only() {
    let known = [Known { label: "name", value: b"value-value" }];
    let (redactor, _) = Redactor::new(known);
    let mut stream = redactor.stream();
    stream.push(b"value-value", &mut Vec::new());
    for shown in [
        format!("{redactor:?}"),
        format!("{stream:?}"),
        format!("{known:?}"),
        format!("{:?}", Handle::nothing()),
    ] {
        assert!(!shown.contains("value-value") && !shown.contains("118, 97"), "{shown}");
    }
    assert!(format!("{redactor:?}").contains("values: 1"));
}

#[test]
fn an_empty_redactor_changes_nothing() {
    let redactor = Redactor::default();
    assert!(redactor.is_empty());
    assert_eq!(redactor.text("anything"), "anything");
    assert_eq!(redactor.find(b"anything"), None);
    let (mut stream, mut out) = (redactor.stream(), Vec::new());
    stream.push(b"any", &mut out);
    assert_eq!(out, b"any");
    stream.finish(&mut out);
    assert_eq!(out, b"any");
}

struct Locked;

impl Feed for Locked {
    fn redactor(&self) -> Result<Redactor, Withheld> {
        Err(Withheld { reason: "the vault is locked".to_owned() })
    }
}

#[test]
fn a_handle_passes_on_what_its_feed_says() {
    assert!(Handle::nothing().current().unwrap().is_empty());
    let withheld = Handle::fed_by(Arc::new(Locked)).clone().current().unwrap_err();
    assert_eq!(withheld.to_string(), "cannot check for secrets: the vault is locked");
}
