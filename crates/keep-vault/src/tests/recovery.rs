//! Processes that die between two steps of a change, and readers that meet a change half-way. The
//! steps are made with the vault's own pieces, up to the one at which the process is gone.

use super::{Scratch, block, everywhere, key, person};
use crate::acts::{MakeVault, Passphrase, Rekey};
use crate::effects;
use crate::error::VaultError;
use crate::keyring::NewVault;
use crate::keys::{Identity, Keys, identity_bytes};
use crate::store;
use crate::unlock::HolderProgram;
use crate::vault::Sealed;
use age::secrecy::SecretString;
use std::sync::Arc;

/// How far a process gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dies {
    Announced,
    IdentityLies,
    VaultLies,
    TookOver,
}

const DEATHS: [Dies; 4] = [Dies::Announced, Dies::IdentityLies, Dies::VaultLies, Dies::TookOver];

/// A rekey by a process that dies there; the identity it drew.
fn cut_short_rekey(scratch: &Scratch, passphrase: Option<&str>, dies: Dies) -> Identity {
    block(async {
        let secret = passphrase.map(|text| SecretString::from(text.to_owned()));
        let act = Rekey {
            passphrase: secret.clone().map_or(Passphrase::None, Passphrase::New),
            recover_with: None,
        };
        let permit = scratch.gate.admit(&person(), act).await.unwrap();
        let held = scratch.vault.hold().await.unwrap();
        let (head, unsettled) = (held.head(), held.unsettled());
        let identity = Identity::generate();
        let (file, copy) = (identity_bytes(&identity, secret.as_ref()).unwrap(), copy_of(&identity));
        let mut contents = held.contents;
        contents.version += 1;
        let sealed = Sealed::of(&contents, &Keys::Own(Arc::new(identity))).unwrap();
        let started = store::announce(permit, head, unsettled, sealed.mark.clone()).await.unwrap();
        let config = scratch.reader.config();
        let next = config.identity.with_file_name("identity.next");
        if dies >= Dies::IdentityLies {
            effects::write_identity(&started, &held.lock, &next, &file).unwrap();
        }
        if dies >= Dies::VaultLies {
            effects::replace(&started, &held.lock, &config.file, &sealed.bytes).unwrap();
        }
        if dies >= Dies::TookOver {
            effects::take_over_identity(&held.lock, &next, &config.identity).unwrap();
        }
        copy
    })
}

fn copy_of(identity: &Identity) -> Identity {
    Identity::parse(std::str::from_utf8(identity.text().reveal()).unwrap()).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

#[test]
fn a_rekey_that_is_cut_short_leaves_a_vault_that_opens_and_goes_on() {
    for first in DEATHS {
        for second in DEATHS {
            let at = format!("{first:?}, then {second:?}");
            let scratch = Scratch::new();
            scratch.set("ALICE", "alices-password-1");
            for dies in [first, second] {
                cut_short_rekey(&scratch, None, dies);
                let list = scratch.list().unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(list.len(), 1, "{at}");
            }
            assert_eq!(scratch.value("ALICE"), b"alices-password-1", "{at}");
            scratch.set("BOB", "bobs-password-two");
            block(scratch.vault.rekey(&person(), Passphrase::None, None)).unwrap();
            assert_eq!(scratch.value("BOB"), b"bobs-password-two", "{at}");
            let next = scratch.reader.config().identity.with_file_name("identity.next");
            assert!(!next.exists(), "{at}: an identity was left over");
        }
    }
}

/// Opens an identity file with a passphrase, without a process that holds it.
fn opens_with(scratch: &Scratch, passphrase: &str) -> Result<Identity, VaultError> {
    scratch.vault.open_identity(&secret(passphrase)).map(|(identity, _)| identity)
}

#[test]
fn a_rekey_cut_short_before_the_vault_was_written_leaves_the_old_passphrase_good() {
    for dies in [Dies::Announced, Dies::IdentityLies] {
        let scratch = Scratch::new();
        scratch.set("ALICE", "alices-password-1");
        // The old identity, put under a passphrase of its own.
        let old = scratch.identity();
        cut_short_rekey(&scratch, Some("the new passphrase"), dies);
        let file = identity_bytes(&old, Some(&secret("the old passphrase"))).unwrap();
        std::fs::write(&scratch.reader.config().identity, file.reveal()).unwrap();
        let opened = opens_with(&scratch, "the old passphrase");
        let opened = opened.unwrap_or_else(|error| panic!("{dies:?}: the right passphrase: {error}"));
        assert_eq!(opened.signer.verifying_key(), old.signer.verifying_key(), "{dies:?}");
        let other = opens_with(&scratch, "the new passphrase");
        assert!(other.is_err(), "{dies:?}: a key that opens nothing would be held");
    }
}

#[test]
fn a_rekey_cut_short_after_the_vault_was_written_opens_with_the_new_passphrase() {
    for dies in [Dies::VaultLies, Dies::TookOver] {
        let scratch = Scratch::new();
        scratch.set("ALICE", "alices-password-1");
        let new = cut_short_rekey(&scratch, Some("the new passphrase"), dies);
        assert!(matches!(scratch.list(), Err(VaultError::Locked)), "{dies:?}");
        assert!(scratch.vault.has_passphrase().unwrap(), "{dies:?}");
        let opened = opens_with(&scratch, "the new passphrase").unwrap();
        assert_eq!(opened.signer.verifying_key(), new.signer.verifying_key(), "{dies:?}");
        assert!(matches!(opens_with(&scratch, "some other passphrase"), Err(VaultError::WrongPassphrase)));
    }
}

#[test]
fn a_set_that_is_cut_short_is_the_old_value_or_the_new_one_and_gets_settled() {
    for written in [false, true] {
        let scratch = Scratch::new();
        scratch.set("ALICE", "alices-password-1");
        let before = scratch.bytes();
        // The database as it was between the two, the file as it is on either side.
        let head = scratch.reader.head().unwrap().unwrap();
        let mut contents = scratch.contents();
        contents.version += 1;
        contents.secrets[0].note = "changed".into();
        let sealed = Sealed::of(&contents, &Keys::Own(Arc::new(scratch.identity()))).unwrap();
        let act = Rekey { passphrase: Passphrase::None, recover_with: None };
        let permit = block(scratch.gate.admit(&person(), act)).unwrap();
        let started = block(store::announce(permit, Some(head), None, sealed.mark.clone())).unwrap();
        drop(started);
        if written {
            scratch.put_back(&sealed.bytes);
        }
        let list = scratch.list().unwrap();
        assert_eq!(list[0].note == "changed", written);
        let head = scratch.reader.head().unwrap().unwrap();
        assert_eq!(head.last.version, if written { 2 } else { 1 }, "what counts is not on record");
        if written {
            assert_eq!(head.next, None);
            // From then on the version before it no longer passes.
            scratch.put_back(&before);
            assert!(matches!(scratch.list(), Err(VaultError::RolledBack { found: 1, known: 2 })));
            scratch.put_back(&sealed.bytes);
        }
        scratch.set("BOB", "bobs-password-two");
        assert_eq!(scratch.contents().version, if written { 3 } else { 2 });
        scratch.ledger.verify(&mut |_, _| ()).unwrap();
    }
}

#[test]
fn making_a_vault_that_is_cut_short_can_be_done_again() {
    for dies in [Dies::Announced, Dies::IdentityLies] {
        let scratch = Scratch::new();
        let public = Identity::generate().recipient().to_string();
        block(async {
            let identity = Arc::new(Identity::generate());
            let file = identity_bytes(&identity, None).unwrap();
            let act = MakeVault {
                identity: Arc::clone(&identity),
                passphrase: None,
                recipients: Vec::new(),
                proof: None,
            };
            let permit = scratch.gate.admit(&person(), act).await.unwrap();
            let held = scratch.vault.hold().await.unwrap();
            let mut contents = held.contents;
            contents.version = 1;
            let sealed = Sealed::of(&contents, &Keys::Own(identity)).unwrap();
            let started = store::announce(permit, None, None, sealed.mark).await.unwrap();
            if dies >= Dies::IdentityLies {
                let config = scratch.reader.config();
                effects::write_identity(&started, &held.lock, &config.identity, &file).unwrap();
            }
        });
        let new = NewVault { passphrase: None, recipients: vec![(public.clone(), "ann".into())] };
        let made = block(scratch.vault.make(&person(), new));
        made.unwrap_or_else(|error| panic!("{dies:?}: {error}"));
        let (_, others) = block(scratch.vault.recipients(&person())).unwrap();
        assert_eq!(others.len(), 1, "{dies:?}: who was to read the vault cannot");
        scratch.set("ALICE", "alices-password-1");
        assert_eq!(scratch.contents().version, 2);
    }
}

#[test]
fn a_vault_is_made_once() {
    let scratch = Scratch::new();
    block(scratch.vault.make(&person(), NewVault::default())).unwrap();
    scratch.set("ALICE", "alices-password-1");
    let again = block(scratch.vault.make(&person(), NewVault::default()));
    assert!(matches!(again, Err(VaultError::Exists)), "{again:?}");
    assert_eq!(scratch.value("ALICE"), b"alices-password-1");
}

#[test]
fn whoever_reads_while_the_vault_gets_a_new_identity_sees_no_tampering() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reads = || {
            let mut count = 0;
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                let read = scratch.reader.read();
                let read = read.unwrap_or_else(|error| panic!("after {count} reads: {error}"));
                assert_eq!(read.unwrap().contents.secrets.len(), 1);
                count += 1;
            }
            count
        };
        let readers = [scope.spawn(reads), scope.spawn(reads)];
        for _ in 0..60 {
            block(scratch.vault.rekey(&person(), Passphrase::None, None)).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}

#[test]
fn another_recipients_identity_recovers_the_vault_and_nobody_elses_does() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    let (recovery, stranger) = (Identity::generate(), Identity::generate());
    let public = recovery.recipient().to_string();
    block(scratch.vault.share(&person(), &public, "recovery".into())).unwrap();
    let old = scratch.identity();
    std::fs::remove_file(&scratch.reader.config().identity).unwrap();
    let refused = block(scratch.vault.rekey(&person(), Passphrase::None, Some(stranger)));
    assert!(matches!(refused, Err(VaultError::NotForUs)), "{refused:?}");
    assert!(matches!(scratch.list(), Err(VaultError::IdentityMissing(_))));
    block(scratch.vault.rekey(&person(), Passphrase::None, Some(copy_of(&recovery)))).unwrap();
    assert_eq!(scratch.value("ALICE"), b"alices-password-1");
    assert!(old.signer.verifying_key() != scratch.identity().signer.verifying_key());
    // It still is a recipient, so the next loss is recovered the same way.
    std::fs::remove_file(&scratch.reader.config().identity).unwrap();
    block(scratch.vault.rekey(&person(), Passphrase::None, Some(recovery))).unwrap();
    assert_eq!(scratch.list().unwrap().len(), 1);
}

#[test]
fn whoever_is_removed_reads_nothing_new() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    let ann = Identity::generate();
    let public = ann.recipient().to_string();
    block(scratch.vault.share(&person(), &public, "ann".into())).unwrap();
    assert!(crate::seal::decrypt(&scratch.bytes(), &ann.opener).is_ok());
    block(scratch.vault.unshare(&person(), &public)).unwrap();
    assert!(matches!(crate::seal::decrypt(&scratch.bytes(), &ann.opener), Err(VaultError::NotForUs)));
    let again = block(scratch.vault.unshare(&person(), &public));
    assert!(matches!(again, Err(VaultError::NoSuchRecipient(_))));
    let identity = Identity::generate();
    let text = identity.text();
    let secret = std::str::from_utf8(text.reveal()).unwrap().lines().last().unwrap().to_owned();
    let error = block(scratch.vault.share(&person(), &secret, String::new())).unwrap_err().to_string();
    assert!(!error.contains(&secret[..30]), "a private key is repeated: {error}");
}

#[test]
fn a_vault_without_a_passphrase_is_not_unlocked() {
    let scratch = Scratch::new();
    scratch.set("ALICE", "alices-password-1");
    let holder = HolderProgram { program: "/nonexistent".into(), words: &[] };
    let span = "1h".parse().unwrap();
    let unlocked = block(scratch.vault.unlock(&person(), &secret("a passphrase"), span, &holder));
    assert!(matches!(unlocked, Err(VaultError::NoPassphrase)), "{unlocked:?}");
    let listed = block(scratch.vault.list(&person(), &everywhere())).unwrap();
    assert_eq!(listed[0].key(), key("ALICE"));
}
