use crate::pipeline::Chunk;
use crate::{Hash, Layout, RegionKind};
use std::ops::Range;

/// One thing in a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it lies in the folder that was packed: relative, with `/` between names.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a pack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File(PackedFile),
    /// A symbolic link. Nothing here follows it, and no entry lies beneath it.
    Link {
        /// What it points to, as it was found.
        target: String,
    },
    /// A folder. Those that only hold other entries need not be listed.
    Folder {
        /// Its permission bits.
        mode: u32,
    },
}

/// A file in a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedFile {
    /// Its permission bits.
    pub mode: u32,
    /// How it is laid out.
    pub layout: Layout,
    pub(crate) chunks: Vec<PackedChunk>,
    /// For each region, which of the chunks are its own.
    pub(crate) ranges: Vec<Range<usize>>,
    /// For each region where its counterpart begins in a base that is a plain file; empty for other bases.
    pub(crate) base_starts: Vec<Option<u64>>,
}

impl PackedFile {
    /// Bytes of the file once it is unpacked.
    #[must_use]
    pub fn raw_bytes(&self) -> u64 {
        self.layout.regions.last().map_or(0, |last| last.start + last.len)
    }

    /// Bytes of its chunks as they are stored; chunks that are stored once and used twice count twice.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.chunks.iter().map(|packed| u64::from(packed.stored_len)).sum()
    }

    /// Whether the base of the pack is needed to unpack it.
    #[must_use]
    pub fn needs_base(&self) -> bool {
        self.chunks.iter().any(|packed| packed.chunk.needs_base)
    }

    /// Where its regions begin and where their counterparts do, in a base that is a plain file; none when
    /// the base is a pack, which says so itself.
    #[must_use]
    pub fn base_starts(&self) -> Option<Vec<(u64, u64)>> {
        let starts = self.layout.regions.iter().zip(&self.base_starts);
        let told = || starts.filter_map(|(region, start)| Some((region.start, (*start)?))).collect();
        (!self.base_starts.is_empty()).then(told)
    }

    /// Its chunks, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter().map(|packed| &packed.chunk)
    }

    pub(crate) fn tensor(&self, name: &str) -> Option<usize> {
        self.layout.regions.iter().position(|region| match &region.kind {
            RegionKind::Tensor(tensor) => tensor.name == name,
            RegionKind::Bytes => false,
        })
    }
}

/// A chunk and where in the pack its stored bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedChunk {
    pub(crate) chunk: Chunk,
    pub(crate) at: u64,
    pub(crate) stored_len: u32,
    pub(crate) stored: Stored,
}

/// Whether a chunk's stored bytes are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// They follow those of the chunk before.
    Own,
    /// They are those of an earlier chunk, counted through the whole pack.
    As(u64),
}

/// What two chunks must share for one to be stored as the other.
pub(crate) type Likeness = (Hash, u32);
