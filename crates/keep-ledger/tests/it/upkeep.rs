use crate::forgeries::replace_database;
use crate::place::{Place, append, record, run};
use keep_ledger::{Filter, Health, LedgerError, Phase};
use keep_types::Timestamp;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn me() -> keep_types::Principal {
    "user:me".parse().unwrap()
}

#[test]
fn erased_details_leave_verification_whole() {
    let place = Place::new();
    let ledger = place.open();
    append(&ledger, 3000);
    assert_eq!(run(ledger.erase_details_of(me(), vec![5, 7, 7, 9000])).unwrap(), 2);
    let report = ledger.verify(&mut |_, _| {}).unwrap();
    assert_eq!((report.erased, report.records), (2, 3002));
    let future = Timestamp::from_ms(9_000_000_000_000);
    assert_eq!(run(ledger.erase_details(me(), future)).unwrap(), 2998);
    let report = ledger.verify(&mut |_, _| {}).unwrap();
    assert_eq!(report.erased, 3000);
    let entry = ledger.get(5).wait().unwrap();
    assert!(entry.erased && entry.detail.is_none());
    assert_eq!(run(ledger.erase_details(me(), future)).unwrap(), 0);
}

#[test]
fn keys_turn_and_old_heads_stay_good() {
    let place = Place::new();
    for _ in 0..3 {
        let ledger = place.open();
        append(&ledger, 10);
        run(ledger.rotate_key(me())).unwrap();
        append(&ledger, 10);
        ledger.close().unwrap();
    }
    assert_eq!(place.verify().unwrap().keys, 4);
    assert!(matches!(place.open().health(), Health::Anchored { .. }));
}

#[test]
fn another_process_notices_that_the_key_turned() {
    let place = Place::new();
    let (one, two) = (place.open(), place.open());
    append(&two, 5);
    run(one.rotate_key(me())).unwrap();
    append(&two, 5);
    two.close().unwrap();
    one.close().unwrap();
    assert!(place.verify().is_ok());
}

/// The program was killed between the record of the turn and the renaming of the key's file.
#[test]
fn an_interrupted_turn_is_finished() {
    let place = Place::new();
    place.grow(5);
    let old = fs::read(place.key_file()).unwrap();
    let ledger = place.open();
    run(ledger.rotate_key(me())).unwrap();
    ledger.close().unwrap();
    drop(ledger);
    let mut next = place.key_file().into_os_string();
    next.push(".next");
    fs::rename(place.key_file(), next).unwrap();
    fs::write(place.key_file(), old).unwrap();
    fs::set_permissions(place.key_file(), fs::Permissions::from_mode(0o600)).unwrap();
    place.grow(5);
    assert!(place.verify().is_ok());
}

/// What happened, and whether a ledger goes on after it was accepted.
fn accepts_after(break_it: impl FnOnce(&Place)) {
    let place = Place::new();
    place.grow(600);
    break_it(&place);
    let ledger = place.open();
    let _ = ledger.verify(&mut |_, _| {});
    assert!(!matches!(ledger.health(), Health::Anchored { .. }));
    run(ledger.accept(me(), "I did that".into())).unwrap();
    assert!(matches!(ledger.health(), Health::Anchored { .. }));
    append(&ledger, 10);
    ledger.close().unwrap();
    drop(ledger);
    let report = place.verify().unwrap();
    assert!(report.epoch >= 1);
    let filter = Filter { action: Some("ledger.epoch".into()), ..Filter::default() };
    let epochs = place.open().query(filter).wait().unwrap();
    let detail = epochs[0].detail.clone().unwrap();
    assert_eq!(detail["reason"], "I did that");
    assert!(detail["found"].as_str().unwrap().len() > 10, "{detail}");
    assert!(detail["database"]["root"].is_string());
}

#[test]
fn accepted_after_every_kind_of_damage() {
    accepts_after(|place| fs::remove_file(place.checkpoint()).unwrap());
    accepts_after(|place| fs::write(place.checkpoint(), "nonsense").unwrap());
    for sql in [
        "UPDATE ledger_record SET action = 'a.c' WHERE seq = 5",
        "DELETE FROM ledger_record WHERE seq = 5",
        "DELETE FROM ledger_record WHERE seq > 500",
        "UPDATE ledger_detail SET detail = '1' WHERE seq = 5",
        "DELETE FROM ledger_detail WHERE seq = 5",
        "DELETE FROM ledger_tree",
        "UPDATE ledger_state SET peaks = x'00'",
        "INSERT INTO ledger_open_intent VALUES (300)",
    ] {
        accepts_after(|place| place.forge(sql));
    }
    accepts_after(|place| fs::remove_dir_all(place.root.join("data")).unwrap());
    accepts_after(|place| fs::remove_file(place.key_file()).unwrap());
}

#[test]
fn a_restored_backup_is_accepted_with_both_heads() {
    let place = Place::new();
    place.grow(50);
    let old = place.root.join("old.db");
    place.forge(&format!("VACUUM INTO '{}'", old.display()));
    place.grow(50);
    replace_database(&place, &old);
    let ledger = place.open();
    run(ledger.accept(me(), "restored".into())).unwrap();
    drop(ledger);
    place.grow(100);
    let report = place.verify().unwrap();
    assert_eq!((report.epoch, report.records), (1, 152));
}

#[test]
fn intents_of_the_living_stay_open_until_their_outcome() {
    let place = Place::new();
    let ledger = place.open();
    let intent = ledger.append(record("exec.run", Phase::Intent, json!({}))).wait().unwrap();
    let done = ledger.append(record("exec.run", Phase::Intent, json!({}))).wait().unwrap();
    let outcome = keep_ledger::Record {
        refers_to: Some(done.into()),
        ..record("exec.run", Phase::Outcome, json!({ "code": 0 }))
    };
    ledger.append(outcome).wait().unwrap();
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().open_intents, 1);
    ledger.close().unwrap();
    drop(ledger);
    assert_eq!(place.verify().unwrap().open_intents, 1, "this process still lives");
    let filter = Filter { phase: Some(Phase::Abandoned), ..Filter::default() };
    assert!(place.open().query(filter).wait().unwrap().is_empty());
    let mine = keep_ledger::Record {
        refers_to: Some(intent.into()),
        ..record("exec.run", Phase::OutcomeFailed, json!({}))
    };
    place.open().append(mine).wait().unwrap();
    assert_eq!(place.verify().unwrap().open_intents, 0);
}

#[test]
fn the_ledgers_own_actions_are_refused() {
    let ledger = Place::new().open();
    for action in ["ledger.epoch", "ledger.rotate_key", "ledger.erase", "ledger.genesis"] {
        let refused = ledger.append(record(action, Phase::Done, json!({ "erased": [[0, 9]] }))).wait();
        assert!(matches!(refused, Err(LedgerError::Reserved(_))), "{refused:?}");
    }
}

#[test]
fn queries_narrow() {
    let place = Place::new();
    let ledger = place.open();
    append(&ledger, 10);
    ledger.append(record("exec.run", Phase::Denied, json!({}))).wait().unwrap();
    let count = |filter: Filter| ledger.query(filter).wait().unwrap().len();
    assert_eq!(count(Filter::default()), 12);
    assert_eq!(count(Filter { action: Some("memory".into()), ..Filter::default() }), 10);
    assert_eq!(count(Filter { action: Some("mem".into()), ..Filter::default() }), 0);
    assert_eq!(count(Filter { after: Some(3), before_seq: Some(6), ..Filter::default() }), 2);
    assert_eq!(count(Filter { phase: Some(Phase::Denied), ..Filter::default() }), 1);
    assert_eq!(count(Filter { namespace: Some("global".parse().unwrap()), ..Filter::default() }), 1);
    let newest = Filter { newest_first: true, limit: Some(1), ..Filter::default() };
    assert_eq!(ledger.query(newest).wait().unwrap()[0].action.as_str(), "exec.run");
}
