use crate::place::{Place, append};
use keep_ledger::Health;
use keep_ledger::note::SignedHead;
use std::fs;

fn size(place: &Place) -> u64 {
    SignedHead::parse(&fs::read_to_string(place.checkpoint()).unwrap()).unwrap().head.size
}

#[test]
fn an_empty_ledger_starts_anchored() {
    let place = Place::new();
    let ledger = place.open();
    assert!(matches!(ledger.health(), Health::Anchored { .. }), "{:?}", ledger.health());
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().records, 1);
}

#[test]
fn closing_writes_what_was_appended() {
    let place = Place::new();
    place.grow(30);
    assert_eq!(size(&place), 31);
    let ledger = place.open();
    assert_eq!(ledger.health(), Health::Anchored { size: 31 });
    append(&ledger, 3);
    drop(ledger);
    assert_eq!(size(&place), 34, "dropping the last handle writes it too");
}

#[test]
fn it_never_goes_backwards() {
    let place = Place::new();
    let (one, two) = (place.open(), place.open());
    append(&one, 10);
    append(&two, 10);
    two.flush_checkpoint().unwrap();
    let before = size(&place);
    assert_eq!(before, 21);
    one.flush_checkpoint().unwrap();
    assert_eq!(size(&place), 21);
    append(&one, 1);
    one.flush_checkpoint().unwrap();
    assert_eq!(size(&place), 22);
    two.flush_checkpoint().unwrap();
    assert_eq!(size(&place), 22);
}

#[test]
fn an_older_checkpoint_is_still_a_lower_bound() {
    let place = Place::new();
    place.grow(300);
    let old = fs::read(place.checkpoint()).unwrap();
    place.grow(700);
    fs::write(place.checkpoint(), old).unwrap();
    assert_eq!(place.open().health(), Health::Anchored { size: 301 });
    place.grow(1);
    assert_eq!(size(&place), 1002);
}

#[test]
fn removed_while_open_is_unanchored_too() {
    let place = Place::new();
    let ledger = place.open();
    append(&ledger, 5);
    ledger.flush_checkpoint().unwrap();
    fs::remove_file(place.checkpoint()).unwrap();
    append(&ledger, 5);
    assert!(ledger.close().is_err());
    assert_eq!(ledger.health(), Health::Unanchored);
    assert!(!place.checkpoint().exists());
}

#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.grow(3);
    for file in [place.checkpoint(), place.key_file(), place.key_file().with_extension("hmac")] {
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    fs::set_permissions(place.key_file(), fs::Permissions::from_mode(0o644)).unwrap();
    let error = keep_ledger::Ledger::open(place.db(), place.config()).err().unwrap();
    assert!(error.to_string().contains("can be read by others"), "{error}");
}

/// The state folder fails at each step of writing the checkpoint: the records are safe, the old
/// checkpoint stays, and the next one is written.
#[test]
fn a_failing_state_folder_loses_no_record() {
    for (blocked, what) in [("checkpoint.lock", "the lock"), ("checkpoint.new", "the temporary file")] {
        let place = Place::new();
        place.grow(5);
        let name = match blocked {
            "checkpoint.new" => format!("checkpoint.new-{}", std::process::id()),
            other => other.to_owned(),
        };
        let path = place.root.join("state").join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir(&path).unwrap();
        let ledger = place.open();
        append(&ledger, 5);
        assert!(ledger.close().is_err(), "{what}");
        assert_eq!(size(&place), 6, "{what}");
        assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().records, 11);
        fs::remove_dir(&path).unwrap();
        ledger.close().unwrap();
        assert_eq!(size(&place), 11, "{what}");
    }
}

/// A kill between the steps leaves a temporary file, an old checkpoint, or none of the two.
#[test]
fn leftovers_of_a_kill_do_no_harm() {
    let place = Place::new();
    place.grow(5);
    let old = fs::read(place.checkpoint()).unwrap();
    place.grow(5);
    fs::write(place.root.join("state/checkpoint.new-1"), "half a no").unwrap();
    fs::write(place.checkpoint(), old).unwrap();
    assert_eq!(place.open().health(), Health::Anchored { size: 6 });
    place.grow(1);
    assert_eq!(size(&place), 12);
    assert!(place.verify().is_ok());
}

/// Killed after the checkpoint of the empty ledger, before its first record.
#[test]
fn a_start_that_was_interrupted_goes_on() {
    let place = Place::new();
    drop(place.open());
    fs::remove_dir_all(place.root.join("data")).unwrap();
    let note = fs::read_to_string(place.checkpoint()).unwrap();
    assert_eq!(SignedHead::parse(&note).unwrap().head.size, 0);
    let ledger = place.open();
    assert_eq!(ledger.health(), Health::Anchored { size: 0 });
    append(&ledger, 3);
    ledger.close().unwrap();
    assert_eq!(place.verify().unwrap().checkpoint, 4);
}

/// Nobody flushes, and the checkpoint follows all the same.
#[test]
fn it_follows_by_itself() {
    let place = Place::new();
    let ledger = place.open();
    for round in 1..=3 {
        append(&ledger, 10);
        while size(&place) < 1 + round * 10 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}
