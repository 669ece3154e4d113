//! What a run said, as far as it is kept.

use keep_types::Digest;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;

/// What was said, from its beginning and from its end: a build says at its end what went wrong.
#[derive(Debug)]
pub(crate) struct Keeper {
    most: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
    hasher: Sha256,
}

/// What is kept of what a run said, redacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// The beginning and, behind a note, the end.
    #[serde(serialize_with = "as_text")]
    pub kept: Vec<u8>,
    /// How much it was in all.
    pub bytes: u64,
    /// The digest of all of it, as it was handed on.
    pub digest: Option<Digest>,
}

fn as_text<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(bytes))
}

impl Keeper {
    /// Keeps this many bytes at most.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, head: Vec::new(), tail: VecDeque::new(), bytes: 0, hasher: Sha256::new() }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.bytes += piece.len() as u64;
        let half = self.most / 2;
        let to_head = piece.len().min(half - self.head.len());
        self.head.extend_from_slice(&piece[..to_head]);
        let rest = &piece[to_head..];
        self.tail.extend(&rest[rest.len().saturating_sub(half)..]);
        let over = self.tail.len().saturating_sub(half);
        self.tail.drain(..over);
    }

    pub(crate) fn finish(self) -> Copy {
        let left_out = self.bytes - (self.head.len() + self.tail.len()) as u64;
        let mut kept = self.head;
        if left_out > 0 {
            kept.extend_from_slice(format!("\n[… {left_out} bytes are not kept …]\n").as_bytes());
        }
        kept.extend(self.tail);
        let digest = Digest::from_bytes(self.hasher.finalize().into());
        Copy { kept, bytes: self.bytes, digest: Some(digest) }
    }
}

#[cfg(test)]
mod tests {
    use super::Keeper;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        for cut in [1, 3, 7, 100] {
            let mut keeper = Keeper::new(8);
            let said = b"0123456789abcdef";
            said.chunks(cut).for_each(|piece| keeper.push(piece));
            let copy = keeper.finish();
            assert_eq!(copy.bytes, 16);
            assert_eq!(copy.kept, b"0123\n[\xe2\x80\xa6 8 bytes are not kept \xe2\x80\xa6]\ncdef", "{cut}");
            assert_eq!(copy.digest, Some(keep_types::Digest::of(said)));
        }
        let mut keeper = Keeper::new(8);
        keeper.push(b"01234567");
        assert_eq!(keeper.finish().kept, b"01234567");
    }
}
