//! What differs between two versions: which tensors, by how much, and what that costs.

mod measure;

pub use measure::Moved;

use crate::acts::GetArtifact;
use crate::base::RegionReader;
use crate::engine::Artifacts;
use crate::error::ArtifactError;
use crate::manifest::{FileEntry, Manifest, Piece};
use crate::name::Reference;
use keep_blob::BlobId;
use keep_tensor::{Dtype, RegionKind};
use keep_types::{Caller, Namespace};
use measure::Measure;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How much of two regions is held against each other at once.
const PIECE: usize = 4 << 20;

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// Both have it, with the same size and type, and other values.
    Changed,
    /// Both have it, with another size or type.
    Reshaped,
}

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The file.
    pub path: String,
    /// The tensor in it, or `bytes` and a number for what is none.
    pub part: String,
    /// How it differs.
    pub change: Change,
    /// Its bytes, in the second where both have it.
    pub bytes: u64,
    /// The type of its elements, in the second where both have it; none when it is plain bytes.
    pub dtype: Option<Dtype>,
    /// How many elements of it differ and by how much, where both have it in one size and type.
    pub moved: Option<Moved>,
    /// What the second stores for it that the first does not.
    pub cost_bytes: u64,
}

type Parts<'a> = BTreeMap<(String, String), &'a Piece>;

impl Artifacts {
    /// What differs between two versions.
    ///
    /// # Errors
    /// When one of them is not there or cannot be read as it was stored.
    pub async fn diff(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        (first, second): (&Reference, &Reference),
    ) -> Result<Vec<Difference>, ArtifactError> {
        let mut manifests = Vec::new();
        for reference in [first, second] {
            let found = self.find(caller, namespace, reference).await?;
            let (key, number) = (found.key.clone(), found.number);
            let act =
                GetArtifact { key, number, to: None, part: Some("differences".into()), replaces: false };
            self.gate.admit(caller, act).await?.observe().await?;
            manifests.push(Arc::new(self.manifest_of(&found).await?));
        }
        let (Some(second), Some(first)) = (manifests.pop(), manifests.pop()) else {
            return Err(ArtifactError::Worker);
        };
        self.compute(move |shelf| {
            let readers = (RegionReader::new(shelf.clone(), first), RegionReader::new(shelf, second));
            differences(&readers.0, &readers.1)
        })
        .await?
    }
}

fn parts_of(path: String, file: &FileEntry) -> impl Iterator<Item = ((String, String), &Piece)> {
    file.pieces.iter().enumerate().map(move |(index, piece)| {
        let part = piece.tensor.as_ref().map_or_else(|| format!("bytes {index}"), |t| t.name.clone());
        ((path.clone(), part), piece)
    })
}

/// The parts by file and name. Two versions of one file are compared whatever the file was called.
fn parts(manifest: &Manifest) -> Parts<'_> {
    let single = manifest.head.entries.len() == 1;
    let name = |path: &str| if single { String::new() } else { path.to_owned() };
    manifest.files().flat_map(|(path, file)| parts_of(name(path), file)).collect()
}

fn differences(first: &RegionReader, second: &RegionReader) -> Result<Vec<Difference>, ArtifactError> {
    let (old, new) = (first.manifest(), second.manifest());
    let (before, after) = (parts(old), parts(new));
    let there: HashSet<(BlobId, u32)> =
        old.chunks.iter().map(|chunk| (old.bundles[chunk.bundle as usize].id, chunk.start)).collect();
    let mut found = Vec::new();
    for ((path, part), piece) in &after {
        let what = second.what(piece.region);
        let own = new.chunks_of(piece.region).iter();
        let new_ones =
            own.filter(|chunk| !there.contains(&(new.bundles[chunk.bundle as usize].id, chunk.start)));
        let cost_bytes = new_ones.map(|chunk| u64::from(chunk.bytes)).sum();
        let dtype = dtype_of(second, piece.region);
        let mut add = |change, moved| {
            let (path, part, bytes) = (path.clone(), part.clone(), what.bytes);
            found.push(Difference { path, part, change, bytes, dtype, moved, cost_bytes });
        };
        match before.get(&(path.clone(), part.clone())) {
            None => add(Change::Added, None),
            Some(other) => {
                let known = first.what(other.region);
                if known == what {
                    continue;
                }
                if (known.bytes, known.content) == (what.bytes, what.content) {
                    let moved = moved(first, other.region, second, piece.region)?;
                    add(Change::Changed, Some(moved));
                } else {
                    add(Change::Reshaped, None);
                }
            }
        }
    }
    for ((path, part), piece) in &before {
        if !after.contains_key(&(path.clone(), part.clone())) {
            let (path, part, change) = (path.clone(), part.clone(), Change::Removed);
            let (bytes, dtype) = (first.what(piece.region).bytes, dtype_of(first, piece.region));
            found.push(Difference { path, part, change, bytes, dtype, moved: None, cost_bytes: 0 });
        }
    }
    Ok(found)
}

fn dtype_of(reader: &RegionReader, at: u32) -> Option<Dtype> {
    match reader.manifest().region(at).kind {
        RegionKind::Tensor(tensor) => Some(tensor.dtype),
        RegionKind::Bytes => None,
    }
}

/// Holds two regions of one size and type against each other.
fn moved(first: &RegionReader, one: u32, second: &RegionReader, other: u32) -> Result<Moved, ArtifactError> {
    let (bytes, mut at) = (second.what(other).bytes, 0);
    let mut measure = Measure::new(dtype_of(second, other));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    while at < bytes {
        let size = usize::try_from(bytes - at).map_or(PIECE, |rest| rest.min(PIECE));
        left.resize(size, 0);
        right.resize(size, 0);
        first.read(one, at, &mut left)?;
        second.read(other, at, &mut right)?;
        measure.add(&left, &right);
        at += size as u64;
    }
    Ok(measure.end())
}
