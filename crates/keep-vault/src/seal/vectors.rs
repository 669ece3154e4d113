//! The vault's own way of decrypting, against the format's test vectors. What the age crate makes of each
//! is checked in `tests/it/cctv.rs`; here it is that the vault lets out all or nothing.

#[path = "../../tests/it/vector.rs"]
mod vector;

use super::decrypt;
use crate::error::VaultError;
use sha2::{Digest, Sha256};
use vector::{End, Vector, all};

/// Old stanzas without a short last line, which the crate still reads.
const READ_ALL_THE_SAME: &[&str] = &["stanza_missing_body", "stanza_missing_final_line"];

/// One identity of the kind that a vault has.
fn identity(vector: &Vector) -> Option<age::x25519::Identity> {
    match vector.identities.as_slice() {
        [only] => only.parse().ok(),
        _ => None,
    }
}

fn finding(vector: &Vector, identity: &age::x25519::Identity) -> Option<String> {
    let got = decrypt(&vector.file, identity);
    let is_as_wanted = match (&got, vector.expect) {
        // A vault's file is never armored, so armor is damage whatever is in it.
        (Err(VaultError::Damaged(_)), _) if vector.armored => true,
        (_, _) if vector.armored => false,
        (Ok(plain), End::Success) => vector.payload.is_some_and(|hash| Sha256::digest(&**plain)[..] == hash),
        (Ok(_), End::HeaderFailure) => READ_ALL_THE_SAME.contains(&vector.name.as_str()),
        (Err(VaultError::NotForUs), end) => end == End::NoMatch,
        (Err(VaultError::Damaged(_)), end) => {
            matches!(end, End::HeaderFailure | End::HmacFailure | End::PayloadFailure)
        }
        _ => false,
    };
    let got = got.map(|plain| plain.len());
    (!is_as_wanted).then(|| format!("{}: {:?} became {got:?}", vector.name, vector.expect))
}

#[test]
fn a_file_opens_whole_or_not_at_all() {
    let vectors = all();
    let ours: Vec<_> =
        vectors.iter().filter_map(|vector| identity(vector).map(|identity| (vector, identity))).collect();
    assert_eq!(ours.len(), 97, "the vectors with one identity that the vault can have");
    let findings: Vec<String> = ours.iter().filter_map(|(vector, own)| finding(vector, own)).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// A passphrase is guessed faster than a key, so no vault is under one.
#[test]
fn a_file_under_a_passphrase_is_not_a_vault() {
    let vectors = all();
    let under: Vec<&Vector> = vectors
        .iter()
        .filter(|vector| !vector.passphrases.is_empty() && !vector.armored && vector.identities.is_empty())
        .collect();
    assert!(under.iter().any(|vector| vector.expect == End::Success));
    let stranger = age::x25519::Identity::generate();
    for vector in under {
        let got = decrypt(&vector.file, &stranger).map(|plain| plain.len());
        let is_refused = matches!(got, Err(VaultError::NotForUs | VaultError::Damaged(_)));
        assert!(is_refused, "{}: {got:?}", vector.name);
        if vector.expect == End::Success {
            assert!(matches!(got, Err(VaultError::NotForUs)), "{}: {got:?}", vector.name);
        }
    }
}
