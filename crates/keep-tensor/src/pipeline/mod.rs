//! Files through the codec, chunk by chunk and in order, in memory that does not grow with the file.

mod crew;
mod encode;
mod pieces;
mod restore;

pub use encode::{encode, encode_at};
pub use restore::{restore, restore_at, restore_chunk, restore_to};

use crate::codec::Content;
#[cfg(doc)]
use crate::codec::MAX_CHUNK_BYTES;
use crate::{Hash, Region, RegionKind, TensorError};
use std::num::NonZeroUsize;

/// The smallest chunk size that may be chosen; under it the table of chunks weighs more than what
/// finer reading saves.
pub const MIN_CHUNK_BYTES: usize = 64 << 10;

/// Files up to this size are worked on by the calling thread.
const INLINE_BYTES: u64 = 128 << 10;

/// Where chunks are encoded and decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// On the calling thread.
    Inline,
    /// On this many threads, while the calling thread waits.
    Threads(NonZeroUsize),
}

impl Workers {
    /// Those for a file of so many bytes: threads for one that is a chunk or two cost more than they save.
    fn for_bytes(self, bytes: u64) -> Self {
        if bytes <= INLINE_BYTES { Self::Inline } else { self }
    }
}

/// How a file is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of a tensor's chunk before it is encoded: a power of two, [`MIN_CHUNK_BYTES`] to
    /// [`MAX_CHUNK_BYTES`], so that differences to a base start at the same places. What is encoded depends
    /// on it. Other bytes are cut by their content, whatever it is.
    pub chunk_bytes: usize,
    /// Who does the work. What is encoded does not depend on it.
    pub workers: Workers,
}

impl Default for Options {
    fn default() -> Self {
        Self { chunk_bytes: 512 << 10, workers: Workers::Inline }
    }
}

/// Where a chunk belongs and what its stored bytes must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which region of the layout.
    pub region: usize,
    /// Where in the region it starts.
    pub offset: u64,
    /// Bytes before it was encoded.
    pub raw_len: u32,
    /// Whether it is a difference to the base.
    pub needs_base: bool,
    /// The hash of the stored bytes.
    pub hash: Hash,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of the file.
    pub raw_bytes: u64,
    /// Bytes of the encoded chunks.
    pub stored_bytes: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many of them are differences to the base.
    pub differences: u64,
}

#[derive(Default)]
struct Job {
    chunk: Option<Chunk>,
    /// Where its bytes are still to be read.
    from: Option<u64>,
    /// Where what comes of it is to be written.
    to: Option<u64>,
    raw: Vec<u8>,
    stored: Vec<u8>,
}

fn content(region: &Region) -> Content {
    match &region.kind {
        RegionKind::Bytes => Content::Bytes,
        RegionKind::Tensor(tensor) => Content::Elements(tensor.dtype),
    }
}

pub(crate) fn check_layout(regions: &[Region]) -> Result<u64, TensorError> {
    let mut end = 0u64;
    for region in regions {
        if region.start != end || region.len == 0 {
            return Err(TensorError::Layout);
        }
        end = end.checked_add(region.len).ok_or(TensorError::Layout)?;
    }
    Ok(end)
}
