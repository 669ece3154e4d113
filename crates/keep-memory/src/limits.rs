//! How much memories may take. Everything that grows has a limit; a person's settings may move these.

use crate::screen::OnSecret;

/// What an installation allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one memory's text. A memory is something to recall, not a file: a page or two.
    pub text_bytes: usize,
    /// Links that go out from one memory.
    pub links: usize,
    /// Memories of one namespace.
    pub memories: u64,
    /// Memories that are written at once.
    pub batch: usize,
    /// What happens with a memory that holds a secret.
    pub on_secret: OnSecret,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 16 << 10,
            links: 256,
            memories: 2_000_000,
            batch: 100_000,
            on_secret: OnSecret::Refuse,
        }
    }
}

/// Tags of one memory: more are a text.
pub(crate) const TAGS: usize = 32;
/// Bytes of a tag, a speaker's name, or a conversation's.
pub(crate) const WORD_BYTES: usize = 128;
/// Bytes of a title or of why a link was made: a line or two.
pub(crate) const LINE_BYTES: usize = 500;
/// Memories in one transaction: enough that the disk's answer no longer counts, and few enough that others
/// wait for some milliseconds only.
pub(crate) const CHUNK: usize = 256;
