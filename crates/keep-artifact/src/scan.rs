//! A first pass over a file: what its regions are, and the hash of each.

use crate::error::ArtifactError;
use crate::manifest::{Known, content_of};
use keep_tensor::format::{self, Limits};
use keep_tensor::{Hash, Layout, Region};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

/// How much is read at once.
const PIECE: usize = 1 << 20;
/// Pieces that were read and wait to be hashed once more.
const PIECES: usize = 2;

/// What a file is made of.
pub(crate) struct Scanned {
    pub(crate) layout: Layout,
    pub(crate) hash: Hash,
    pub(crate) regions: Vec<Known>,
}

/// Lays a file out and hashes it, as a whole and region by region, in one pass. Of a file of several
/// regions every byte goes into two hashes, which are made side by side.
pub(crate) fn scan(
    file: &mut File,
    bytes: u64,
    path: &Path,
    mut moved: impl FnMut(u64),
) -> Result<Scanned, ArtifactError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let layout = format::layout(file, bytes, name, &Limits::default())
        .map_err(|source| ArtifactError::Layout { path: path.to_owned(), source })?;
    file.seek(SeekFrom::Start(0)).map_err(|error| ArtifactError::file("reading", path, error))?;
    let mut whole = blake3::Hasher::new();
    let mut left = bytes;
    let mut read = |piece: &mut Vec<u8>| {
        piece.resize(usize::try_from(left).map_or(PIECE, |left| left.min(PIECE)), 0);
        file.read_exact(piece).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ArtifactError::Changed(path.to_owned()),
            _ => ArtifactError::file("reading", path, error),
        })?;
        whole.update(piece);
        left -= piece.len() as u64;
        moved(piece.len() as u64);
        Ok(!piece.is_empty())
    };
    let mut by_region = ByRegion::new(&layout.regions);
    // The hash of a file that is one region is the region's, too.
    let single = layout.regions.len() == 1;
    if single || bytes <= PIECE as u64 {
        let mut piece = Vec::new();
        while read(&mut piece)? {
            if !single {
                by_region.update(&piece);
            }
        }
    } else {
        beside(&mut read, &mut by_region)?;
    }
    let hash = Hash::from_bytes(*whole.finalize().as_bytes());
    let regions = match (single, layout.regions.first()) {
        (true, Some(only)) => vec![Known { hash, bytes: only.len, content: content_of(&only.kind) }],
        _ => by_region.done,
    };
    Ok(Scanned { layout, hash, regions })
}

/// Hashes region by region what is read, while more is read.
fn beside(
    read: &mut impl FnMut(&mut Vec<u8>) -> Result<bool, ArtifactError>,
    by_region: &mut ByRegion<'_>,
) -> Result<(), ArtifactError> {
    let (send, pieces) = sync_channel::<Vec<u8>>(PIECES);
    let (send_back, used) = channel();
    thread::scope(|scope| {
        thread::Scope::spawn(scope, move || {
            for piece in pieces {
                by_region.update(&piece);
                // Once everything is read nobody wants them back.
                let _ = send_back.send(piece);
            }
        });
        // Dropped when this closure ends, by whatever way: that is what lets the thread end.
        let send = send;
        loop {
            let mut piece = used.try_recv().unwrap_or_default();
            if !read(&mut piece)? {
                return Ok(());
            }
            send.send(piece).map_err(|_| ArtifactError::Worker)?;
        }
    })
}

/// The hashes of regions that lie one behind the other.
struct ByRegion<'a> {
    regions: std::slice::Iter<'a, Region>,
    at: Option<&'a Region>,
    within: u64,
    hasher: blake3::Hasher,
    done: Vec<Known>,
}

impl<'a> ByRegion<'a> {
    fn new(regions: &'a [Region]) -> Self {
        let (mut regions, done) = (regions.iter(), Vec::with_capacity(regions.len()));
        let at = regions.next();
        Self { regions, at, within: 0, hasher: blake3::Hasher::new(), done }
    }

    /// Goes on with the next bytes of the file.
    fn update(&mut self, mut bytes: &[u8]) {
        while let Some(region) = self.at
            && !bytes.is_empty()
        {
            let left = usize::try_from(region.len - self.within).unwrap_or(usize::MAX);
            let (own, rest) = bytes.split_at(left.min(bytes.len()));
            self.hasher.update(own);
            self.within += own.len() as u64;
            bytes = rest;
            if self.within == region.len {
                let hash = Hash::from_bytes(*self.hasher.finalize().as_bytes());
                self.done.push(Known { hash, bytes: region.len, content: content_of(&region.kind) });
                self.hasher.reset();
                (self.at, self.within) = (self.regions.next(), 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keep_tensor::RegionKind;

    #[test]
    fn however_it_is_read_every_region_has_its_own_hash() {
        let bytes: Vec<u8> = (0..10_000u32).map(|at| ((at * at) >> 7) as u8).collect();
        let mut regions = Vec::new();
        let mut start = 0;
        for len in [1, 4096, 903, 5000] {
            regions.push(Region { start, len, kind: RegionKind::Bytes });
            start += len;
        }
        let of =
            |region: &Region| Hash::of(&bytes[region.start as usize..(region.start + region.len) as usize]);
        let expected: Vec<Hash> = regions.iter().map(of).collect();
        for size in [1, 7, 4096, 4097, 10_000] {
            let mut one = ByRegion::new(&regions);
            bytes.chunks(size).for_each(|piece| one.update(piece));
            assert_eq!(one.done.iter().map(|known| known.hash).collect::<Vec<_>>(), expected, "{size}");
            let (mut pieces, mut other) = (bytes.chunks(size), ByRegion::new(&regions));
            let mut read = |piece: &mut Vec<u8>| {
                piece.clear();
                piece.extend_from_slice(pieces.next().unwrap_or_default());
                Ok(!piece.is_empty())
            };
            beside(&mut read, &mut other).unwrap();
            assert_eq!(other.done, one.done, "{size}");
        }
    }
}
