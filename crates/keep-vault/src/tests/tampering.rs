//! Whatever is done to the file, it is told by its right name, and no byte of it is believed.

use super::{Scratch, agent, block, contents, key, person};
use crate::contents::Contents;
use crate::error::VaultError;
use crate::keys::{Identity, Keys};
use crate::seal;
use proptest::prelude::*;
use std::sync::Arc;

const ALICE: &[u8] = b"alices-password-1";
const BOB: &[u8] = b"bobs-password-two";

fn sealed_by(identity: &Arc<Identity>, contents: &Contents) -> Vec<u8> {
    seal::seal(contents, &Keys::Own(Arc::clone(identity))).unwrap()
}

fn small() -> (Arc<Identity>, Vec<u8>) {
    let identity = Arc::new(Identity::generate());
    let bytes = sealed_by(&identity, &contents("v", 1, &[("ALICE", ALICE), ("BOB", BOB)]));
    (identity, bytes)
}

/// What opening says; a file that opens is a failed test.
fn refusal(bytes: &[u8], identity: &Identity) -> VaultError {
    let signer = identity.signer.verifying_key();
    match seal::open(bytes, &identity.opener, &signer) {
        Ok(opened) => panic!("a changed file opened as version {}", opened.contents.version),
        Err(error) => error,
    }
}

fn is_named(error: &VaultError) -> bool {
    matches!(error, VaultError::Damaged(_) | VaultError::NotForUs)
}

#[test]
fn every_single_bit_counts() {
    let (identity, bytes) = small();
    assert!(seal::open(&bytes, &identity.opener, &identity.signer.verifying_key()).is_ok());
    for at in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[at / 8] ^= 1 << (at % 8);
        let error = refusal(&changed, &identity);
        assert!(is_named(&error), "bit {at}: {error}");
    }
}

#[test]
fn every_truncation_and_addition_counts() {
    let (identity, bytes) = small();
    for length in 0..bytes.len() {
        let error = refusal(&bytes[..length], &identity);
        assert!(is_named(&error), "{length} bytes: {error}");
    }
    for byte in 0..=255u8 {
        let mut longer = bytes.clone();
        longer.push(byte);
        assert!(is_named(&refusal(&longer, &identity)));
        let mut shifted = vec![byte];
        shifted.extend_from_slice(&bytes);
        assert!(is_named(&refusal(&shifted, &identity)));
    }
}

/// age's payload: a nonce of 16 bytes, then chunks of 64 KiB with a tag of 16 bytes each.
const CHUNK: usize = (64 << 10) + 16;

fn payload_start(bytes: &[u8]) -> usize {
    let mac = bytes.windows(5).position(|window| window == b"\n--- ").unwrap();
    mac + 5 + bytes[mac + 5..].iter().position(|byte| *byte == b'\n').unwrap() + 1 + 16
}

#[test]
fn chunks_do_not_change_places() {
    let identity = Arc::new(Identity::generate());
    let big = [b'x'; 60 << 10];
    let names = ["A", "B", "C", "D"];
    let secrets: Vec<_> = names.iter().map(|name| (*name, &big[..])).collect();
    let bytes = sealed_by(&identity, &contents("v", 1, &secrets));
    let start = payload_start(&bytes);
    let whole = (bytes.len() - start) / CHUNK;
    assert!(whole >= 3, "{whole} chunks");
    for one in 0..whole {
        for other in one + 1..whole {
            let mut changed = bytes.clone();
            let (a, b) = (start + one * CHUNK, start + other * CHUNK);
            changed[a..a + CHUNK].copy_from_slice(&bytes[b..b + CHUNK]);
            changed[b..b + CHUNK].copy_from_slice(&bytes[a..a + CHUNK]);
            assert!(matches!(refusal(&changed, &identity), VaultError::Damaged(_)), "{one} and {other}");
        }
        // Nor is one left out or said twice.
        let at = start + one * CHUNK;
        let without = [&bytes[..at], &bytes[at + CHUNK..]].concat();
        assert!(matches!(refusal(&without, &identity), VaultError::Damaged(_)), "without {one}");
        let twice = [&bytes[..at + CHUNK], &bytes[at..]].concat();
        assert!(matches!(refusal(&twice, &identity), VaultError::Damaged(_)), "{one} twice");
    }
}

#[test]
fn one_versions_header_fits_no_other_versions_payload() {
    let identity = Arc::new(Identity::generate());
    let one = sealed_by(&identity, &contents("v", 1, &[("ALICE", ALICE)]));
    let two = sealed_by(&identity, &contents("v", 2, &[("ALICE", BOB)]));
    let mixed = [&one[..payload_start(&one) - 16], &two[payload_start(&two) - 16..]].concat();
    assert!(matches!(refusal(&mixed, &identity), VaultError::Damaged(_)));
}

/// A vault with two secrets, and what lies in its file.
fn written() -> Scratch {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    scratch.set("BOB", "bobs-password-two");
    scratch
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The same through the whole of the program: the reader, the database and the gate.
    #[test]
    fn a_changed_file_lists_nothing(at in any::<prop::sample::Index>(), bit in 0..8u8, cut in any::<bool>()) {
        thread_local!(static WRITTEN: Scratch = written());
        WRITTEN.with(|scratch| {
            let bytes = scratch.bytes();
            let at = at.index(bytes.len());
            let mut changed = bytes.clone();
            if cut {
                changed.truncate(at);
            } else {
                changed[at] ^= 1 << bit;
            }
            scratch.put_back(&changed);
            let error = scratch.list().expect_err("a changed file was believed");
            prop_assert!(is_named(&error), "{error}");
            scratch.put_back(&bytes);
            prop_assert_eq!(scratch.list().unwrap().len(), 2);
            Ok(())
        })?;
    }
}

/// The file's plaintext, as any recipient reads it.
fn plain(scratch: &Scratch, identity: &Identity) -> String {
    let plain = seal::decrypt(&scratch.bytes(), &identity.opener).unwrap();
    String::from_utf8(plain.to_vec()).unwrap()
}

#[test]
fn a_recipient_who_reads_cannot_swap_values() {
    let scratch = written();
    let reader = Identity::generate();
    let public = reader.recipient().to_string();
    block(scratch.vault.share(&person(), &public, "ann".into())).unwrap();
    let text = plain(&scratch, &reader);
    let (alice, bob) = (base64(ALICE), base64(BOB));
    assert!(text.contains(&alice) && text.contains(&bob));
    let swapped = text.replace(&alice, "\u{1}").replace(&bob, &alice).replace('\u{1}', &bob);
    let ours = scratch.identity().recipient();
    scratch.put_back(&seal::encrypt(swapped.as_bytes(), std::slice::from_ref(&ours)).unwrap());
    assert!(matches!(scratch.list(), Err(VaultError::Forged)));
    // Nor does the same text pass under the digest of another file.
    scratch.put_back(&seal::encrypt(text.as_bytes(), std::slice::from_ref(&ours)).unwrap());
    assert!(matches!(scratch.list(), Err(VaultError::Replaced { version: 3 })));
    assert!(block(scratch.vault.accept(&agent("project:a"), "mine".into())).is_err());
    // A reader's own signature is a good one, and not the vault's.
    let mut contents = contents("v", 9, &[("ALICE", BOB)]);
    contents.vault = scratch_vault(&text);
    let body = signed_by(&reader, &contents);
    scratch.put_back(&seal::encrypt(body.as_bytes(), &[ours]).unwrap());
    assert!(matches!(scratch.list(), Err(VaultError::Forged)));
    let accepted = block(scratch.vault.accept(&person(), "not even a person may".into()));
    assert!(matches!(accepted, Err(VaultError::Forged)), "{accepted:?}");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

fn scratch_vault(text: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(text.lines().nth(2).unwrap()).unwrap();
    body["vault"].as_str().unwrap().to_owned()
}

/// The plaintext of a whole vault file that somebody else signed.
fn signed_by(identity: &Identity, contents: &Contents) -> String {
    let copy = Identity::parse(std::str::from_utf8(identity.text().reveal()).unwrap()).unwrap();
    let bytes = sealed_by(&Arc::new(copy), contents);
    let plain = seal::decrypt(&bytes, &identity.opener).unwrap();
    String::from_utf8(plain.to_vec()).unwrap()
}

#[test]
fn whoever_knows_only_the_public_key_makes_no_vault() {
    let scratch = written();
    let stranger = Identity::generate();
    let ours = scratch.identity().recipient();
    let forged = signed_by(&stranger, &contents("v", 3, &[("ALICE", BOB)]));
    for text in [forged.as_str(), "keep-vault/1\n\n{}", "keep-vault/2\n", "", "\n\n", "keep-vault/1"] {
        scratch.put_back(&seal::encrypt(text.as_bytes(), std::slice::from_ref(&ours)).unwrap());
        let error = scratch.list().unwrap_err();
        assert!(matches!(error, VaultError::Forged), "{text:?}: {error}");
    }
    // A whole file of theirs for themselves is not for us.
    scratch.put_back(&sealed_by(&Arc::new(stranger), &contents("v", 3, &[("ALICE", BOB)])));
    assert!(matches!(scratch.list(), Err(VaultError::NotForUs)));
}

/// A fault, whether a person may go on with it, and what the list then has.
struct Fault {
    what: &'static str,
    break_it: fn(&Scratch),
    is: fn(&VaultError) -> bool,
    accepted: Option<usize>,
}

fn resealed(scratch: &Scratch, change: impl FnOnce(&mut Contents)) {
    let mut contents = scratch.contents();
    change(&mut contents);
    scratch.put_back(&sealed_by(&Arc::new(scratch.identity()), &contents));
}

const FAULTS: [Fault; 6] = [
    Fault {
        what: "another vault of the same identity",
        break_it: |scratch| resealed(scratch, |contents| contents.vault = "another".into()),
        is: |error| matches!(error, VaultError::OtherVault),
        accepted: Some(2),
    },
    Fault {
        what: "an old copy",
        break_it: |scratch| {
            let old = scratch.bytes();
            scratch.set("CAROL", "carols-password-3");
            scratch.put_back(&old);
        },
        is: |error| matches!(error, VaultError::RolledBack { found: 2, known: 3 }),
        accepted: Some(2),
    },
    Fault {
        what: "the same version with other bytes",
        break_it: |scratch| resealed(scratch, |_| ()),
        is: |error| matches!(error, VaultError::Replaced { version: 2 }),
        accepted: Some(2),
    },
    Fault {
        what: "no file",
        break_it: |scratch| std::fs::remove_file(scratch.file()).unwrap(),
        is: |error| matches!(error, VaultError::Missing { version: 2, .. }),
        accepted: Some(0),
    },
    Fault {
        what: "a newer version",
        break_it: |scratch| resealed(scratch, |contents| contents.version = 7),
        is: |error| matches!(error, VaultError::Ahead { found: 7, known: 2 }),
        accepted: Some(2),
    },
    Fault {
        what: "nothing in the file",
        break_it: |scratch| scratch.put_back(b""),
        is: |error| matches!(error, VaultError::Damaged(_)),
        accepted: None,
    },
];

#[test]
fn every_fault_has_its_name_and_only_a_person_goes_on() {
    for fault in FAULTS {
        let scratch = written();
        (fault.break_it)(&scratch);
        let error = scratch.list().expect_err(fault.what);
        assert!((fault.is)(&error), "{}: {error}", fault.what);
        // Nothing is written over a file that is not the one on record.
        let changed = scratch.try_set(&person(), key("DAVE"), b"daves-password-4").unwrap_err();
        assert!((fault.is)(&changed), "{}, then a change: {changed}", fault.what);
        let by_agent = block(scratch.vault.accept(&agent("project:a"), "let me".into()));
        assert!(by_agent.is_err(), "{}: an agent went on with it", fault.what);
        assert!(scratch.list().is_err(), "{}: an agent's try changed something", fault.what);
        let (asked, accepted) = (
            scratch.asked.times(),
            block(scratch.vault.accept(&person(), format!("the test made {}", fault.what))),
        );
        let Some(secrets) = fault.accepted else {
            assert!((fault.is)(&accepted.unwrap_err()), "{}", fault.what);
            continue;
        };
        let version = accepted.unwrap_or_else(|error| panic!("{}: {error}", fault.what)).unwrap_or(0);
        assert_eq!(scratch.asked.times(), asked + 1, "{}: no person was asked", fault.what);
        assert_eq!(scratch.list().unwrap().len(), secrets, "{}", fault.what);
        scratch.set("DAVE", "daves-password-4");
        assert_eq!(scratch.contents().version, version + 1, "{}: versions do not go on", fault.what);
        assert_eq!(scratch.value("DAVE"), b"daves-password-4");
        let again = block(scratch.vault.accept(&person(), "again".into()));
        assert!(matches!(again, Err(VaultError::NothingToAccept)), "{}", fault.what);
    }
}

#[test]
fn a_vault_that_no_database_knows_is_ahead_of_it() {
    let (old, new) = (written(), Scratch::new());
    std::fs::copy(old.file(), new.file()).unwrap();
    assert!(matches!(new.list(), Err(VaultError::IdentityMissing(_))));
    std::fs::copy(&old.reader.config().identity, &new.reader.config().identity).unwrap();
    assert!(matches!(new.list(), Err(VaultError::Ahead { found: 2, known: 0 })));
    block(new.vault.accept(&person(), "moved to a new machine".into())).unwrap();
    assert_eq!(new.value("BOB"), BOB);
}

#[test]
fn without_its_identity_the_vault_says_so() {
    let scratch = written();
    let identity = scratch.reader.config().identity.clone();
    let aside = scratch.aside("identity");
    std::fs::rename(&identity, &aside).unwrap();
    assert!(matches!(scratch.list(), Err(VaultError::IdentityMissing(_))));
    let set = scratch.try_set(&person(), key("DAVE"), b"daves-password-4");
    assert!(matches!(set, Err(VaultError::IdentityMissing(_))), "{set:?}");
    assert!(!identity.exists(), "a new identity took the lost one's place");
    // Another identity in its place opens nothing and is no reason to start anew.
    std::fs::write(&identity, Identity::generate().text().reveal()).unwrap();
    assert!(matches!(scratch.list(), Err(VaultError::NotForUs)));
    std::fs::rename(&aside, &identity).unwrap();
    assert_eq!(scratch.value("ALICE"), ALICE);
}
