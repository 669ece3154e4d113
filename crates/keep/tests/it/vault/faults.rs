//! Disks that fail and processes that die at every durable step of a change to the vault.

use super::{AGREES, file, open_home, revealed, set, versions};
use crate::faults::{Fault, Who, fresh_copy, strike_all_of};
use crate::home::{Home, Said};

const OLD: &str = "the-value-that-was-there";
const NEW: &str = "the-value-that-comes-now";

fn stored() -> Home {
    let home = open_home();
    set(&home, "X", OLD);
    home
}

/// A copy in which the new value waits in a file.
fn about_to_set(base: &Home) -> Home {
    let home = fresh_copy(base);
    file(&home, "new", NEW);
    home
}

/// The ledger verifies, and nothing is left that wants a person.
fn check_whole(home: &Home, at: &str) {
    let verified = home.keep(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{at}, then {verified:?}");
    let doctor = home.keep(&["doctor"]);
    assert_eq!(doctor.code, 0, "{at}, then {doctor:?}");
}

fn check_set(home: &Home, said: &Said, at: &str) {
    // A program that may not settle looks first; it must see the same as everybody.
    let all = versions(home);
    let value = revealed(home, "X");
    let new = all["X"] == 2;
    assert_eq!(value, if new { NEW } else { OLD }, "{at}");
    assert!(new || said.code != 0, "an acknowledged value is lost: {at}");
    let records = home.json(&["audit", "log", "--action", "secret.set", "--phase", "outcome", "--json"]);
    let settled = home.json(&["audit", "log", "--action", "secret.settle", "--json"]);
    let told = records.as_array().unwrap().len() - 1 + settled.as_array().unwrap().len();
    assert!(!new || told >= 1, "a value is in force and no record says so: {at}");
    set(home, "X", "one-more-value-after-it");
    assert_eq!(versions(home)["X"], all["X"] + 1, "{at}");
    check_whole(home, at);
}

fn strike_set(fault: Fault) {
    let base = stored();
    let words = ["secret", "set", "X", "--file", "new"];
    strike_all_of(Who::Program, || about_to_set(&base), fault, &words, check_set);
}

#[test]
fn a_value_survives_kill_nine() {
    strike_set(Fault::Kill);
}

#[test]
fn a_value_survives_io_errors() {
    strike_set(Fault::Error("EIO"));
}

#[test]
fn a_value_survives_a_full_disk() {
    strike_set(Fault::Error("ENOSPC"));
}

/// The vault with its first secret: an identity, a file and a head come to be at once.
fn check_first_set(home: &Home, said: &Said, at: &str) {
    let all = versions(home);
    assert!(all.contains_key("X") || said.code != 0, "an acknowledged value is lost: {at}");
    if all.contains_key("X") {
        assert_eq!(revealed(home, "X"), NEW, "{at}");
    }
    set(home, "Y", "another-value-after-it");
    assert_eq!(revealed(home, "Y"), "another-value-after-it", "{at}");
    check_whole(home, at);
}

#[test]
fn the_first_value_survives_kill_nine_and_io_errors() {
    let base = open_home();
    let words = ["secret", "set", "X", "--file", "new"];
    for fault in [Fault::Kill, Fault::Error("EIO")] {
        strike_all_of(Who::Program, || about_to_set(&base), fault, &words, check_first_set);
    }
}

/// Whatever became of it: the value is there, the next change works, and so does the next rekey.
fn check_kept(home: &Home, _: &Said, at: &str) {
    assert_eq!(revealed(home, "X"), OLD, "{at}");
    set(home, "Y", "another-value-after-it");
    let rekeyed = home.converse(&["secret", "rekey"], &AGREES);
    assert_eq!(rekeyed.code, 0, "{at}, then {rekeyed:?}");
    assert_eq!(versions(home).len(), 2, "{at}");
    assert!(!home.path().join("config/identity.next").exists(), "{at}: an identity is left over");
    check_whole(home, at);
}

const YES: Who<'static> = Who::Person { answers: &AGREES };

#[test]
fn a_new_identity_survives_kill_nine() {
    let base = stored();
    strike_all_of(YES, || fresh_copy(&base), Fault::Kill, &["secret", "rekey"], check_kept);
}

#[test]
fn a_new_identity_survives_io_errors() {
    let base = stored();
    strike_all_of(YES, || fresh_copy(&base), Fault::Error("EIO"), &["secret", "rekey"], check_kept);
}

#[test]
fn a_new_recipient_survives_kill_nine() {
    let base = stored();
    let (_, public) = keep_vault::Vault::recovery_key().unwrap();
    let words = ["secret", "recipients", "add", public.as_str(), "--label", "ann"];
    strike_all_of(
        YES,
        || fresh_copy(&base),
        Fault::Kill,
        &words,
        |home, said, at| {
            let others = home.json(&["secret", "recipients", "--json"])["others"].as_array().unwrap().len();
            assert!(others == 1 || said.code != 0, "an acknowledged recipient is lost: {at}");
            let again = home.converse(&words, &AGREES);
            assert_eq!(again.code, 0, "{at}, then {again:?}");
            check_kept(home, said, at);
        },
    );
}

/// `init` with somebody else who is to read it: done again, they can.
#[test]
fn a_new_vault_survives_kill_nine() {
    let base = open_home();
    let (_, public) = keep_vault::Vault::recovery_key().unwrap();
    let words = ["init", "--json", "--recipient", public.as_str()];
    strike_all_of(
        YES,
        || fresh_copy(&base),
        Fault::Kill,
        &words,
        |home, _, at| {
            let again = home.converse(&words, &AGREES);
            assert_eq!(again.code, 0, "{at}, then {again:?}");
            let others = home.json(&["secret", "recipients", "--json"])["others"].as_array().unwrap().len();
            assert_eq!(others, 1, "{at}: who was to read the vault cannot");
            set(home, "X", OLD);
            assert_eq!(revealed(home, "X"), OLD, "{at}");
            check_whole(home, at);
        },
    );
}
