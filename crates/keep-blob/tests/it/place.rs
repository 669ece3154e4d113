//! Stores for tests: each has its own place and goes with it.

use bytes::Bytes;
use keep_blob::{BlobOptions, BlobStore, BlobUrl, ObjectName};
use keep_types::Timestamp;
use std::path::PathBuf;
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) store: BlobStore,
    /// The folder, when the store is one.
    pub(crate) root: PathBuf,
    _held: Option<TempDir>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Memory,
    Folder,
}

/// A runtime like the program's: tasks on several threads, timers and sockets.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

impl Place {
    pub(crate) async fn new(kind: Kind) -> Self {
        Self::with(kind, BlobOptions::default()).await
    }

    pub(crate) async fn with(kind: Kind, options: BlobOptions) -> Self {
        match kind {
            Kind::Memory => {
                let store = BlobStore::open(&BlobUrl::Memory, options).await.unwrap();
                Self { store, root: PathBuf::new(), _held: None }
            }
            Kind::Folder => {
                let held = tempfile::tempdir().unwrap();
                let root = held.path().join("store");
                let store = BlobStore::open(&BlobUrl::Folder(root.clone()), options).await.unwrap();
                Self { store, root, _held: Some(held) }
            }
        }
    }
}

/// Bytes that no compressor or sparse file could fake, the same for the same seed.
pub(crate) fn bytes(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

pub(crate) fn name(text: &str) -> ObjectName {
    text.parse().unwrap()
}

/// A moment that everything in a test comes before.
pub(crate) fn far_ahead() -> Timestamp {
    Timestamp::from_ms(i64::MAX)
}
