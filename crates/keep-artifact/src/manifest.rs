//! What one version is made of: everything that restoring it needs, without the database.
//!
//! Files are pieces in order; a piece is a region, and a region is chunks. A region may be stored as a
//! difference to another region, which then stands in the same manifest with its own chunks: no manifest
//! ever needs another one, so versions can be removed in any order.

mod check;
mod wire;

pub(crate) use check::{MAX_BUNDLE_BYTES, stays_inside};

use keep_blob::BlobId;
use keep_tensor::{Dtype, Format, Hash, Layout, Region, RegionKind, TensorInfo};
use keep_types::{Name, Namespace, Timestamp};
use serde::{Deserialize, Serialize};

/// How many differences may lie upon each other. Each one more is read whenever the last is restored; at
/// eight a restored byte costs at most nine reads.
pub(crate) const MAX_DEPTH: u8 = 8;

/// The types of elements, by the number that stands for each in a manifest.
const DTYPES: [Dtype; 17] = Dtype::NUMBERED;

/// One version, whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) head: Head,
    pub(crate) bundles: Vec<BundleRef>,
    pub(crate) regions: Vec<StoredRegion>,
    pub(crate) chunks: Vec<StoredChunk>,
}

/// What is said of the version as a whole, and its tree of files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) namespace: Namespace,
    pub(crate) name: Name,
    pub(crate) number: u64,
    pub(crate) made: Timestamp,
    pub(crate) by: String,
    pub(crate) shape: Shape,
    pub(crate) entries: Vec<Entry>,
    pub(crate) sums: Sums,
}

/// Whether a version was put as one file or as a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// One file.
    File,
    /// A folder.
    Folder,
}

/// One name in the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub(crate) enum EntryKind {
    File(FileEntry),
    Folder { mode: u32 },
    Link { target: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    pub(crate) mode: u32,
    pub(crate) bytes: u64,
    #[serde(with = "wire::hex_hash")]
    pub(crate) hash: Hash,
    pub(crate) format: Format,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    pub(crate) pieces: Vec<Piece>,
}

/// A run of a file: which region, and which tensor that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) region: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tensor: Option<TensorInfo>,
}

/// A blob that holds chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BundleRef {
    pub(crate) id: BlobId,
    pub(crate) bytes: u64,
}

/// Bytes of one kind that are stored together; known again by their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredRegion {
    pub(crate) what: Known,
    /// The region that its chunks may be differences to; it stands before this one.
    pub(crate) base: Option<u32>,
    pub(crate) depth: u8,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// What a region is known again by: its bytes, and how they are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    pub(crate) hash: Hash,
    pub(crate) bytes: u64,
    pub(crate) content: u8,
}

/// Where a chunk lies and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredChunk {
    pub(crate) hash: Hash,
    pub(crate) bundle: u32,
    pub(crate) start: u32,
    pub(crate) bytes: u32,
    pub(crate) raw_bytes: u32,
}

/// What a version holds and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Files.
    pub files: u64,
    /// Bytes of all files.
    pub raw_bytes: u64,
    /// Bytes that were stored for it and were not there before.
    pub stored_bytes: u64,
    /// Bytes of tensors and other runs that were stored already.
    pub same_region_bytes: u64,
    /// Bytes of chunks that were stored already.
    pub same_chunk_bytes: u64,
    /// Bytes that were stored as differences, before and after.
    pub delta_raw_bytes: u64,
    /// What those took.
    pub delta_stored_bytes: u64,
}

/// Reads a manifest and writes it again: whoever reads what others wrote must do so without harm, and
/// what was read means the same when it is written.
///
/// # Errors
/// When the bytes are no manifest that holds together.
pub fn check_manifest(bytes: &[u8]) -> Result<(), crate::error::ArtifactError> {
    let manifest = Manifest::from_bytes(bytes)?;
    let again = Manifest::from_bytes(&manifest.to_bytes()?)?;
    assert!(again == manifest, "a manifest changed when it was written again");
    Ok(())
}

/// The number that stands for how a region's bytes are encoded: none for plain bytes.
pub(crate) fn content_of(kind: &RegionKind) -> u8 {
    let RegionKind::Tensor(tensor) = kind else { return 0 };
    let at = DTYPES.iter().position(|dtype| *dtype == tensor.dtype);
    at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
}

impl Manifest {
    /// The regions of a file as the codec knows them.
    pub(crate) fn layout(&self, file: &FileEntry) -> Layout {
        let mut start = 0;
        let regions = file.pieces.iter().map(|piece| {
            let len = self.regions[piece.region as usize].what.bytes;
            let kind = piece.tensor.clone().map_or(RegionKind::Bytes, RegionKind::Tensor);
            let region = Region { start, len, kind };
            start += len;
            region
        });
        let regions = regions.collect();
        Layout { format: file.format, note: file.note.clone(), regions }
    }

    /// A region alone, as the codec knows it: what is restored depends on its length and type only.
    pub(crate) fn region(&self, at: u32) -> Region {
        let what = &self.regions[at as usize].what;
        let dtype = usize::from(what.content).checked_sub(1).and_then(|at| DTYPES.get(at));
        let kind = dtype.map_or(RegionKind::Bytes, |dtype| {
            let shape = vec![what.bytes / dtype.width() as u64];
            RegionKind::Tensor(TensorInfo { name: String::new(), dtype: *dtype, shape })
        });
        Region { start: 0, len: what.bytes, kind }
    }

    /// The chunks of a region, in order.
    pub(crate) fn chunks_of(&self, at: u32) -> &[StoredChunk] {
        let region = &self.regions[at as usize];
        &self.chunks[region.first as usize..(region.first + region.count) as usize]
    }

    /// Whether two manifests restore the same version, however each stores it: a collection may store
    /// anew what another store holds as it was put.
    pub(crate) fn restores_the_same(&self, other: &Self) -> bool {
        let plain = |manifest: &Self| {
            let mut head = manifest.head.clone();
            head.sums = Sums::default();
            for entry in &mut head.entries {
                if let EntryKind::File(file) = &mut entry.kind {
                    file.pieces.iter_mut().for_each(|piece| piece.region = 0);
                }
            }
            head
        };
        plain(self) == plain(other)
    }

    /// The files with their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &FileEntry)> {
        self.head.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::File(file) => Some((entry.path.as_str(), file)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::check_manifest;
    use std::fs;
    use std::path::Path;

    /// Those of the corpus that are called `good` must be read for good; no other may do harm.
    #[test]
    fn the_corpus_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/manifest");
        let (mut good, mut refused) = (0, 0);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let read = check_manifest(&bytes);
            if path.file_name().unwrap().to_string_lossy().starts_with("good") {
                read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                good += 1;
                // Whatever is cut off or changed in it is refused, or means the same when written again.
                for end in 0..bytes.len() {
                    assert!(check_manifest(&bytes[..end]).is_err(), "{}, cut at {end}", path.display());
                }
                for at in 0..bytes.len() {
                    let mut changed = bytes.clone();
                    changed[at] ^= 1 << (at % 8);
                    let _ = check_manifest(&changed);
                }
            } else {
                refused += usize::from(read.is_err());
            }
        }
        assert!(good > 2 && refused > 5, "the corpus is missing: {good}, {refused}");
    }
}
