//! Chunks are poured into bundles: a store is slow at many small things.

use crate::error::ArtifactError;
use crate::manifest::{BundleRef, StoredChunk};
use crate::shelf::Shelf;
use crate::store::{self, Pending};
use keep_blob::{BlobError, BlobId, Put};
use keep_db::Db;
use keep_gate::Started;
use keep_tensor::Hash;
use keep_tensor::pipeline::Chunk;
use keep_types::Act;
use std::collections::{HashMap, VecDeque};
use tokio::task::JoinHandle;

/// When a bundle is closed. Large enough that requests do not count, small enough that a few are held in
/// memory and that a collection finds bundles which nothing uses any more.
const BUNDLE_BYTES: usize = 16 << 20;
/// Bundles on their way to the store at once.
const IN_FLIGHT: usize = 3;
/// A bundle begins with this and random bytes, so that no two puts ever make the same blob: one that is
/// being deleted is never one that is being stored.
const MAGIC: &[u8; 8] = b"keepbnd1";
/// Smaller chunks are stored again rather than looked up: a row of the index costs as much.
const MIN_KNOWN_BYTES: usize = 512;

type Stored = JoinHandle<Result<(BlobId, Put), BlobError>>;

/// Where a version's chunks go.
pub(crate) struct Pour<'a> {
    shelf: &'a Shelf,
    db: &'a Db,
    pending: Pending,
    bundles: Vec<BundleRef>,
    by_id: HashMap<BlobId, u32>,
    mine: HashMap<Hash, StoredChunk>,
    /// Bundles that were looked for in the store, and whether they are there with their size.
    looked_for: HashMap<BlobId, bool>,
    buffer: Vec<u8>,
    in_flight: VecDeque<Stored>,
    /// Bytes that were poured.
    pub(crate) poured_bytes: u64,
}

/// What was poured: all bundles, and the chunks that are new.
pub(crate) struct Poured {
    pub(crate) bundles: Vec<BundleRef>,
    pub(crate) new: Vec<(Hash, BlobId, u32, u32)>,
}

impl<'a> Pour<'a> {
    pub(crate) fn new(shelf: &'a Shelf, db: &'a Db, pending: Pending) -> Self {
        Self {
            shelf,
            db,
            pending,
            bundles: Vec::new(),
            by_id: HashMap::new(),
            mine: HashMap::new(),
            looked_for: HashMap::new(),
            buffer: Vec::new(),
            in_flight: VecDeque::new(),
            poured_bytes: 0,
        }
    }

    /// Whether the store has a bundle that it should have, with its size.
    pub(crate) fn is_there(&mut self, bundle: &BundleRef) -> Result<bool, ArtifactError> {
        if self.by_id.contains_key(&bundle.id) {
            return Ok(true);
        }
        if let Some(there) = self.looked_for.get(&bundle.id) {
            return Ok(*there);
        }
        let there = match self.shelf.wait(self.shelf.store.size(&bundle.id)) {
            Ok(size) => size == bundle.bytes,
            Err(BlobError::NotFound(_)) => false,
            Err(error) => return Err(error.into()),
        };
        self.looked_for.insert(bundle.id, there);
        Ok(there)
    }

    /// Takes up a bundle that is stored already; none when it is on its way out.
    pub(crate) fn take_up<A: Act>(
        &mut self,
        started: &Started<A>,
        bundle: BundleRef,
    ) -> Result<Option<u32>, ArtifactError> {
        if let Some(at) = self.by_id.get(&bundle.id) {
            return Ok(Some(*at));
        }
        if !store::hold_known(started, self.db, self.pending, bundle.id)? {
            return Ok(None);
        }
        let at = u32::try_from(self.bundles.len()).map_err(|_| ArtifactError::TooMany)?;
        self.bundles.push(bundle);
        self.by_id.insert(bundle.id, at);
        Ok(Some(at))
    }

    /// A chunk of this version that has the same stored bytes.
    pub(crate) fn own(&self, hash: &Hash) -> Option<StoredChunk> {
        self.mine.get(hash).copied()
    }

    /// Stores a chunk's bytes.
    pub(crate) fn pour<A: Act>(
        &mut self,
        started: &Started<A>,
        chunk: &Chunk,
        stored: &[u8],
    ) -> Result<StoredChunk, ArtifactError> {
        if self.buffer.len() + stored.len() > BUNDLE_BYTES && !self.buffer.is_empty() {
            self.seal(started)?;
        }
        if self.buffer.is_empty() {
            let mut nonce = [0; 16];
            getrandom::fill(&mut nonce).map_err(|_| ArtifactError::Random)?;
            self.buffer.reserve(BUNDLE_BYTES);
            self.buffer.extend_from_slice(MAGIC);
            self.buffer.extend_from_slice(&nonce);
            // Its id is known when it is full.
            self.bundles.push(BundleRef { id: BlobId::from_bytes([0; 32]), bytes: 0 });
        }
        let number = |count: usize| u32::try_from(count).map_err(|_| ArtifactError::TooMany);
        let kept = StoredChunk {
            hash: chunk.hash,
            bundle: number(self.open_at())?,
            start: number(self.buffer.len())?,
            bytes: number(stored.len())?,
            raw_bytes: chunk.raw_len,
        };
        self.buffer.extend_from_slice(stored);
        self.poured_bytes += stored.len() as u64;
        if stored.len() >= MIN_KNOWN_BYTES {
            self.mine.insert(chunk.hash, kept);
        }
        Ok(kept)
    }

    /// Where the open bundle stands among the others: others may have been taken up since it was opened.
    fn open_at(&self) -> usize {
        let unnamed = |bundle: &BundleRef| bundle.bytes == 0;
        self.bundles.iter().rposition(unnamed).unwrap_or(self.bundles.len())
    }

    fn seal<A: Act>(&mut self, started: &Started<A>) -> Result<(), ArtifactError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let at = self.open_at();
        let bytes = bytes::Bytes::from(std::mem::take(&mut self.buffer));
        let bundle = BundleRef { id: BlobId::of(&bytes), bytes: bytes.len() as u64 };
        let held = store::hold_new(started, self.db, self.pending, bundle.id, bundle.bytes);
        self.shelf.wait(held)?;
        self.bundles[at] = bundle;
        self.by_id.insert(bundle.id, u32::try_from(at).map_err(|_| ArtifactError::TooMany)?);
        while self.in_flight.len() >= IN_FLIGHT {
            self.await_one()?;
        }
        let blobs = self.shelf.store.clone();
        self.in_flight.push_back(self.shelf.runtime.spawn(async move { blobs.put(bytes).await }));
        Ok(())
    }

    fn await_one(&mut self) -> Result<(), ArtifactError> {
        if let Some(next) = self.in_flight.pop_front() {
            self.shelf.wait(next).map_err(|_| ArtifactError::Worker)??;
        }
        Ok(())
    }

    /// Whether a chunk is worth a look into the index.
    pub(crate) fn worth_finding(stored: &[u8]) -> bool {
        stored.len() >= MIN_KNOWN_BYTES
    }

    /// Ends the last bundle and waits until all of them are stored.
    pub(crate) fn end<A: Act>(mut self, started: &Started<A>) -> Result<Poured, ArtifactError> {
        self.seal(started)?;
        while !self.in_flight.is_empty() {
            self.await_one()?;
        }
        let bundles = std::mem::take(&mut self.bundles);
        let chunks = self.mine.values();
        let new = chunks.map(|c| (c.hash, bundles[c.bundle as usize].id, c.start, c.bytes)).collect();
        Ok(Poured { bundles, new })
    }
}
