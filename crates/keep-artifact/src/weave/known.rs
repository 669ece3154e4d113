//! What is stored already and taken into a new version as it is: whole regions, and chunks.

use super::{Loom, MIN_REGION_BYTES};
use crate::error::ArtifactError;
use crate::manifest::{BundleRef, Known, Manifest, StoredChunk};
use crate::put::Check;
use crate::shelf::Shelf;
use crate::store;
use keep_blob::BlobId;
use keep_tensor::pipeline::Chunk;
use keep_types::Act;
use std::sync::Arc;

impl<A: Act + Sync> Loom<'_, A> {
    /// A region that is stored already, as a region of this version.
    pub(super) fn find(&mut self, known: &Known) -> Result<Option<u32>, ArtifactError> {
        if let Some(at) = self.known.get(known) {
            return Ok(Some(*at));
        }
        if known.bytes < MIN_REGION_BYTES {
            return Ok(None);
        }
        let (home, what) = (self.built_on.home.clone(), *known);
        let seen = self.db.read(move |tx| store::known_region(tx.sql(), &home, &what)).wait()?;
        let Some(seen) = seen else { return Ok(None) };
        let taken = self.take(seen.manifest, seen.at)?;
        if let Some(at) = taken {
            self.known.insert(*known, at);
            self.seen.push((*known, at));
        }
        Ok(taken)
    }

    fn manifest(&mut self, id: BlobId) -> Result<Option<Arc<Manifest>>, ArtifactError> {
        if let Some(known) = self.manifests.get(&id) {
            return Ok(known.clone());
        }
        let read = match self.shelf.wait(self.shelf.manifest(&id)) {
            Ok(manifest) => Some(Arc::new(manifest)),
            // Collected since it was found, or damaged: then the region is not known after all.
            Err(error) if error.is_damage() => {
                self.stored_anew += 1;
                None
            }
            Err(error) => return Err(error),
        };
        self.manifests.insert(id, read.clone());
        Ok(read)
    }

    /// Takes a region of a stored version into this one, with whatever it differs from.
    pub(super) fn take(&mut self, id: BlobId, at: u32) -> Result<Option<u32>, ArtifactError> {
        if let Some(taken) = self.taken.get(&(id, at)) {
            return Ok(*taken);
        }
        let taken = match self.manifest(id)? {
            Some(manifest) => self.take_from(id, &manifest, at)?,
            None => None,
        };
        self.taken.insert((id, at), taken);
        Ok(taken)
    }

    fn take_from(&mut self, id: BlobId, manifest: &Manifest, at: u32) -> Result<Option<u32>, ArtifactError> {
        let Some(region) = manifest.regions.get(at as usize) else { return Ok(None) };
        let base = match region.base {
            None => None,
            Some(base) => match self.take(id, base)? {
                Some(base) => Some(base),
                None => return Ok(None),
            },
        };
        if !self.is_whole(manifest, manifest.chunks_of(at))? {
            self.stored_anew += 1;
            return Ok(None);
        }
        let mut chunks = Vec::with_capacity(region.count as usize);
        for chunk in manifest.chunks_of(at) {
            let bundle = manifest.bundles[chunk.bundle as usize];
            let Some(bundle) = self.pour.take_up(self.started, bundle)? else { return Ok(None) };
            chunks.push(StoredChunk { bundle, ..*chunk });
        }
        self.push(region.what, base, region.depth, &chunks).map(Some)
    }

    /// Whether stored chunks are as they were stored, as far as this put looks. What is damaged or gone is
    /// stored anew rather than relied on.
    fn is_whole(&mut self, manifest: &Manifest, chunks: &[StoredChunk]) -> Result<bool, ArtifactError> {
        for chunk in chunks {
            if !self.pour.is_there(&manifest.bundles[chunk.bundle as usize])? {
                return Ok(false);
            }
        }
        if self.built_on.check == Check::Sizes {
            return Ok(true);
        }
        let located = |chunk: &StoredChunk| (manifest.bundles[chunk.bundle as usize].id, *chunk);
        let mut ahead = self.shelf.ahead(chunks.iter().map(located).collect());
        let mut bytes = Vec::new();
        for _ in chunks {
            match ahead.next(&mut bytes).map_err(ArtifactError::from) {
                Ok(()) => {}
                Err(error) if error.is_damage() => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// A chunk that is stored already, in this version or another.
    pub(super) fn find_chunk(&mut self, chunk: &Chunk) -> Result<Option<StoredChunk>, ArtifactError> {
        if let Some(own) = self.pour.own(&chunk.hash) {
            return Ok(Some(own));
        }
        let (home, hash) = (self.built_on.home.clone(), chunk.hash);
        let found = self.db.read(move |tx| store::known_chunk(tx.sql(), &home, &hash)).wait()?;
        let Some(found) = found else { return Ok(None) };
        let bundle = BundleRef { id: found.bundle, bytes: found.bundle_bytes };
        let (start, bytes, raw_bytes) = (found.start, found.bytes, chunk.raw_len);
        let known = StoredChunk { hash, bundle: 0, start, bytes, raw_bytes };
        if !self.chunk_is_whole(bundle, known)? {
            self.stored_anew += 1;
            return Ok(None);
        }
        let taken = self.pour.take_up(self.started, bundle)?;
        Ok(taken.map(|bundle| StoredChunk { bundle, ..known }))
    }

    fn chunk_is_whole(&mut self, bundle: BundleRef, chunk: StoredChunk) -> Result<bool, ArtifactError> {
        if !self.pour.is_there(&bundle)? {
            return Ok(false);
        }
        if self.built_on.check == Check::Sizes {
            return Ok(true);
        }
        match self.shelf.wait(Shelf::chunk(&self.shelf.store, bundle.id, chunk)).map_err(ArtifactError::from)
        {
            Ok(_) => Ok(true),
            Err(error) if error.is_damage() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
