//! Stores for tests: each has its own place and goes with it.

use crate::weed;
use bytes::Bytes;
use keep_blob::{AccessKeys, BlobOptions, BlobStore, BlobUrl, Credentials, ObjectName};
use keep_types::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// Tells the places of one process apart.
static NEXT: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Place {
    pub(crate) store: BlobStore,
    /// The folder, when the store is one.
    pub(crate) root: PathBuf,
    /// What the keys begin with, when it is a bucket.
    pub(crate) prefix: String,
    _held: Option<TempDir>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Memory,
    Folder,
    S3,
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
                Self { store, root: PathBuf::new(), prefix: String::new(), _held: None }
            }
            Kind::Folder => {
                let held = tempfile::tempdir().unwrap();
                let root = held.path().join("store");
                let store = BlobStore::open(&BlobUrl::Folder(root.clone()), options).await.unwrap();
                Self { store, root, prefix: String::new(), _held: Some(held) }
            }
            Kind::S3 => {
                let prefix = format!("p{}/{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
                let url: BlobUrl = format!("s3://keep-test/{prefix}").parse().unwrap();
                let server = s3_options(&weed::shared().endpoint());
                let options = BlobOptions { limits: options.limits, ..server };
                let store = BlobStore::open(&url, options).await.unwrap();
                Self { store, root: PathBuf::new(), prefix, _held: None }
            }
        }
    }
}

impl Place {
    /// The same place by another store, as another process would have it.
    pub(crate) async fn same_again(&self) -> BlobStore {
        match self.store.url() {
            // Nobody else can have it.
            BlobUrl::Memory => self.store.clone(),
            BlobUrl::Folder(_) => BlobStore::open(self.store.url(), BlobOptions::default()).await.unwrap(),
            BlobUrl::S3 { .. } => {
                let options = s3_options(&weed::shared().endpoint());
                BlobStore::open(self.store.url(), options).await.unwrap()
            }
        }
    }
}

/// How the test server is spoken to.
pub(crate) fn s3_options(endpoint: &str) -> BlobOptions {
    let mut options = BlobOptions::default();
    options.s3.endpoint = Some(endpoint.parse().unwrap());
    options.s3.credentials = Credentials::Keys(AccessKeys::new(weed::KEY_ID, weed::SECRET, None).unwrap());
    options
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
