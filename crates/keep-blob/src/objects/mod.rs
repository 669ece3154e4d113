//! Stores that `object_store` speaks to: S3, and memory.

mod answer;
mod listing;
mod upload;

pub(crate) use answer::Chunks;
pub(crate) use listing::Listing;
pub(crate) use upload::Sink;

use crate::backend::{Created, Meta, Replaced, Want};
use crate::error::BlobError;
use crate::folder::random_name;
use crate::key::{BLOBS, Key, TEMPORARY};
use crate::refusal::{is_missing, told};
use crate::store::Tag;
use answer::collect;
use bytes::Bytes;
use futures_util::StreamExt;
use keep_types::Timestamp;
use listing::State;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{
    Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    UpdateVersion,
};
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Semaphore;
use upload::{PART_BYTES, Parts};

/// Somebody who deletes and stores the same object this often in between is not to be outwaited.
const CREATE_ATTEMPTS: usize = 8;

pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
    /// How many parts of uploads are under way. Apart from the turns of whole operations, since one
    /// that has its turn waits for these.
    parts: Arc<Semaphore>,
}

impl fmt::Debug for Objects {
    /// Says nothing of the store: what it holds to sign requests is nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Objects(…)")
    }
}

impl Objects {
    pub(crate) fn memory(parallel: usize) -> Self {
        Self::new(Arc::new(InMemory::new()), ObjectPath::default(), parallel)
    }

    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: ObjectPath, parallel: usize) -> Self {
        Self { store, prefix, parts: Arc::new(Semaphore::new(parallel.max(1))) }
    }

    pub(crate) async fn create(self: &Arc<Self>, key: &Key, bytes: Bytes) -> Result<Created, BlobError> {
        if goes_in_parts(key, &bytes) {
            return self.create_in_parts(key, bytes).await;
        }
        for _ in 0..CREATE_ATTEMPTS {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match self.store.put_opts(&key.path(&self.prefix), bytes.clone().into(), options).await {
                Ok(done) => return Ok(Created::New(done.e_tag.map(Tag::given))),
                Err(Error::AlreadyExists { .. }) => {}
                Err(error) => return Err(told("storing", error)),
            }
            // What was in the way may have been deleted since; then there is room again.
            if let Some(there) = self.meta(key).await? {
                return Ok(Created::There { size: there.size });
            }
        }
        Err(BlobError::Store {
            doing: "storing",
            reason: "others store and delete the same all the time".into(),
        })
    }

    /// Large bytes go in parts, straight to their key: it is known, and until the end nothing is
    /// visible there. Two writers of one blob write the same, so no condition is needed.
    async fn create_in_parts(self: &Arc<Self>, key: &Key, bytes: Bytes) -> Result<Created, BlobError> {
        if let Some(there) = self.meta(key).await? {
            return Ok(Created::There { size: there.size });
        }
        self.write_in_parts(key, bytes).await?;
        Ok(Created::New(None))
    }

    async fn write_in_parts(self: &Arc<Self>, key: &Key, bytes: Bytes) -> Result<(), BlobError> {
        let mut parts = Parts::begin(self, key.path(&self.prefix)).await?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let part = rest.split_to(PART_BYTES.min(rest.len()));
            if let Err(error) = parts.add(self, part.into()).await {
                // The error that matters is the one before.
                let _ = parts.abort().await;
                return Err(error);
            }
        }
        parts.complete().await
    }

    pub(crate) async fn overwrite(
        self: &Arc<Self>,
        key: &Key,
        bytes: Bytes,
    ) -> Result<Option<Tag>, BlobError> {
        if goes_in_parts(key, &bytes) {
            return self.write_in_parts(key, bytes).await.map(|()| None);
        }
        let done = self.store.put(&key.path(&self.prefix), bytes.into()).await;
        done.map(|done| done.e_tag.map(Tag::given)).map_err(|e| told("storing", e))
    }

    pub(crate) async fn replace(&self, key: &Key, bytes: Bytes, tag: &Tag) -> Result<Replaced, BlobError> {
        let version = UpdateVersion { e_tag: Some(tag.as_str().to_owned()), version: None };
        let options = PutOptions { mode: PutMode::Update(version), ..PutOptions::default() };
        match self.store.put_opts(&key.path(&self.prefix), bytes.into(), options).await {
            Ok(done) => Ok(Replaced::Now(done.e_tag.map(Tag::given))),
            Err(Error::Precondition { .. } | Error::NotFound { .. } | Error::AlreadyExists { .. }) => {
                Ok(Replaced::Not)
            }
            Err(error) => Err(told("storing", error)),
        }
    }

    pub(crate) async fn read(
        &self,
        key: &Key,
        want: Want,
        what: String,
    ) -> Result<(Bytes, Option<Tag>), BlobError> {
        let range = match &want {
            Want::All { .. } => None,
            Want::Range(range) => Some(range.clone()),
        };
        let Some(got) = self.request(key, range, &what).await? else { return Ok((Bytes::new(), None)) };
        let declared = got.range.end.saturating_sub(got.range.start);
        let limit = match want {
            Want::All { limit } => limit,
            Want::Range(range) => range.end.saturating_sub(range.start),
        };
        if declared > limit {
            return Err(BlobError::TooLarge { what, size: declared, limit });
        }
        let tag = got.meta.e_tag.clone().map(Tag::given);
        let bytes = collect(got, declared, what).await?;
        Ok((bytes, tag))
    }

    pub(crate) async fn open_chunks(&self, key: &Key, what: String) -> Result<(u64, Chunks), BlobError> {
        match self.request(key, None, &what).await? {
            Some(got) => Ok((got.meta.size, Chunks { stream: got.into_stream() })),
            None => Err(BlobError::NotFound(what)),
        }
    }

    /// Asks for an object; `None` when the range lies behind its end.
    async fn request(
        &self,
        key: &Key,
        range: Option<Range<u64>>,
        what: &str,
    ) -> Result<Option<GetResult>, BlobError> {
        let start = range.as_ref().map(|range| range.start);
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        match self.store.get_opts(&key.path(&self.prefix), options).await {
            Ok(got) => Ok(Some(got)),
            Err(error) if is_missing(&error) => Err(BlobError::NotFound(what.to_owned())),
            // Servers refuse a range behind the end in several ways; the size tells that from the rest.
            Err(error @ Error::Generic { .. }) if start.is_some() => match self.meta(key).await? {
                Some(meta) if start.is_some_and(|start| start >= meta.size) => Ok(None),
                _ => Err(told("reading", error)),
            },
            Err(error) => Err(told("reading", error)),
        }
    }

    pub(crate) async fn meta(&self, key: &Key) -> Result<Option<Meta>, BlobError> {
        match self.store.head(&key.path(&self.prefix)).await {
            Ok(found) => Ok(Some(meta_of(&found))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(told("looking up", error)),
        }
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<(), BlobError> {
        self.delete_path(&key.path(&self.prefix)).await
    }

    async fn delete_path(&self, path: &ObjectPath) -> Result<(), BlobError> {
        match self.store.delete(path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(told("deleting", error)),
        }
    }

    pub(crate) fn list(&self, below: &[String]) -> Listing {
        let path = below.iter().fold(self.prefix.clone(), |path, part| path.join(part.as_str()));
        let skip = self.prefix.as_ref().len() + usize::from(!self.prefix.as_ref().is_empty());
        Listing { stream: self.store.list(Some(&path)), skip, state: State::Going }
    }

    pub(crate) async fn sweep(&self, before: Timestamp) -> Result<u64, BlobError> {
        let mut listing = self.store.list(Some(&self.prefix.clone().join(TEMPORARY)));
        let mut swept = 0;
        while let Some(found) = listing.next().await {
            let found = found.map_err(|e| told("listing", e))?;
            if meta_of(&found).modified < before {
                self.delete_path(&found.location).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    pub(crate) fn begin(self: &Arc<Self>) -> Result<Sink, BlobError> {
        let temporary = Key::temporary(random_name()?).path(&self.prefix);
        Ok(Sink { objects: Arc::clone(self), temporary, buffer: VecDeque::new(), buffered: 0, parts: None })
    }
}

/// Parts are put together without a condition and without a tag, so named objects never go that way.
fn goes_in_parts(key: &Key, bytes: &Bytes) -> bool {
    bytes.len() > 2 * PART_BYTES && key.folders.first().is_some_and(|first| first == BLOBS)
}

fn meta_of(found: &ObjectMeta) -> Meta {
    Meta { size: found.size, modified: Timestamp::from_ms(found.last_modified.timestamp_millis()) }
}
