//! Any change at all to what the ledger stores is found.

use crate::place::{Place, append, record};
use keep_ledger::{Forgery, LedgerError, Phase};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const RECORDS: u64 = 300;

/// A change to one cell or row, as SQL; `None` when it would change nothing.
fn mutation() -> impl Strategy<Value = (u64, String)> {
    let cells = select(vec!["log", "utc_ms", "monotonic_ns", "pid", "started_ticks", "refers_to"])
        .prop_flat_map(|column| {
            (0..RECORDS, 1..1000i64).prop_map(move |(seq, by)| {
                let sql = format!(
                    "UPDATE ledger_record SET {column} = coalesce({column}, 0) + {by} WHERE seq = {seq}"
                );
                (seq, sql)
            })
        });
    let texts = select(vec!["principal", "namespace", "action", "phase"]).prop_flat_map(|column| {
        (0..RECORDS, "[a-z]{1,4}").prop_map(move |(seq, more)| {
            let sql = format!("UPDATE ledger_record SET {column} = {column} || '{more}' WHERE seq = {seq}");
            (seq, sql)
        })
    });
    let blobs = (select(vec!["boot", "digest", "leaf", "exact"]), 0..RECORDS, any::<[u8; 4]>()).prop_map(
        |(column, seq, bytes)| {
            let blob: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            (seq, format!("UPDATE ledger_record SET {column} = x'{blob}' WHERE seq = {seq}"))
        },
    );
    let details = (0..RECORDS, "[a-z]{1,8}").prop_map(|(seq, text)| {
        (seq, format!("UPDATE ledger_detail SET detail = detail || '{text}' WHERE seq = {seq}"))
    });
    let rows = (0..RECORDS, 1..20u64, select(vec!["ledger_record", "ledger_detail"])).prop_map(
        |(seq, width, table)| {
            (seq, format!("DELETE FROM {table} WHERE seq >= {seq} AND seq < {}", seq + width))
        },
    );
    let moves = (0..RECORDS, RECORDS + 1..RECORDS + 9)
        .prop_map(|(seq, to)| (seq, format!("UPDATE ledger_record SET seq = {to} WHERE seq = {seq}")));
    prop_oneof![cells, texts, blobs, details, rows, moves]
}

/// The record that a forgery names, if it names one.
fn named(forgery: &Forgery) -> Option<u64> {
    match forgery {
        Forgery::Edited { seq }
        | Forgery::Deleted { seq }
        | Forgery::Inserted { seq }
        | Forgery::Reordered { seq }
        | Forgery::Duplicated { seq, .. }
        | Forgery::Spliced { seq }
        | Forgery::DetailEdited { seq }
        | Forgery::DetailLost { seq } => Some(*seq),
        Forgery::Truncated { kept, .. } => Some(*kept),
        _ => None,
    }
}

/// A mixed ledger, made once; each case works on a copy of its files.
fn original() -> &'static (Place, std::path::PathBuf) {
    static ORIGINAL: std::sync::OnceLock<(Place, std::path::PathBuf)> = std::sync::OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let place = Place::new();
        let ledger = place.open();
        append(&ledger, RECORDS / 2);
        let intent = ledger.append(record("exec.run", Phase::Intent, json!({}))).wait().unwrap();
        let outcome = keep_ledger::Record {
            refers_to: Some(intent.into()),
            exact: Some(b"argv".to_vec()),
            ..record("exec.run", Phase::Outcome, json!({}))
        };
        ledger.append(outcome).wait().unwrap();
        append(&ledger, RECORDS - 3 - RECORDS / 2);
        ledger.close().unwrap();
        drop(ledger);
        let copy = place.root.join("copy.db");
        place.forge(&format!("VACUUM INTO '{}'", copy.display()));
        (place, copy)
    })
}

fn copied() -> Place {
    let (place, copy) = original();
    let mine = Place::new();
    for folder in ["data", "config", "state"] {
        std::fs::create_dir_all(mine.root.join(folder)).unwrap();
    }
    std::fs::copy(copy, mine.database()).unwrap();
    std::fs::copy(place.checkpoint(), mine.checkpoint()).unwrap();
    std::fs::copy(place.key_file(), mine.key_file()).unwrap();
    mine
}

#[test]
fn the_original_is_whole() {
    assert_eq!(copied().verify().unwrap().records, RECORDS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_mutation_is_found_and_nothing_before_it_is_blamed((seq, sql) in mutation()) {
        let place = copied();
        place.forge(&sql);
        match place.verify() {
            Err(LedgerError::Tampered(forgery)) => {
                if let Some(blamed) = named(&forgery) {
                    prop_assert!(blamed >= seq, "{sql}: {forgery}");
                }
            }
            other => prop_assert!(false, "{sql}: {other:?}"),
        }
    }
}
