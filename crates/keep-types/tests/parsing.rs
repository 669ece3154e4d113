//! Parsing is total: every malformed input has its own clear error, and what is shown parses again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use keep_types::{
    Action, Approval, Digest, Duration, FieldHasher, Id, Namespace, Principal, ProjectKind, Risk, Scope,
    Timestamp, Trust,
};
use std::fmt::Display;
use std::str::FromStr;

/// Checks that text parses and shows itself again, or fails with an error that says this.
fn check<T: FromStr + Display>(text: &str, expected: Result<&str, &str>)
where
    T::Err: std::error::Error,
{
    match (text.parse::<T>(), expected) {
        (Ok(value), Ok(shown)) => assert_eq!(value.to_string(), shown),
        (Err(error), Err(part)) => {
            let said = keep_types::chain(&error).join(": ");
            assert!(said.contains(part), "{text:?} says {said:?}, not {part:?}");
        }
        (Ok(value), Err(part)) => panic!("{text:?} parses as {value}, expected {part:?}"),
        (Err(error), Ok(_)) => panic!("{text:?} does not parse: {error}"),
    }
}

#[test]
fn namespaces() {
    for good in ["global", "project:demo", "session:demo/2026-11-21.a_b", "project:0"] {
        check::<Namespace>(good, Ok(good));
    }
    for (text, part) in [
        ("", "the namespace is empty"),
        ("Global", "is no namespace"),
        ("global ", "is no namespace"),
        ("project:", "the name is empty"),
        ("project:-x", "starts with '-'"),
        ("project:..x", "starts with '.'"),
        ("project:../x", "holds '/'"),
        ("project:a/b", "holds '/'"),
        ("project:Ä", "holds 'Ä'"),
        ("project:a\0", "holds '\\0'"),
        ("session:demo", "lacks its `/<id>`"),
        ("session:demo/", "the session's id is malformed: the name is empty"),
        ("session:/x", "the project's name is malformed: the name is empty"),
        ("session:a/b/c", "holds '/'"),
    ] {
        check::<Namespace>(text, Err(part));
    }
    let long = format!("project:{}", "x".repeat(65));
    check::<Namespace>(&long, Err("65 bytes long"));
}

#[test]
fn a_session_sees_its_project_and_global_and_nothing_else() {
    let parse = |text: &str| text.parse::<Namespace>().unwrap();
    let session = parse("session:demo/one");
    for (other, seen) in [
        ("session:demo/one", true),
        ("project:demo", true),
        ("global", true),
        ("session:demo/two", false),
        ("project:other", false),
        ("session:other/one", false),
    ] {
        assert_eq!(session.sees(&parse(other)), seen, "{other}");
    }
    assert!(!parse("global").sees(&parse("project:demo")));
    assert!(!parse("project:demo").sees(&session));
}

#[test]
fn principals_actions_and_scopes() {
    for good in ["user:ann", "agent:claude-code", "service:ci.1"] {
        check::<Principal>(good, Ok(good));
    }
    for (text, part) in [
        ("ann", "is no principal"),
        ("robot:x", "is no kind of principal"),
        ("user:", "the name is empty"),
        ("user:Ann", "holds 'A'"),
        ("user:a:b", "holds ':'"),
    ] {
        check::<Principal>(text, Err(part));
    }
    check::<Action>("memory.write", Ok("memory.write"));
    for bad in ["", ".", "memory.", ".write", "Memory.write", "memory..write", "memory write", "1.x"] {
        check::<Action>(bad, Err("is no action"));
    }
    for (scope, action, covered) in [
        ("*", "memory.read", true),
        ("memory.*", "memory.read", true),
        ("memory.*", "memory", false),
        ("memory.*", "memoryx.read", false),
        ("memory.read", "memory.read", true),
        ("memory.read", "memory.readall", false),
    ] {
        let scope: Scope = scope.parse().unwrap();
        assert_eq!(scope.covers(&action.parse().unwrap()), covered, "{scope} {action}");
    }
    for bad in ["", "**", "memory*", "*.read", "memory.*.x"] {
        check::<Scope>(bad, Err("is no scope"));
    }
}

#[test]
fn ids_sort_by_time_and_know_their_kind() {
    let at = |ms| Id::<Approval>::from_parts(Timestamp::from_ms(ms), [7; 10]);
    let (early, late) = (at(1_000), at(2_000));
    assert!(early < late && early.to_string() < late.to_string());
    assert_eq!(late.made_at(), Timestamp::from_ms(2_000));
    let text = late.to_string();
    check::<Id<Approval>>(&text, Ok(&text));
    check::<Id<ProjectKind>>(&text, Err("must start with `prj_`"));
    check::<Id<Approval>>(&text[..text.len() - 1], Err("25 characters"));
    check::<Id<Approval>>(&format!("{text}0"), Err("27 characters"));
    check::<Id<Approval>>("apr_", Err("0 characters"));
    check::<Id<Approval>>(&text.replace("apr_", "apr_u"), Err("holds 'u'"));
    check::<Id<Approval>>("apr_zzzzzzzzzzzzzzzzzzzzzzzzzz", Err("larger than 128 bits"));
    check::<Id<Approval>>("apr_🎉", Err("holds '🎉'"));
}

#[test]
fn spans_and_moments() {
    for (text, shown) in
        [("90s", "90s"), ("60s", "1m"), ("24h", "1d"), ("14d", "2w"), ("0s", "0ms"), ("1500ms", "1500ms")]
    {
        check::<Duration>(text, Ok(shown));
    }
    for bad in ["", "s", "5", "5 m", "-5m", "1.5h", "5y", "99999999999999999999d", "18446744073709551615w"] {
        check::<Duration>(bad, Err("is no span of time"));
    }
    check::<Timestamp>("2026-11-21T09:30:00Z", Ok("2026-11-21T09:30:00.000Z"));
    check::<Timestamp>("2026-11-21T10:30:00+01:00", Ok("2026-11-21T09:30:00.000Z"));
    for bad in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-21"] {
        check::<Timestamp>(bad, Err("is no moment"));
    }
    for ms in [i64::MIN, i64::MAX, 0] {
        let moment = Timestamp::from_ms(ms);
        check::<Timestamp>(&moment.to_string(), Ok(&moment.to_string()));
    }
}

#[test]
fn ranks_are_ordered() {
    assert!(Risk::Low < Risk::Medium && Risk::Medium < Risk::High && Risk::High < Risk::Critical);
    assert!(Trust::Document < Trust::Tool && Trust::Tool < Trust::Agent && Trust::Agent < Trust::User);
    check::<Risk>("critical", Ok("critical"));
    check::<Risk>("Critical", Err("is no level of risk; use one of low, medium, high, critical"));
    check::<Trust>("", Err("is no level of trust"));
}

#[test]
fn digests_tell_fields_apart() {
    let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Digest::of(b"abc").to_string(), text);
    check::<Digest>(text, Ok(text));
    check::<Digest>(&text[1..], Err("63 bytes"));
    check::<Digest>(&text.to_uppercase(), Err("lower-case hex"));
    let digest = |fields: &[(&str, &str)]| {
        fields.iter().fold(FieldHasher::new("t"), |h, (label, value)| h.field(label, value)).finish()
    };
    assert_ne!(digest(&[("a", "bc")]), digest(&[("ab", "c")]));
    assert_ne!(digest(&[("a", "b"), ("c", "d")]), digest(&[("a", "b\0c"), ("", "d")]));
    assert_ne!(digest(&[("a", "")]), digest(&[]));
}
