//! Stores that `object_store` speaks to: S3, and memory.

use crate::backend::{Created, Entry, Meta, Replaced, Want};
use crate::error::BlobError;
use crate::folder::random_name;
use crate::key::{BLOBS, Key, TEMPORARY};
use crate::refusal::{is_missing, told};
use crate::store::Tag;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use keep_types::Timestamp;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{
    Error, GetOptions, GetRange, GetResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutOptions, PutPayload, UpdateVersion,
};
use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The size of an upload's parts. S3 wants at least 5 MiB and takes 10,000 parts; some servers want all
/// but the last alike.
const PART_BYTES: usize = 8 << 20;

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

/// Reads an answer into memory, never more than it declared.
async fn collect(got: GetResult, declared: u64, what: String) -> Result<Bytes, BlobError> {
    let too_large = |size| BlobError::TooLarge { what: what.clone(), size, limit: declared };
    let mut stream = got.into_stream();
    let first = match stream.next().await {
        None => return Ok(Bytes::new()),
        Some(chunk) => chunk.map_err(|e| told("reading", e))?,
    };
    if first.len() as u64 == declared {
        return Ok(first);
    }
    let mut bytes = Vec::new();
    let length = usize::try_from(declared).map_err(|_| too_large(declared))?;
    bytes.try_reserve_exact(length).map_err(|_| too_large(declared))?;
    bytes.extend_from_slice(&first);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| told("reading", e))?;
        let size = (bytes.len() + chunk.len()) as u64;
        if size > declared {
            return Err(too_large(size));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// The bytes of an answer as they come.
pub(crate) struct Chunks {
    stream: BoxStream<'static, object_store::Result<Bytes>>,
}

impl Chunks {
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        loop {
            match self.stream.next().await.transpose().map_err(|e| told("reading", e))? {
                // Some stores send an empty chunk for an empty object; to a reader it would say nothing.
                Some(chunk) if chunk.is_empty() => {}
                chunk => return Ok(chunk),
            }
        }
    }
}

/// A listing under way.
pub(crate) struct Listing {
    stream: BoxStream<'static, object_store::Result<ObjectMeta>>,
    /// How much of each path is the store's prefix.
    skip: usize,
    state: State,
}

/// How far a listing is. A stream must not be asked again once it ended, and one that failed ends too:
/// taken for the end, that would say that there is no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Ended,
    Failed,
}

impl Listing {
    pub(crate) async fn page(&mut self, most: usize) -> Result<Vec<Entry>, BlobError> {
        if self.state == State::Failed {
            return Err(BlobError::Stopped { doing: "listing" });
        }
        let mut page = Vec::new();
        while page.len() < most && self.state == State::Going {
            match self.stream.next().await {
                None => self.state = State::Ended,
                Some(Err(error)) => {
                    self.state = State::Failed;
                    return Err(told("listing", error));
                }
                Some(Ok(found)) => {
                    let path = found.location.as_ref().get(self.skip..).unwrap_or_default().to_owned();
                    page.push(Entry { path, meta: meta_of(&found) });
                }
            }
        }
        Ok(page)
    }
}

/// An upload in parts, several of them on their way at once.
struct Parts {
    upload: Box<dyn MultipartUpload>,
    under_way: JoinSet<object_store::Result<()>>,
}

impl Parts {
    async fn begin(objects: &Objects, path: ObjectPath) -> Result<Self, BlobError> {
        let upload = objects.store.put_multipart(&path).await.map_err(|e| told("storing", e))?;
        Ok(Self { upload, under_way: JoinSet::new() })
    }

    /// Sends a part off, waiting while too many are on their way: that bounds the memory.
    async fn add(&mut self, objects: &Objects, part: PutPayload) -> Result<(), BlobError> {
        let turn = Arc::clone(&objects.parts).acquire_owned().await;
        let turn = turn.map_err(|_| BlobError::Stopped { doing: "storing" })?;
        while let Some(done) = self.under_way.try_join_next() {
            joined(done)?;
        }
        let sent = self.upload.put_part(part);
        self.under_way.spawn(async move {
            let done = sent.await;
            drop(turn);
            done
        });
        Ok(())
    }

    async fn complete(mut self) -> Result<(), BlobError> {
        if let Err(error) = self.finish().await {
            // The error that matters is the one before.
            let _ = self.upload.abort().await;
            return Err(error);
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), BlobError> {
        while let Some(done) = self.under_way.join_next().await {
            joined(done)?;
        }
        self.upload.complete().await.map(drop).map_err(|e| told("storing", e))
    }

    async fn abort(mut self) -> Result<(), BlobError> {
        self.under_way.shutdown().await;
        self.upload.abort().await.map_err(|e| told("taking back", e))
    }
}

fn joined(done: Result<object_store::Result<()>, tokio::task::JoinError>) -> Result<(), BlobError> {
    match done {
        Ok(sent) => sent.map_err(|e| told("storing", e)),
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Err(BlobError::Stopped { doing: "storing" }),
    }
}

/// A blob whose key follows from bytes that are still to come. What fits into one part waits in memory
/// and is created at once. More goes to a temporary object and is copied to its key by the server at the
/// end: an object cannot be renamed, and keeping it on a local disk until its hash is known would need
/// as much room there as the largest blob.
pub(crate) struct Sink {
    objects: Arc<Objects>,
    temporary: ObjectPath,
    buffer: VecDeque<Bytes>,
    buffered: usize,
    parts: Option<Parts>,
}

impl Sink {
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.buffered += bytes.len();
        self.buffer.push_back(bytes);
        // One part stays behind, so that what fits into one never takes the long way.
        while self.buffered > PART_BYTES {
            let part = self.cut();
            self.send(part).await?;
        }
        Ok(())
    }

    /// The next part: as many bytes as one has, or what there is.
    fn cut(&mut self) -> PutPayload {
        let mut part = Vec::new();
        let mut wanted = PART_BYTES;
        while wanted > 0
            && let Some(mut bytes) = self.buffer.pop_front()
        {
            let taken = bytes.split_to(wanted.min(bytes.len()));
            wanted -= taken.len();
            self.buffered -= taken.len();
            part.push(taken);
            if !bytes.is_empty() {
                self.buffer.push_front(bytes);
            }
        }
        part.into_iter().collect()
    }

    async fn send(&mut self, part: PutPayload) -> Result<(), BlobError> {
        if self.parts.is_none() {
            self.parts = Some(Parts::begin(&self.objects, self.temporary.clone()).await?);
        }
        match &mut self.parts {
            Some(parts) => parts.add(&self.objects, part).await,
            None => Err(BlobError::Poisoned),
        }
    }

    pub(crate) async fn finish(mut self, key: &Key, size: u64) -> Result<Created, BlobError> {
        let last = self.cut();
        let Some(mut parts) = self.parts.take() else {
            return self.objects.create(key, last.into()).await;
        };
        if let Err(error) = parts.add(&self.objects, last).await {
            let _ = parts.abort().await;
            return Err(error);
        }
        parts.complete().await?;
        let placed = self.place(key, size).await;
        // The blob is in its place, or the error says that it is not; a leftover is swept later.
        let _ = self.objects.delete_path(&self.temporary).await;
        placed
    }

    async fn place(&self, key: &Key, size: u64) -> Result<Created, BlobError> {
        match self.objects.meta(key).await? {
            Some(there) if there.size == size => Ok(Created::There { size }),
            _ => {
                // Of two writers the later copies the same bytes once more, which changes nothing.
                let to = key.path(&self.objects.prefix);
                let copied = self.objects.store.copy(&self.temporary, &to).await;
                copied.map(|()| Created::New(None)).map_err(|e| told("copying into place", e))
            }
        }
    }

    pub(crate) async fn abort(self) -> Result<(), BlobError> {
        match self.parts {
            Some(parts) => parts.abort().await,
            None => Ok(()),
        }
    }
}
