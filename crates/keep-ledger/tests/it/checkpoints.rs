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
