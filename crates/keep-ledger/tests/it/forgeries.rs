//! Every way of changing a ledger that the design names, each found by its name.

use crate::place::{Place, append};
use keep_ledger::{Forgery, Health, LedgerError};
use std::fs;

/// Makes room at a number by moving the records after it, as somebody with SQL would.
fn shift_up(from: u64) -> String {
    format!(
        "UPDATE ledger_record SET seq = -seq - 1 WHERE seq >= {from};
         UPDATE ledger_record SET seq = -seq WHERE seq < 0;
         UPDATE ledger_detail SET seq = -seq - 1 WHERE seq >= {from};
         UPDATE ledger_detail SET seq = -seq WHERE seq < 0;"
    )
}

fn shift_down(from: u64) -> String {
    format!(
        "UPDATE ledger_record SET seq = -seq WHERE seq >= {from};
         UPDATE ledger_record SET seq = -seq - 1 WHERE seq < 0;
         UPDATE ledger_detail SET seq = -seq WHERE seq >= {from};
         UPDATE ledger_detail SET seq = -seq - 1 WHERE seq < 0;"
    )
}

fn copy(from: u64, to: u64) -> String {
    format!(
        "CREATE TEMP TABLE r AS SELECT * FROM ledger_record WHERE seq = {from};
         UPDATE r SET seq = {to}; INSERT INTO ledger_record SELECT * FROM r; DROP TABLE r;
         CREATE TEMP TABLE d AS SELECT * FROM ledger_detail WHERE seq = {from};
         UPDATE d SET seq = {to}; INSERT INTO ledger_detail SELECT * FROM d; DROP TABLE d;"
    )
}

fn swap(a: u64, b: u64) -> String {
    format!(
        "UPDATE ledger_record SET seq = -1 WHERE seq = {a};
         UPDATE ledger_record SET seq = {a} WHERE seq = {b};
         UPDATE ledger_record SET seq = {b} WHERE seq = -1;
         UPDATE ledger_detail SET seq = -1 WHERE seq = {a};
         UPDATE ledger_detail SET seq = {a} WHERE seq = {b};
         UPDATE ledger_detail SET seq = {b} WHERE seq = -1;"
    )
}

/// Applies the forgery to a ledger of 600 records (numbers 0 to 599) and expects its name.
fn check(sql: &str, expected: &Forgery) {
    let place = Place::new();
    place.grow(599);
    assert_eq!(place.forgery(), None);
    place.forge(sql);
    assert_eq!(place.forgery().as_ref(), Some(expected), "{sql}");
}

#[test]
fn edited() {
    for column in [
        "utc_ms = utc_ms + 1",
        "monotonic_ns = 7",
        "boot = zeroblob(16)",
        "pid = 9",
        "started_ticks = 9",
        "principal = 'user:someone'",
        "namespace = 'global'",
        "action = 'memory.forget'",
        "phase = 'failed'",
        "refers_to = 3",
        "digest = zeroblob(32)",
        "exact = zeroblob(32)",
        "leaf = zeroblob(32)",
    ] {
        check(&format!("UPDATE ledger_record SET {column} WHERE seq = 300"), &Forgery::Edited { seq: 300 });
    }
}

#[test]
fn deleted_with_and_without_closing_the_gap() {
    check("DELETE FROM ledger_record WHERE seq = 300", &Forgery::Deleted { seq: 300 });
    check(
        &format!(
            "DELETE FROM ledger_record WHERE seq = 300; DELETE FROM ledger_detail WHERE seq = 300; {}",
            shift_down(301)
        ),
        &Forgery::Deleted { seq: 300 },
    );
}

#[test]
fn inserted() {
    let forged = format!("{} {}", shift_up(300), copy(10, 300));
    let edit = "UPDATE ledger_record SET action = 'memory.forget' WHERE seq = 300";
    check(&format!("{forged} {edit}"), &Forgery::Inserted { seq: 300 });
}

#[test]
fn reordered() {
    check(&swap(300, 301), &Forgery::Reordered { seq: 300 });
    check(&swap(300, 550), &Forgery::Reordered { seq: 300 });
}

#[test]
fn duplicated() {
    check(&copy(300, 600), &Forgery::Duplicated { seq: 600, of: 300 });
    check(&format!("{} {}", shift_up(301), copy(300, 301)), &Forgery::Duplicated { seq: 301, of: 300 });
}

#[test]
fn truncated() {
    check(
        "DELETE FROM ledger_record WHERE seq >= 590; DELETE FROM ledger_detail WHERE seq >= 590;",
        &Forgery::Truncated { kept: 590, expected: 600 },
    );
}

#[test]
fn details() {
    check(
        "UPDATE ledger_detail SET detail = '{\"number\":1000}' WHERE seq = 300",
        &Forgery::DetailEdited { seq: 300 },
    );
    check(
        "UPDATE ledger_detail SET salt = zeroblob(16) WHERE seq = 300",
        &Forgery::DetailEdited { seq: 300 },
    );
    check("DELETE FROM ledger_detail WHERE seq = 300", &Forgery::DetailLost { seq: 300 });
    check(
        "INSERT INTO ledger_detail (seq, salt, detail) VALUES (900, zeroblob(16), '1')",
        &Forgery::DetailAdded { seq: 900 },
    );
}

#[test]
fn what_is_stored_for_speed() {
    check(
        "UPDATE ledger_tree SET hash = zeroblob(32) WHERE level = 8 AND place = 1",
        &Forgery::TreeEdited { from: 256, to: 512 },
    );
    check("DELETE FROM ledger_tree", &Forgery::TreeEdited { from: 0, to: 256 });
    check(
        "INSERT INTO ledger_tree VALUES (8, 2, zeroblob(32))",
        &Forgery::Truncated { kept: 600, expected: 768 },
    );
    check("UPDATE ledger_state SET peaks = zeroblob(length(peaks))", &Forgery::StateEdited { size: 600 });
    check("UPDATE ledger_state SET epoch = 3", &Forgery::StateEdited { size: 600 });
    check("INSERT INTO ledger_open_intent VALUES (300)", &Forgery::IntentList { seq: 300 });
    check("INSERT INTO ledger_key VALUES (300, zeroblob(32))", &Forgery::KeyChain { seq: 300 });
}

/// The whole database file is an older copy.
#[test]
fn rolled_back() {
    let place = Place::new();
    place.grow(50);
    let ledger = place.open();
    let old = place.root.join("old.db");
    place.forge(&format!("VACUUM INTO '{}'", old.display()));
    append(&ledger, 50);
    ledger.close().unwrap();
    drop(ledger);
    replace_database(&place, &old);
    assert_eq!(place.forgery(), Some(Forgery::RolledBack { size: 51, checkpoint: 101 }));
    let ledger = place.open();
    assert!(matches!(ledger.health(), Health::Mismatch { .. }), "{:?}", ledger.health());
    let refused = ledger.append(crate::place::record("a.b", keep_ledger::Phase::Done, 1.into())).wait();
    assert!(matches!(refused, Err(LedgerError::Refused(_))), "{refused:?}");
}

pub(crate) fn replace_database(place: &Place, with: &std::path::Path) {
    for ending in ["-wal", "-shm"] {
        let mut name = place.database().into_os_string();
        name.push(ending);
        let _ = fs::remove_file(name);
    }
    fs::copy(with, place.database()).unwrap();
}

/// Records are cut off, and others appended by the honest program that sees no checkpoint; then the
/// old checkpoint is put back.
#[test]
fn truncated_and_appended() {
    let place = Place::new();
    place.grow(50);
    let old = place.root.join("old.db");
    place.forge(&format!("VACUUM INTO '{}'", old.display()));
    place.grow(50);
    let checkpoint = fs::read(place.checkpoint()).unwrap();
    replace_database(&place, &old);
    fs::remove_file(place.checkpoint()).unwrap();
    place.grow(80);
    fs::write(place.checkpoint(), checkpoint).unwrap();
    assert!(matches!(place.open().health(), Health::Mismatch { .. }));
    let found = place.forgery();
    assert!(matches!(found, Some(Forgery::Forked { to: 101, .. })), "{found:?}");
}

/// Records of another log, whose leaves are right in themselves.
#[test]
fn spliced() {
    let (place, other) = (Place::new(), Place::new());
    place.grow(100);
    other.grow(100);
    place.forge(&format!(
        "ATTACH '{}' AS other;
         DELETE FROM ledger_record WHERE seq >= 60; DELETE FROM ledger_detail WHERE seq >= 60;
         INSERT INTO ledger_record SELECT * FROM other.ledger_record WHERE seq >= 60;
         INSERT INTO ledger_detail SELECT * FROM other.ledger_detail WHERE seq >= 60;",
        other.database().display()
    ));
    assert_eq!(place.forgery(), Some(Forgery::Spliced { seq: 60 }));
}

/// The whole database is another installation's.
#[test]
fn another_log() {
    let (place, other) = (Place::new(), Place::new());
    place.grow(100);
    other.grow(200);
    other.forge("PRAGMA wal_checkpoint(TRUNCATE)");
    replace_database(&place, &other.database());
    let found = place.forgery();
    assert!(matches!(found, Some(Forgery::ForeignLog { .. })), "{found:?}");
    assert!(!place.open().health().takes_records());
}

/// CVE-2023-31439: an old head is signed again with a key that came later.
#[test]
fn signed_again_with_a_newer_key() {
    let place = Place::new();
    place.grow(20);
    let ledger = place.open();
    crate::place::run(ledger.rotate_key("user:me".parse().unwrap())).unwrap();
    append(&ledger, 20);
    ledger.close().unwrap();
    drop(ledger);
    assert_eq!(place.forgery(), None);
    let head = keep_ledger::note::SignedHead::parse(&fs::read_to_string(place.checkpoint()).unwrap());
    let head = head.unwrap().head;
    let ledger = place.open();
    let old_root = *ledger.consistency(15, 41).unwrap().old_root.as_bytes();
    drop(ledger);
    let old = keep_ledger::note::Head { size: 15, root: old_root, ..head };
    let note = old.sign(&signing_key(&place));
    place.forge(&format!("INSERT INTO ledger_head VALUES (15, '{note}', 0)"));
    assert_eq!(place.forgery(), Some(Forgery::Resigned { size: 15, introduced: 21 }));
    place.forge("DELETE FROM ledger_head WHERE size = 15");
    fs::write(place.checkpoint(), &note).unwrap();
    assert!(!place.open().health().takes_records());
    assert_eq!(place.forgery(), Some(Forgery::Resigned { size: 15, introduced: 21 }));
}

fn signing_key(place: &Place) -> ed25519_dalek::SigningKey {
    let text = fs::read_to_string(place.key_file()).unwrap();
    let bytes: Vec<u8> = (0..32).map(|n| u8::from_str_radix(&text[n * 2..n * 2 + 2], 16).unwrap()).collect();
    ed25519_dalek::SigningKey::from_bytes(&bytes.try_into().unwrap())
}

#[test]
fn signed_by_a_key_of_nobody() {
    let place = Place::new();
    place.grow(20);
    let note = fs::read_to_string(place.checkpoint()).unwrap();
    let head = keep_ledger::note::SignedHead::parse(&note).unwrap().head;
    let other = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    fs::write(place.checkpoint(), head.sign(&other)).unwrap();
    assert_eq!(place.forgery(), Some(Forgery::ForeignKey { size: 21 }));
}

#[test]
fn a_deleted_state_folder_stays_visible() {
    let place = Place::new();
    place.grow(20);
    fs::remove_dir_all(place.root.join("state")).unwrap();
    for _ in 0..2 {
        let ledger = place.open();
        assert_eq!(ledger.health(), Health::Unanchored);
        append(&ledger, 1);
        ledger.close().unwrap();
        assert!(!place.checkpoint().exists(), "a new checkpoint was written silently");
    }
    assert_eq!(place.forgery(), Some(Forgery::Unanchored { size: 23 }));
}

#[test]
fn a_damaged_checkpoint_is_no_missing_one() {
    let place = Place::new();
    place.grow(20);
    fs::write(place.checkpoint(), "nonsense").unwrap();
    assert!(matches!(place.open().health(), Health::Mismatch { .. }));
    assert!(matches!(place.forgery(), Some(Forgery::BadCheckpoint { .. })));
}

#[test]
fn a_deleted_database_is_noticed() {
    let place = Place::new();
    place.grow(20);
    fs::remove_dir_all(place.root.join("data")).unwrap();
    assert!(matches!(place.open().health(), Health::Mismatch { .. }));
    assert_eq!(place.forgery(), Some(Forgery::RolledBack { size: 0, checkpoint: 21 }));
}

#[test]
fn a_found_forgery_stops_changes_in_this_process() {
    let place = Place::new();
    place.grow(20);
    let ledger = place.open();
    place.forge("UPDATE ledger_record SET action = 'a.c' WHERE seq = 5");
    assert!(ledger.verify(&mut |_, _| {}).is_err());
    assert!(!ledger.health().takes_records());
}
