//! The pack: files, encoded, in one file that can be checked, signed and read in part. Byte by byte in
//! `docs/pack-format.md`.
//!
//! A root names a pack. It is the hash of the header and the index, and the index holds the hash of every
//! chunk's stored bytes; so whoever knows the root can check any chunk, and whoever signs it has signed
//! all of them.

mod base;
mod entry;
mod index;
mod path;
mod reader;
mod sign;
mod trailer;
mod writer;

pub use base::PackBase;
pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use entry::{Entry, EntryKind, PackedFile};
pub use path::check_path;
pub use reader::PackReader;
pub use sign::sign;
pub use writer::PackWriter;

/// The first bytes of a pack. Not text, and with a line end that careless copying would change.
const MAGIC: [u8; 8] = *b"\x8bKeepP\r\n";
const VERSION: u16 = 1;
/// The magic, the version, and six bytes that are zero.
const HEADER_BYTES: usize = 16;

/// The most that an index may weigh, which is read into memory whole: what [`index::MAX_ITEMS`] chunks take
/// and as much again for names.
const MAX_INDEX_BYTES: u64 = 160 << 20;

const fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let mut at = 0;
    while at < MAGIC.len() {
        header[at] = MAGIC[at];
        at += 1;
    }
    let [low, high] = VERSION.to_le_bytes();
    header[8] = low;
    header[9] = high;
    header
}
