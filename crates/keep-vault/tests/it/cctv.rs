//! The age crate, as the vault depends on it, against the vectors of C2SP CCTV.

use crate::vector::{End, Vector, all};
use age::armor::{ArmoredReadError, ArmoredReader};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Identity, scrypt, x25519};
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// How many vectors there are, so that none goes missing.
const VECTORS: usize = 143;

/// The vault takes an identity whose passphrase costs this much, and no more.
const MAX_WORK_FACTOR: u8 = 22;

/// Where the crate does something else than the vector wants, what it does, and why that is borne.
const DEVIATIONS: &[(&str, End, &str)] = &[
    (
        "armor_whitespace_outside",
        End::HeaderFailure,
        "armor is recognised by its first bytes, so white space before it makes the file no age file; \
         the vault writes none",
    ),
    (
        "stanza_missing_body",
        End::Success,
        "old stanzas without a short last line are still read; the header is under its HMAC all the same",
    ),
    (
        "stanza_missing_final_line",
        End::Success,
        "old stanzas without a short last line are still read; the header is under its HMAC all the same",
    ),
];

/// Bad armor that is refused, but as a bad header: it does not begin as armor does, so it is not read as such.
const NOT_SEEN_AS_ARMOR: &[&str] =
    &["armor_garbage_leading", "armor_lowercase", "armor_whitespace_begin", "armor_wrong_type"];

/// Vectors that need an identity of the hybrid post-quantum kind, which the crate does not have.
const HYBRID: &[&str] = &[
    "armor_hybrid",
    "hybrid",
    "hybrid_and_x25519",
    "hybrid_bad_tag",
    "hybrid_currupted_enc_mlkem",
    "hybrid_currupted_enc_x25519",
    "hybrid_extra_argument",
    "hybrid_grease",
    "hybrid_identity",
    "hybrid_long_file_key",
    "hybrid_long_share",
    "hybrid_low_order",
    "hybrid_multiple_recipients",
    "hybrid_no_match",
    "hybrid_not_canonical_body",
    "hybrid_not_canonical_enc",
    "hybrid_short_share",
    "hybrid_uppercase",
    "hybrid_x25519_arg",
];

#[test]
fn the_vectors_of_the_format_end_as_they_should() {
    let vectors = all();
    assert_eq!(vectors.len(), VECTORS);
    let mut findings = Vec::new();
    for vector in vectors.iter().filter(|vector| !HYBRID.contains(&vector.name.as_str())) {
        let (end, released) = decrypt(vector);
        let wanted = wanted(vector);
        if end != wanted {
            findings.push(format!("{}: ends in {end:?}, not {wanted:?}", vector.name));
        }
        if let Some(wrong) = wrong_release(vector, end, &released) {
            findings.push(format!("{}: {wrong}", vector.name));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// A vector that is borne and meets its own word after all is a finding, too: its line here has to go.
#[test]
fn what_is_borne_is_there_and_deviates() {
    let vectors = all();
    let of = |name: &str| vectors.iter().find(|vector| vector.name == name).expect(name);
    for (name, end, why) in DEVIATIONS {
        assert_ne!(of(name).expect, *end, "{name} deviates no more: {why}");
    }
    for name in NOT_SEEN_AS_ARMOR {
        assert_eq!(of(name).expect, End::ArmorFailure, "{name}");
        assert!(of(name).armored, "{name}");
    }
}

#[test]
fn hybrid_identities_are_not_understood() {
    let foreign = |vector: &&Vector| {
        vector.identities.iter().any(|identity| identity.parse::<x25519::Identity>().is_err())
    };
    let vectors = all();
    let found: Vec<&str> = vectors.iter().filter(foreign).map(|vector| vector.name.as_str()).collect();
    assert_eq!(found, HYBRID, "exactly these vectors have an identity that the crate does not read");
    println!(
        "SKIPPED: {} age vectors that need hybrid post-quantum identities, which the age crate does not \
         have: {}",
        HYBRID.len(),
        HYBRID.join(", ")
    );
}

fn wanted(vector: &Vector) -> End {
    if let Some((_, end, _)) = DEVIATIONS.iter().find(|(name, ..)| *name == vector.name) {
        return *end;
    }
    if NOT_SEEN_AS_ARMOR.contains(&vector.name.as_str()) { End::HeaderFailure } else { vector.expect }
}

/// Whether other bytes were let out than the vector allows.
fn wrong_release(vector: &Vector, end: End, released: &[u8]) -> Option<&'static str> {
    match (end, vector.payload) {
        (End::Success | End::PayloadFailure, Some(hash)) => {
            (Sha256::digest(released)[..] != hash).then_some("other bytes were released than it says")
        }
        // What a deviation reads is not said by its vector.
        (End::Success, None) => (vector.expect == End::Success).then_some("says no payload"),
        (End::PayloadFailure, None) => Some("says no payload"),
        _ => (!released.is_empty()).then_some("bytes were released before it failed"),
    }
}

fn decrypt(vector: &Vector) -> (End, Vec<u8>) {
    let mut identities: Vec<Box<dyn Identity>> = Vec::new();
    for text in &vector.identities {
        identities.push(Box::new(text.parse::<x25519::Identity>().unwrap()));
    }
    for text in &vector.passphrases {
        let mut identity = scrypt::Identity::new(SecretString::from(text.clone()));
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        identities.push(Box::new(identity));
    }
    let opened = Decryptor::new_buffered(ArmoredReader::new(&vector.file[..]))
        .and_then(|decryptor| decryptor.decrypt(identities.iter().map(|identity| &**identity)));
    let mut released = Vec::new();
    let end = match opened {
        Err(error) => end_of_opening(&error),
        Ok(mut reader) => match reader.read_to_end(&mut released) {
            Ok(_) => End::Success,
            Err(error) if is_of_armor(&error) => End::ArmorFailure,
            Err(_) => End::PayloadFailure,
        },
    };
    (end, released)
}

fn end_of_opening(error: &DecryptError) -> End {
    match error {
        DecryptError::Io(error) if is_of_armor(error) => End::ArmorFailure,
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed => End::NoMatch,
        DecryptError::InvalidMac => End::HmacFailure,
        DecryptError::InvalidHeader
        | DecryptError::UnknownFormat
        | DecryptError::ExcessiveWork { .. }
        | DecryptError::Io(_) => End::HeaderFailure,
        other => panic!("an error that this test does not know: {other}"),
    }
}

fn is_of_armor(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<ArmoredReadError>())
}
