//! Signed heads in the form that the transparency world shares: C2SP `tlog-checkpoint` inside a C2SP
//! `signed-note`, with one extension line, the epoch.

use crate::merkle::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The longest note that is read: a real one has under 400 bytes, and a few cosignatures fit too.
pub(crate) const MAX_NOTE_BYTES: usize = 16 * 1024;

/// What is wrong with a signed head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is not of the form.
    #[error("it is no signed checkpoint: {0}")]
    Malformed(&'static str),
    /// No signature of the given key, or one that does not fit the text.
    #[error("it carries no valid signature of the key")]
    BadSignature,
}

/// The head of a log: what it was called, how many records it had, and their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log's name, unique to the installation.
    pub origin: String,
    /// How many records it covers.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// How many times somebody accepted a mismatch before.
    pub epoch: u64,
}

impl Head {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let root = BASE64.encode(self.root);
        format!("{}\n{}\n{root}\nepoch {}\n", self.origin, self.size, self.epoch)
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = self.text();
        let mut blob = key_id(&self.origin, &key.verifying_key()).to_vec();
        blob.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.origin, BASE64.encode(blob))
    }
}

/// A key's id and its signature.
type Signed = ([u8; 4], [u8; 64]);

/// A note read back; its signatures are not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// What it says.
    pub head: Head,
    signed: String,
    signatures: Vec<Signed>,
}

impl SignedHead {
    /// Reads a note.
    ///
    /// # Errors
    /// When it is not of the form.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed;
        if note.len() > MAX_NOTE_BYTES {
            return Err(malformed("it is too long"));
        }
        let (text, signatures) =
            note.rsplit_once("\n\n").ok_or(malformed("the blank line before the signatures is missing"))?;
        let signed = format!("{text}\n");
        let mut lines = text.split('\n');
        let mut line = |what| lines.next().ok_or(NoteError::Malformed(what));
        let origin = line("no origin")?.to_owned();
        if origin.is_empty() || origin.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(malformed("the origin is no name"));
        }
        let size = decimal(line("no size")?).ok_or(malformed("the size is no number"))?;
        let root = BASE64
            .decode(line("no root")?)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(malformed("the root is not 32 bytes of base64"))?;
        let epoch = match lines.next() {
            None => 0,
            Some(extension) => extension
                .strip_prefix("epoch ")
                .and_then(decimal)
                .ok_or(malformed("the extension line is not an epoch"))?,
        };
        let head = Head { origin, size, root, epoch };
        let signatures = read_signatures(signatures, &head.origin)?;
        Ok(Self { head, signed, signatures })
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), NoteError> {
        let id = key_id(&self.head.origin, key);
        let valid = |bytes: &[u8; 64]| {
            key.verify_strict(self.signed.as_bytes(), &Signature::from_bytes(bytes)).is_ok()
        };
        let by_key = self.signatures.iter().filter(|(of, _)| *of == id);
        if by_key.clone().count() > 0 && by_key.into_iter().all(|(_, bytes)| valid(bytes)) {
            Ok(())
        } else {
            Err(NoteError::BadSignature)
        }
    }
}

/// A number as the format wants it: no sign, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || text.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    if canonical { text.parse().ok() } else { None }
}

/// Reads the signature lines of the log itself; those of witnesses are passed over.
fn read_signatures(lines: &str, origin: &str) -> Result<Vec<Signed>, NoteError> {
    let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("the last line does not end"))?;
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        let (name, blob) = line
            .strip_prefix("\u{2014} ")
            .and_then(|rest| rest.split_once(' '))
            .ok_or(NoteError::Malformed("a signature line does not start with its dash and name"))?;
        let blob = BASE64.decode(blob).map_err(|_| NoteError::Malformed("a signature is not base64"))?;
        if name != origin {
            continue;
        }
        if let Some((id, bytes)) = blob.split_first_chunk::<4>()
            && let Ok(bytes) = bytes.try_into()
        {
            signatures.push((*id, bytes));
        }
    }
    Ok(signatures)
}

/// The short id by which a note names its key.
fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', 1]);
    hasher.update(key.as_bytes());
    let digest: Hash = hasher.finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head { origin: "keep.local/abc".into(), size: 7, root: [3; 32], epoch: 2 }
    }

    #[test]
    fn a_note_reads_back_and_verifies_with_its_key_alone() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let other = SigningKey::from_bytes(&[2; 32]);
        let note = head().sign(&key);
        let read = SignedHead::parse(&note).unwrap();
        assert_eq!(read.head, head());
        assert_eq!(read.verify(&key.verifying_key()), Ok(()));
        assert_eq!(read.verify(&other.verifying_key()), Err(NoteError::BadSignature));
    }

    #[test]
    fn the_form_is_the_published_one() {
        let note = head().sign(&SigningKey::from_bytes(&[1; 32]));
        let lines: Vec<&str> = note.split('\n').collect();
        assert_eq!(lines[..3], ["keep.local/abc", "7", "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="]);
        assert_eq!(lines[3..5], ["epoch 2", ""]);
        assert!(lines[5].starts_with("\u{2014} keep.local/abc "));
        assert_eq!(lines[6..], [""]);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let note = head().sign(&key);
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let whole = SignedHead::parse(&text)
                .is_ok_and(|read| read.head == head() && read.verify(&key.verifying_key()).is_ok());
            let in_padding = text.trim_end().len() == note.trim_end().len() && at + 4 >= note.len();
            assert!(!whole || in_padding, "byte {at} changed unnoticed");
        }
    }

    #[test]
    fn malformed_notes_have_their_own_words() {
        for (note, expected) in [
            ("", "the blank line before the signatures is missing"),
            ("a b\n1\nAA==\n\n\u{2014} x y\n", "the origin is no name"),
            ("a\n01\nAA==\n\n\u{2014} x y\n", "the size is no number"),
            ("a\n1\nAA==\n\n\u{2014} x y\n", "the root is not 32 bytes of base64"),
        ] {
            assert_eq!(SignedHead::parse(note).unwrap_err(), NoteError::Malformed(expected), "{note:?}");
        }
    }
}
