use crate::place::{Place, insert, rows};
use keep_db::{DbError, Verify, restore};
use std::fs;

fn with_backup() -> (Place, std::path::PathBuf) {
    let place = Place::new();
    let db = place.db();
    insert(&db, "a", 1).wait().unwrap();
    let to = place.root.join("one.db");
    db.backup(&to, Verify::Yes, &mut |_, _| {}).unwrap();
    insert(&db, "a", 2).wait().unwrap();
    (place, to)
}

#[test]
fn a_restore_brings_the_backup_and_keeps_the_old_database() {
    let (place, backup) = with_backup();
    let report = restore(&backup, &place.config()).unwrap();
    assert_eq!(rows(&place.db()), [1]);
    restore(&report.replaced.unwrap(), &place.config()).unwrap();
    assert_eq!(rows(&place.db()), [1, 2]);
}

#[test]
fn the_backup_being_restored_survives_the_pruning() {
    let (place, backup) = with_backup();
    let oldest = restore(&backup, &place.config()).unwrap().replaced.unwrap();
    for _ in 0..place.config().keep_backups - 1 {
        restore(&backup, &place.config()).unwrap();
    }
    restore(&oldest, &place.config()).unwrap();
    assert_eq!(rows(&place.db()), [1, 2]);
}

#[test]
fn a_restore_is_refused_while_the_database_is_open() {
    let (place, backup) = with_backup();
    let db = place.db();
    let refused = restore(&backup, &place.config()).unwrap_err();
    assert!(matches!(refused, DbError::InUse(_)), "{refused:?}");
    db.close();
    restore(&backup, &place.config()).unwrap();
}

#[test]
fn a_damaged_backup_is_refused_and_a_damaged_database_replaced() {
    let (place, backup) = with_backup();
    let bad = place.root.join("bad.db");
    for bytes in [&b""[..], b"this is no database at all"] {
        fs::write(&bad, bytes).unwrap();
        let refused = restore(&bad, &place.config()).unwrap_err();
        assert!(matches!(refused, DbError::Unsound { .. }), "{refused:?}");
        assert_eq!(rows(&place.db()), [1, 2]);
    }
    let garbled = vec![0x5a; 40_000];
    // With its log still beside it the database would heal.
    fs::remove_file(place.root.join("data/keep.db-wal")).unwrap();
    fs::write(place.config().path, &garbled).unwrap();
    let kept = restore(&backup, &place.config()).unwrap().replaced.unwrap();
    assert!(fs::read(kept).unwrap() == garbled, "the damaged bytes are kept as they were");
    assert_eq!(rows(&place.db()), [1]);
}

#[test]
fn a_backup_overwrites_nothing() {
    let (place, backup) = with_backup();
    let before = fs::read(&backup).unwrap();
    assert!(place.db().backup(&backup, Verify::No, &mut |_, _| {}).is_err());
    assert!(fs::read(&backup).unwrap() == before);
}
