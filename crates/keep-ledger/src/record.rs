//! What a record is, and the bytes of it that a leaf commits to.

use crate::merkle::{Hash, leaf_hash};
use keep_types::{Action, Namespace, Principal, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A record's place in the ledger, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl From<Seq> for u64 {
    fn from(seq: Seq) -> Self {
        seq.0
    }
}

impl From<u64> for Seq {
    fn from(seq: u64) -> Self {
        Self(seq)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a record says of its act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// An effect inside the database, in the same transaction as this record.
    Done,
    /// Such an effect that failed.
    Failed,
    /// An outside effect is about to happen.
    Intent,
    /// It happened.
    Outcome,
    /// It was tried and failed.
    OutcomeFailed,
    /// Who intended it ended without saying how it went.
    Abandoned,
    /// It was refused.
    Denied,
    /// Nothing was done; something is worth remembering.
    Note,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Intent,
        Self::Outcome,
        Self::OutcomeFailed,
        Self::Abandoned,
        Self::Denied,
        Self::Note,
    ];

    /// The phase as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::OutcomeFailed => "outcome-failed",
            Self::Abandoned => "abandoned",
            Self::Denied => "denied",
            Self::Note => "note",
        }
    }

    /// The phase of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }

    /// Whether it closes the intent that it refers to.
    #[must_use]
    pub fn closes(self) -> bool {
        matches!(self, Self::Outcome | Self::OutcomeFailed | Self::Abandoned)
    }
}

/// What a caller wants recorded.
#[derive(Clone, Debug)]
pub struct Record {
    /// Who acts.
    pub principal: Principal,
    /// Where.
    pub namespace: Namespace,
    /// What is done.
    pub action: Action,
    /// What this record says of it.
    pub phase: Phase,
    /// The record this one belongs to: the intent of an outcome.
    pub refers_to: Option<u64>,
    /// Structured detail, already redacted; `Null` for none. It can be erased later.
    pub detail: serde_json::Value,
    /// Exact bytes that must be provable later; only their HMAC is kept.
    pub exact: Option<Vec<u8>>,
}

/// A record as it was read back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// When, by the clock that never goes backwards within one boot.
    pub monotonic_ns: u64,
    /// Who acted.
    pub principal: Principal,
    /// Where.
    pub namespace: Namespace,
    /// What was done.
    pub action: Action,
    /// What the record says of it.
    pub phase: Phase,
    /// The record it belongs to.
    pub refers_to: Option<u64>,
    /// Its detail, unless it has none or that was erased.
    pub detail: Option<serde_json::Value>,
    /// Whether it had a detail that is gone now.
    pub erased: bool,
    /// Its hash in the tree.
    pub leaf: keep_types::Digest,
}

/// The salt that keeps a short detail from being guessed by its digest.
pub(crate) type Salt = [u8; 16];

/// The digest by which a record commits to its detail.
pub(crate) fn detail_digest(salt: &[u8], detail: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(b"keep ledger detail v1\0");
    hasher.update(salt);
    hasher.update(detail);
    hasher.finalize().into()
}

/// A record without a detail commits to this.
pub(crate) const NO_DETAIL: Hash = [0; 32];

/// Where the sequence number lies in the canonical bytes: after the version and the log.
const SEQ_AT: usize = 1 + 8;

/// Everything of a record that its leaf commits to, borrowed from a row, an export or the writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Committed<'a> {
    /// The start of the digest of the log's origin: a record of another log never fits this one.
    pub log: u64,
    pub seq: u64,
    pub utc_ms: i64,
    pub monotonic_ns: u64,
    pub boot: &'a [u8],
    /// The owner of an intent; 0 for other phases.
    pub pid: u32,
    pub started_ticks: u64,
    pub principal: &'a [u8],
    pub namespace: &'a [u8],
    pub action: &'a [u8],
    pub phase: &'a [u8],
    pub refers_to: Option<u64>,
    pub detail: &'a [u8],
    pub exact: Option<&'a [u8]>,
}

impl Committed<'_> {
    /// Writes the canonical bytes, version 1: numbers little-endian, every text with its length.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.push(1);
        out.extend_from_slice(&self.log.to_le_bytes());
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&self.utc_ms.to_le_bytes());
        out.extend_from_slice(&self.monotonic_ns.to_le_bytes());
        out.extend_from_slice(&self.pid.to_le_bytes());
        out.extend_from_slice(&self.started_ticks.to_le_bytes());
        out.push(u8::from(self.refers_to.is_some()));
        out.extend_from_slice(&self.refers_to.unwrap_or(0).to_le_bytes());
        for text in [self.boot, self.principal, self.namespace, self.action, self.phase, self.detail] {
            push_text(out, text);
        }
        match self.exact {
            None => out.push(0),
            Some(mac) => {
                out.push(1);
                push_text(out, mac);
            }
        }
    }

    /// The leaf, with a buffer to work in.
    pub(crate) fn leaf(&self, buffer: &mut Vec<u8>) -> Hash {
        self.encode(buffer);
        leaf_hash(buffer)
    }
}

/// The leaf of the same bytes at another place.
pub(crate) fn leaf_at(encoded: &mut [u8], seq: u64) -> Hash {
    encoded[SEQ_AT..SEQ_AT + 8].copy_from_slice(&seq.to_le_bytes());
    leaf_hash(encoded)
}

fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    // Texts are at most a few hundred bytes; a forged row of 4 GiB cannot exist in SQLite.
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text);
}

/// The number by which records carry their log.
pub(crate) fn log_number(origin: &str) -> u64 {
    let digest: Hash = Sha256::digest(origin.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// JSON text as one line that no terminal, editor or log reader splits or reorders: every control,
/// line-separating, invisible and direction-changing character is escaped. Such characters stand only
/// inside JSON strings, where an escape means the same.
#[must_use]
pub fn one_line(json: &str) -> String {
    if json.is_ascii() && !json.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return json.to_owned();
    }
    let mut line = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(c);
        }
    }
    line
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202f | 0x2060..=0x206f
            | 0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_texts_never_run_together() {
        let entry = |principal: &'static [u8], namespace: &'static [u8]| Committed {
            log: 1,
            seq: 2,
            utc_ms: 3,
            monotonic_ns: 4,
            boot: &[5; 16],
            pid: 6,
            started_ticks: 7,
            principal,
            namespace,
            action: b"a.b",
            phase: b"done",
            refers_to: None,
            detail: &NO_DETAIL,
            exact: None,
        };
        let mut buffer = Vec::new();
        let one = entry(b"user:ab", b"c").leaf(&mut buffer);
        let other = entry(b"user:a", b"bc").leaf(&mut buffer);
        assert_ne!(one, other);
    }

    #[test]
    fn the_leaf_elsewhere_differs_in_the_number_alone() {
        let mut entry = Committed {
            log: 9,
            seq: 2,
            utc_ms: -3,
            monotonic_ns: 4,
            boot: b"",
            pid: 0,
            started_ticks: 0,
            principal: b"user:a",
            namespace: b"global",
            action: b"a.b",
            phase: b"done",
            refers_to: Some(1),
            detail: &NO_DETAIL,
            exact: Some(&[1; 32]),
        };
        let (mut here, mut there) = (Vec::new(), Vec::new());
        entry.encode(&mut here);
        entry.seq = 77;
        assert_eq!(leaf_at(&mut here, 77), entry.leaf(&mut there));
    }

    #[test]
    fn hidden_characters_are_escaped_and_mean_the_same() {
        let text = "a\u{2028}b\u{202e}c\u{7f}d\u{85}e\u{e0041}f é\u{1b}[31m\r\n";
        let json = serde_json::to_string(text).unwrap();
        let line = one_line(&json);
        assert!(line.chars().all(|c| !hides(c)), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
