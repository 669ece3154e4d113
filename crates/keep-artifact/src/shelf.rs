//! The store as the blocking parts of the engine read it. Encoding and decoding are computation, so they
//! run on threads of their own and wait there for the store.

use crate::error::ArtifactError;
use crate::manifest::{Manifest, StoredChunk};
use keep_blob::{BlobId, BlobStore, PartDigest};
use keep_tensor::TensorError;
use std::collections::VecDeque;
use std::io;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Chunks asked for before they are needed: enough to keep a bucket busy, few enough to hold in memory
/// (sixteen of at most 4 MiB).
const AHEAD: usize = 16;

/// A store, and the runtime that it runs on.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) store: BlobStore,
    pub(crate) runtime: Handle,
}

impl Shelf {
    /// Only for threads outside the runtime.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A manifest, checked against its id and in itself.
    pub(crate) async fn manifest(&self, id: &BlobId) -> Result<Manifest, ArtifactError> {
        Manifest::from_bytes(&self.store.get(id).await?)
    }

    /// One chunk's stored bytes, checked against its hash.
    pub(crate) async fn chunk(
        store: &BlobStore,
        bundle: BlobId,
        chunk: StoredChunk,
    ) -> Result<bytes::Bytes, keep_blob::BlobError> {
        let range = u64::from(chunk.start)..u64::from(chunk.start) + u64::from(chunk.bytes);
        store.part(&bundle, range, &PartDigest::from_bytes(*chunk.hash.as_bytes())).await
    }

    /// Chunks in order, asked for ahead of their need.
    pub(crate) fn ahead(&self, wanted: Vec<(BlobId, StoredChunk)>) -> Ahead {
        Ahead { shelf: self.clone(), wanted: wanted.into(), asked: VecDeque::new() }
    }
}

/// Chunks that are on their way.
pub(crate) struct Ahead {
    shelf: Shelf,
    wanted: VecDeque<(BlobId, StoredChunk)>,
    asked: VecDeque<JoinHandle<Result<bytes::Bytes, keep_blob::BlobError>>>,
}

impl Ahead {
    /// The stored bytes of the next chunk.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>) -> Result<(), TensorError> {
        while self.asked.len() < AHEAD {
            let Some((bundle, chunk)) = self.wanted.pop_front() else { break };
            let store = self.shelf.store.clone();
            let asked = async move { Shelf::chunk(&store, bundle, chunk).await };
            self.asked.push_back(Handle::spawn(&self.shelf.runtime, asked));
        }
        let next = self.asked.pop_front().ok_or(TensorError::Worker)?;
        let got = self.shelf.wait(next).map_err(|_| TensorError::Worker)?.map_err(stored)?;
        out.clear();
        out.extend_from_slice(&got);
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        for asked in &self.asked {
            asked.abort();
        }
    }
}

/// A store's error as the codec hands it on; whether it means damage stays known.
pub(crate) fn stored(error: keep_blob::BlobError) -> TensorError {
    // What a manifest names and the store lacks is as damaged as what it holds wrongly.
    let missing = matches!(error, keep_blob::BlobError::NotFound(_));
    let damaged = missing || keep_types::Explain::kind(&error) == keep_types::ErrorKind::Tampered;
    let kind = if damaged { io::ErrorKind::InvalidData } else { io::ErrorKind::Other };
    TensorError::Stored(io::Error::new(kind, error))
}
