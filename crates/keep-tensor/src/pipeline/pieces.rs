//! Reads a file piece by piece: tensors in chunks of one size, other bytes cut where their content says so.

use super::Chunk;
use crate::format::cut::{Cutter, MAX};
use crate::place::{Onward, ReadAt};
use crate::{Hash, Layout, Region, RegionKind, TensorError};
use std::io::{self, Read};

/// A file that is taken piece by piece, from its start.
pub(super) trait Supply {
    /// Fills `out` with the next bytes.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), TensorError>;

    /// Takes the next bytes, as many as `out` has: reads them, or says where whoever encodes them is to read
    /// them.
    fn take(&mut self, out: &mut [u8]) -> Result<Option<u64>, TensorError>;

    /// Whether nothing follows.
    fn ends(&mut self) -> Result<bool, TensorError>;
}

/// A file that can only be read from front to back.
pub(super) struct InOrder<R>(pub(super) R);

impl<R: Read> Supply for InOrder<R> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), TensorError> {
        self.0.read_exact(out).map_err(ended)
    }

    fn take(&mut self, out: &mut [u8]) -> Result<Option<u64>, TensorError> {
        self.fill(out)?;
        Ok(None)
    }

    fn ends(&mut self) -> Result<bool, TensorError> {
        self.0.read(&mut [0]).map(|count| count == 0).map_err(TensorError::Source)
    }
}

/// A file that can be read anywhere, so that those who encode it read it.
impl<S: ReadAt + ?Sized> Supply for Onward<'_, S> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), TensorError> {
        self.read_exact(out).map_err(ended)
    }

    fn take(&mut self, out: &mut [u8]) -> Result<Option<u64>, TensorError> {
        let from = self.at;
        self.at += out.len() as u64;
        Ok(Some(from))
    }

    fn ends(&mut self) -> Result<bool, TensorError> {
        self.read(&mut [0]).map(|count| count == 0).map_err(TensorError::Source)
    }
}

/// A file that ends too early became shorter than its layout.
pub(super) fn ended(error: io::Error) -> TensorError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => TensorError::SourceLength,
        _ => TensorError::Source(error),
    }
}

/// The pieces of a file.
pub(super) struct Pieces<'a, S> {
    source: S,
    layout: &'a Layout,
    /// Of a tensor's chunks.
    chunk_bytes: usize,
    region: usize,
    offset: u64,
    /// Bytes that were read and lie behind the last cut.
    ahead: Vec<u8>,
}

impl<'a, S: Supply> Pieces<'a, S> {
    pub(super) fn new(source: S, layout: &'a Layout, chunk_bytes: usize) -> Self {
        Self { source, layout, chunk_bytes, region: 0, offset: 0, ahead: Vec::new() }
    }

    /// Makes room for the next piece in `raw` and says where it belongs; its hash is not known yet. It is
    /// read, unless a place is said, too: then it is still to be read from there.
    pub(super) fn next(&mut self, raw: &mut Vec<u8>) -> Result<Option<(Chunk, Option<u64>)>, TensorError> {
        let Some(region) = self.layout.regions.get(self.region) else { return Ok(None) };
        let from = match region.kind {
            RegionKind::Tensor(_) => {
                raw.resize(self.left(region, self.chunk_bytes), 0);
                self.source.take(raw)?
            }
            RegionKind::Bytes => {
                self.cut(region, raw)?;
                None
            }
        };
        let chunk = Chunk {
            region: self.region,
            offset: self.offset,
            raw_len: raw.len() as u32,
            needs_base: false,
            hash: Hash::from_bytes([0; 32]),
        };
        self.offset += raw.len() as u64;
        if self.offset == region.len {
            (self.region, self.offset) = (self.region + 1, 0);
        }
        Ok(Some((chunk, from)))
    }

    /// Whether the file ends here. One that grew while it was read would otherwise lose its end without a
    /// word.
    pub(super) fn ends(&mut self) -> Result<bool, TensorError> {
        self.source.ends()
    }

    fn left(&self, region: &Region, most: usize) -> usize {
        usize::try_from(region.len - self.offset).map_or(most, |left| left.min(most))
    }

    fn cut(&mut self, region: &Region, raw: &mut Vec<u8>) -> Result<(), TensorError> {
        let known = self.ahead.len();
        self.ahead.resize(self.left(region, MAX), 0);
        self.source.fill(&mut self.ahead[known..])?;
        // Without a cut this is the end of the region.
        let end = Cutter::default().push(&self.ahead).unwrap_or(self.ahead.len());
        raw.clear();
        raw.extend(self.ahead.drain(..end));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::{Options, encode};
    use crate::{Format, Hash, Layout, Region, RegionKind};
    use std::io::Cursor;

    fn hashes(bytes: Vec<u8>) -> Vec<Hash> {
        let region = Region { start: 0, len: bytes.len() as u64, kind: RegionKind::Bytes };
        let layout = Layout { format: Format::Opaque, note: None, regions: vec![region] };
        let mut found = Vec::new();
        let totals = encode(&mut Cursor::new(bytes), &layout, None, Options::default(), |chunk, _| {
            found.push(chunk.hash);
            Ok(())
        });
        totals.unwrap();
        found
    }

    #[test]
    fn bytes_that_moved_are_cut_into_the_same_pieces() {
        let mut state = 1_u64;
        let noise = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        let bytes: Vec<u8> = (0..6 << 20).map(noise).collect();
        let moved = [b"a line before".as_slice(), &bytes].concat();
        let (before, after) = (hashes(bytes), hashes(moved));
        let same = after.iter().filter(|hash| before.contains(hash)).count();
        assert!(before.len() >= 6 && same + 2 >= after.len(), "{same} of {}", after.len());
    }
}
