use crate::place::{Place, append, record, run};
use keep_ledger::merkle::{verify_consistency, verify_inclusion};
use keep_ledger::{Forgery, LedgerError, Phase, verify_export};
use serde_json::json;
use std::process::Command;

fn exported(place: &Place, range: Option<std::ops::Range<u64>>) -> (String, String) {
    let ledger = place.open();
    let mut bytes = Vec::new();
    ledger.export(&mut bytes, range, &mut |_, _| {}).unwrap();
    (String::from_utf8(bytes).unwrap(), ledger.public_key().unwrap().unwrap())
}

#[test]
fn an_export_verifies_alone_and_no_line_of_it_can_change() {
    let place = Place::new();
    place.grow(40);
    run(place.open().erase_details_of("user:me".parse().unwrap(), vec![4])).unwrap();
    let (text, key) = exported(&place, None);
    let report = verify_export(text.as_bytes(), &key).unwrap();
    assert_eq!((report.records.clone(), report.erased), (0..42, 1));
    assert!(verify_export(text.as_bytes(), &"ab".repeat(32)).is_err());
    let lines: Vec<&str> = text.lines().collect();
    for at in 1..lines.len() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| *line).collect();
        assert!(verify_export((without.join("\n") + "\n").as_bytes(), &key).is_err());
    }
    for (from, to) in [
        ("number\\\":5}", "number\\\":4}"),
        ("memory.write", "memory.read"),
        ("\"seq\":9", "\"seq\":10"),
        ("agent:tester", "user:tester"),
    ] {
        let forged = text.replacen(from, to, 1);
        assert!(forged != text, "{from}");
        assert!(verify_export(forged.as_bytes(), &key).is_err(), "{from}");
    }
}

#[test]
fn a_part_verifies_too() {
    let place = Place::new();
    place.grow(1000);
    let (text, key) = exported(&place, Some(300..420));
    let report = verify_export(text.as_bytes(), &key).unwrap();
    assert_eq!((report.records, report.size), (300..420, 1001));
    assert_eq!(text.lines().count(), 121);
}

#[test]
fn one_record_is_one_line_whatever_is_in_it() {
    let place = Place::new();
    let ledger = place.open();
    let nasty = [
        "a\r\nb",
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "x\u{2028}y\u{2029}z\u{85}",
        "\u{202e}txt.exe\u{2066}\u{200f}",
        "{\"seq\":99}\n{\"seq\":100}",
        "null \0 byte",
        "\u{e0041}\u{feff}",
        "'; DROP TABLE ledger_record; --",
    ];
    for text in nasty {
        let detail = json!({ "name": text, text: [text] });
        ledger.append(record("memory.write", Phase::Done, detail)).wait().unwrap();
    }
    ledger.close().unwrap();
    let report = ledger.verify(&mut |_, _| {}).unwrap();
    assert_eq!(report.records, 1 + nasty.len() as u64);
    let (text, key) = exported(&place, None);
    assert_eq!(text.lines().count(), 2 + nasty.len());
    // The dash stands in every signed note.
    let plain = |c: char| matches!(c, '\n' | '\u{2014}') || (!c.is_control() && c.is_ascii());
    assert!(text.chars().all(plain), "a control or hidden character came through");
    verify_export(text.as_bytes(), &key).unwrap();
    for (n, text) in nasty.iter().enumerate() {
        let entry = ledger.get(n as u64 + 1).wait().unwrap();
        assert_eq!(entry.detail.unwrap()["name"], *text);
    }
}

#[test]
fn proofs_over_stored_subtrees_hold() {
    let place = Place::new();
    let ledger = place.open();
    append(&ledger, 1500);
    for seq in [0, 1, 255, 256, 511, 512, 1023, 1024, 1499, 1500] {
        let proof = ledger.prove(seq).unwrap();
        let path: Vec<[u8; 32]> = proof.path.iter().map(|digest| *digest.as_bytes()).collect();
        verify_inclusion(proof.leaf.as_bytes(), seq, proof.size, &path, proof.root.as_bytes()).unwrap();
    }
    for (old, new) in [(1, 1501), (255, 256), (256, 1501), (300, 700), (1024, 1500), (1501, 1501)] {
        let proof = ledger.consistency(old, new).unwrap();
        let path: Vec<[u8; 32]> = proof.path.iter().map(|digest| *digest.as_bytes()).collect();
        let (old_root, new_root) = (proof.old_root.as_bytes(), proof.new_root.as_bytes());
        verify_consistency((old, old_root), (new, new_root), &path).unwrap();
    }
    assert!(matches!(ledger.prove(1501), Err(LedgerError::NoSuchRecord(1501))));
    assert!(matches!(ledger.consistency(9, 5000), Err(LedgerError::BadSizes { .. })));
}

#[test]
fn an_anchor_elsewhere_shows_what_the_owner_of_the_key_rewrote() {
    let place = Place::new();
    place.grow(300);
    let ledger = place.open();
    let anchor = place.root.join("elsewhere");
    assert_eq!(ledger.anchor_to_file(&anchor).unwrap().size, 301);
    append(&ledger, 100);
    assert_eq!(ledger.check_anchor_file(&anchor).unwrap().size, 301);
    ledger.close().unwrap();
    drop(ledger);
    // Somebody with the key edits a record and makes the rest fit.
    place.forge("UPDATE ledger_record SET action = 'a.c' WHERE seq = 5");
    run(place.open().accept("user:me".parse().unwrap(), "nothing to see".into())).unwrap();
    let found = place.open().check_anchor_file(&anchor);
    assert!(matches!(found, Err(LedgerError::Tampered(Forgery::Forked { to: 301, .. }))), "{found:?}");
}

#[test]
fn git_reads_the_anchors() {
    let place = Place::new();
    place.grow(10);
    let repository = place.root.join("repo");
    let git = |args: &[&str]| {
        let out = Command::new("git").arg("-C").arg(&place.root).args(args).output();
        out.ok().filter(|out| out.status.success()).map(|out| String::from_utf8(out.stdout).unwrap())
    };
    if git(&["init", "-q", "repo"]).is_none() {
        return; // no git here
    }
    let ledger = place.open();
    let (_, first) = ledger.anchor_to_git(&repository).unwrap();
    append(&ledger, 10);
    let (head, second) = ledger.anchor_to_git(&repository).unwrap();
    let log = git(&["-C", "repo", "log", "--format=%H", "refs/keep/ledger"]).unwrap();
    assert_eq!(log.lines().collect::<Vec<_>>(), [second.as_str(), first.as_str()]);
    git(&["-C", "repo", "fsck", "--strict"]).unwrap();
    let note = git(&["-C", "repo", "show", "refs/keep/ledger:checkpoint"]).unwrap();
    assert_eq!(ledger.check_anchor(&note).unwrap(), head);
    assert!(ledger.anchor_to_git(&place.root.join("state")).is_err());
}
