//! What differs between two versions: which tensors, by how much, and what that costs.

use crate::acts::GetArtifact;
use crate::base::RegionReader;
use crate::engine::Artifacts;
use crate::error::ArtifactError;
use crate::manifest::{FileEntry, Manifest, Piece};
use crate::name::Reference;
use keep_blob::BlobId;
use keep_types::{Caller, Namespace};
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
    /// How many bytes of it differ.
    pub differing_bytes: Option<u64>,
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
        let mut add = |change, differing_bytes| {
            let (path, part, bytes) = (path.clone(), part.clone(), what.bytes);
            found.push(Difference { path, part, change, bytes, differing_bytes, cost_bytes });
        };
        match before.get(&(path.clone(), part.clone())) {
            None => add(Change::Added, None),
            Some(other) => {
                let known = first.what(other.region);
                if known == what {
                    continue;
                }
                if (known.bytes, known.content) == (what.bytes, what.content) {
                    let differing = differing(first, other.region, second, piece.region, what.bytes)?;
                    add(Change::Changed, Some(differing));
                } else {
                    add(Change::Reshaped, None);
                }
            }
        }
    }
    for ((path, part), piece) in &before {
        if !after.contains_key(&(path.clone(), part.clone())) {
            let bytes = first.what(piece.region).bytes;
            let (path, part, change) = (path.clone(), part.clone(), Change::Removed);
            found.push(Difference { path, part, change, bytes, differing_bytes: None, cost_bytes: 0 });
        }
    }
    Ok(found)
}

fn differing(
    first: &RegionReader,
    one: u32,
    second: &RegionReader,
    other: u32,
    bytes: u64,
) -> Result<u64, ArtifactError> {
    let (mut left, mut right, mut at, mut count) = (Vec::new(), Vec::new(), 0, 0);
    while at < bytes {
        let size = usize::try_from(bytes - at).map_or(PIECE, |rest| rest.min(PIECE));
        left.resize(size, 0);
        right.resize(size, 0);
        first.read(one, at, &mut left)?;
        second.read(other, at, &mut right)?;
        count += left.iter().zip(&right).filter(|(left, right)| left != right).count() as u64;
        at += size as u64;
    }
    Ok(count)
}
