//! What all versions hold together: every stored region once, who shows it, and what differs from it.

use crate::error::ArtifactError;
use crate::manifest::{BundleRef, Known, Manifest, StoredChunk};
use crate::name::Key;
use crate::shelf::Shelf;
use crate::store::Found;
use keep_blob::BlobId;
use std::collections::{HashMap, HashSet};

/// A version whose manifest could be read.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) id: i64,
    pub(super) key: Key,
    pub(super) number: u64,
    pub(super) manifest: BlobId,
    /// The regions of its files.
    pub(super) shown: Vec<usize>,
}

/// A region as it is stored, in however many versions.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) what: Known,
    pub(super) base: Option<usize>,
    /// A bundle's number here is its place in the field.
    pub(super) chunks: Vec<StoredChunk>,
    /// Whether a file of any version has it. What is not shown is only there to be differed from.
    pub(super) shown: bool,
    /// The first version that holds it, and where in its manifest.
    pub(super) home: (usize, u32),
}

/// All versions together.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub(super) versions: Vec<Standing>,
    pub(super) bundles: Vec<BundleRef>,
    pub(super) plots: Vec<Plot>,
    by_bundle: HashMap<BlobId, u32>,
    by_likeness: HashMap<[u8; 32], usize>,
    /// Bundles that stay whatever is done: a put holds them, or a version that cannot be read.
    pub(super) pinned: HashSet<u32>,
}

impl Field {
    /// Reads every manifest. Those that cannot be read are given back: what they use is left alone.
    pub(super) fn read(shelf: &Shelf, all: Vec<Found>) -> Result<(Self, Vec<i64>), ArtifactError> {
        let (mut field, mut unread) = (Self::default(), Vec::new());
        for found in all {
            match shelf.wait(shelf.manifest(&found.manifest)) {
                Ok(manifest) => field.add(found, &manifest)?,
                Err(_) => unread.push(found.id),
            }
        }
        Ok((field, unread))
    }

    pub(super) fn pin(&mut self, blobs: &[BlobId]) {
        self.pinned.extend(blobs.iter().filter_map(|blob| self.by_bundle.get(blob)));
    }

    fn add(&mut self, found: Found, manifest: &Manifest) -> Result<(), ArtifactError> {
        let version = self.versions.len();
        let own = self.places(manifest, Some(version))?;
        let pieces = manifest.files().flat_map(|(_, file)| &file.pieces);
        let mut shown: Vec<usize> = pieces.map(|piece| own[piece.region as usize]).collect();
        shown.sort_unstable();
        shown.dedup();
        for plot in &shown {
            self.plots[*plot].shown = true;
        }
        let Found { id, key, number, manifest, .. } = found;
        self.versions.push(Standing { id, key, number, manifest, shown });
        Ok(())
    }

    /// Which plot each region of a manifest is. Those that are new are added, if a version is named.
    pub(super) fn places(
        &mut self,
        manifest: &Manifest,
        version: Option<usize>,
    ) -> Result<Vec<usize>, ArtifactError> {
        let bundles = manifest.bundles.iter().map(|bundle| self.bundle(bundle));
        let bundles = bundles.collect::<Result<Vec<_>, _>>()?;
        let (mut own, mut likenesses) = (Vec::new(), Vec::<[u8; 32]>::new());
        for at in 0..manifest.regions.len() {
            let at = u32::try_from(at).map_err(|_| ArtifactError::TooMany)?;
            let region = manifest.regions[at as usize];
            let below = region.base.map(|base| likenesses[base as usize]);
            let likeness = likeness(manifest, at, below);
            likenesses.push(likeness);
            let known = self.by_likeness.get(&likeness).copied();
            let plot = match (known, version) {
                (Some(plot), _) => plot,
                (None, None) => return Err(ArtifactError::Shifted),
                (None, Some(version)) => {
                    let chunks = manifest.chunks_of(at).iter();
                    let moved = |chunk: &StoredChunk| StoredChunk {
                        bundle: bundles[chunk.bundle as usize],
                        ..*chunk
                    };
                    let base = region.base.map(|base| own[base as usize]);
                    let chunks = chunks.map(moved).collect();
                    self.plots.push(Plot {
                        what: region.what,
                        base,
                        chunks,
                        shown: false,
                        home: (version, at),
                    });
                    self.by_likeness.insert(likeness, self.plots.len() - 1);
                    self.plots.len() - 1
                }
            };
            own.push(plot);
        }
        Ok(own)
    }

    fn bundle(&mut self, bundle: &BundleRef) -> Result<u32, ArtifactError> {
        if let Some(at) = self.by_bundle.get(&bundle.id) {
            return Ok(*at);
        }
        let at = u32::try_from(self.bundles.len()).map_err(|_| ArtifactError::TooMany)?;
        self.bundles.push(*bundle);
        self.by_bundle.insert(bundle.id, at);
        Ok(at)
    }
}

/// Two regions are one when they hold the same, in the same chunks, above the same.
fn likeness(manifest: &Manifest, at: u32, below: Option<[u8; 32]>) -> [u8; 32] {
    let what = manifest.regions[at as usize].what;
    let mut hasher = blake3::Hasher::new();
    hasher.update(what.hash.as_bytes()).update(&what.bytes.to_le_bytes()).update(&[what.content]);
    hasher.update(&below.unwrap_or_default());
    for chunk in manifest.chunks_of(at) {
        hasher.update(manifest.bundles[chunk.bundle as usize].id.as_bytes());
        hasher.update(&chunk.start.to_le_bytes()).update(&chunk.raw_bytes.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}
