//! What differences are made against and applied to: regions that lie in the store.

use crate::manifest::{Known, Manifest, StoredChunk};
use crate::shelf::{Shelf, stored};
use keep_tensor::codec::Codec;
use keep_tensor::pipeline::{Chunk, restore_chunk};
use keep_tensor::{Base, Hash, Region, TensorError};
use std::collections::HashMap;
use std::sync::Arc;

/// A region of a stored version, read from anywhere in it.
#[derive(Clone)]
pub(crate) struct RegionReader {
    shelf: Shelf,
    manifest: Arc<Manifest>,
}

impl RegionReader {
    pub(crate) fn new(shelf: Shelf, manifest: Arc<Manifest>) -> Self {
        Self { shelf, manifest }
    }

    pub(crate) fn what(&self, at: u32) -> Known {
        self.manifest.regions[at as usize].what
    }

    pub(crate) fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// Fills `out` with the bytes of a region from an offset on. A chunk that is a difference is decoded
    /// with what lies below it; the depth is bounded by the manifest's check.
    pub(crate) fn read(&self, at: u32, offset: u64, out: &mut [u8]) -> Result<(), TensorError> {
        let region = self.manifest.region(at);
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= region.len);
        let end = end.ok_or(TensorError::Layout)?;
        let base = self.manifest.regions[at as usize].base.map(|below| Below { reader: self, below });
        let base = base.as_ref().map(|base| base as &dyn Base);
        let (mut codec, mut fetched, mut raw) = (Codec::new()?, Vec::new(), Vec::new());
        let mut start = 0u64;
        for chunk in self.manifest.chunks_of(at) {
            let stop = start + u64::from(chunk.raw_bytes);
            if stop > offset && start < end {
                let bytes = self.fetch(chunk)?;
                let wanted = as_chunk(chunk, 0, start);
                restore_chunk(&mut codec, &region, &wanted, &bytes, base, &mut fetched, &mut raw)?;
                let (from, to) = (offset.max(start), end.min(stop));
                let (source, target) = (slice(from - start, to - start), slice(from - offset, to - offset));
                out[target].copy_from_slice(&raw[source]);
            }
            start = stop;
        }
        Ok(())
    }

    fn fetch(&self, chunk: &StoredChunk) -> Result<bytes::Bytes, TensorError> {
        let bundle = self.manifest.bundles[chunk.bundle as usize].id;
        self.shelf.wait(Shelf::chunk(&self.shelf.store, bundle, *chunk)).map_err(stored)
    }
}

/// A chunk as the codec knows it.
pub(crate) fn as_chunk(chunk: &StoredChunk, region: usize, offset: u64) -> Chunk {
    Chunk { region, offset, raw_len: chunk.raw_bytes, needs_base: false, hash: chunk.hash }
}

fn slice(from: u64, to: u64) -> std::ops::Range<usize> {
    // Both lie within a chunk, which is at most 4 MiB.
    usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0)
}

/// What one region differs from.
struct Below<'a> {
    reader: &'a RegionReader,
    below: u32,
}

impl Base for Below<'_> {
    fn root(&self) -> Hash {
        self.reader.what(self.below).hash
    }

    fn fetch(&self, _: &Region, offset: u64, out: &mut [u8]) -> Result<bool, TensorError> {
        self.reader.read(self.below, offset, out)?;
        Ok(true)
    }
}

/// What the regions of a file differ from: for each that has one, by where it starts in the file.
pub(crate) struct Bases {
    pub(crate) by_start: HashMap<u64, (RegionReader, u32)>,
    pub(crate) root: Hash,
}

impl Bases {
    /// As the codec asks for it; none when nothing differs from anything.
    pub(crate) fn as_base(&self) -> Option<&dyn Base> {
        (!self.by_start.is_empty()).then_some(self)
    }
}

impl Base for Bases {
    fn root(&self) -> Hash {
        self.root
    }

    fn fetch(&self, region: &Region, offset: u64, out: &mut [u8]) -> Result<bool, TensorError> {
        let Some((reader, at)) = self.by_start.get(&region.start) else { return Ok(false) };
        reader.read(*at, offset, out)?;
        Ok(true)
    }
}
