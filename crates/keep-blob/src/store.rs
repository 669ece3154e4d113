use crate::address::BlobUrl;
use crate::backend::{Backend, Created, Replaced, Want};
use crate::error::BlobError;
use crate::folder::Folder;
use crate::id::{BlobId, PartDigest};
use crate::key::{self, BLOBS, Key};
use crate::name::ObjectName;
use crate::objects::Objects;
use crate::options::{BlobOptions, Limits};
use crate::pages::{BlobPages, NamedPages};
use crate::reader::BlobReader;
use crate::s3;
use crate::task::{blocking, id_of};
use crate::upload::Upload;
use bytes::Bytes;
use keep_types::Timestamp;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A store of blobs and named objects; cheap to clone, and every clone is the same store.
#[derive(Clone)]
pub struct BlobStore {
    backend: Backend,
    limits: Limits,
    turns: Arc<Semaphore>,
    url: BlobUrl,
}

/// What a put found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The bytes were not there and are now.
    Stored,
    /// They were there already.
    Already,
}

/// What must hold for a named object to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing has the name.
    Absent,
    /// What has the name is what this tag came with.
    Matches(Tag),
    /// Nothing: whatever is there is replaced.
    Any,
}

/// A mark of a named object's content, given by the store; equal marks mean equal content.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tag(String);

/// A named object as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its bytes.
    pub bytes: Bytes,
    /// What to hand in as [`Precondition::Matches`] to replace exactly this.
    pub tag: Tag,
}

impl Tag {
    /// The tag of a store that has no better one: the hash of the content.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(BlobId::of(bytes).to_string())
    }

    pub(crate) fn given(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.0)
    }
}

fn blob_text(id: &BlobId) -> String {
    format!("blob {id}")
}

impl BlobStore {
    /// Opens a store. A folder is made when it is missing; a bucket is not, and nothing is asked of it
    /// before the first operation. Each `memory:` is a new, empty store.
    ///
    /// # Errors
    /// When the folder cannot be used, or the address or credentials are refused.
    pub async fn open(url: &BlobUrl, options: BlobOptions) -> Result<Self, BlobError> {
        let limits = options.limits.clone();
        let backend = match url {
            BlobUrl::Folder(path) => {
                let (path, wait) = (path.clone(), limits.lock_wait);
                let folder = blocking("opening", move || Folder::open(&path, wait)).await?;
                Backend::Folder(Arc::new(folder))
            }
            BlobUrl::Memory => Backend::Objects(Arc::new(Objects::memory(limits.parallel))),
            BlobUrl::S3 { bucket, prefix } => {
                let (bucket, prefix) = (bucket.clone(), prefix.clone());
                let (s3, parallel) = (options.s3, limits.parallel);
                // Reading the system's certificates is reading a file.
                let opened = blocking("opening", move || s3::open(&bucket, &prefix, &s3, parallel)).await?;
                Backend::Objects(Arc::new(opened))
            }
        };
        let turns = Arc::new(Semaphore::new(limits.parallel.max(1)));
        Ok(Self { backend, limits, turns, url: url.clone() })
    }

    /// The same store with other limits and turns of its own.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        let turns = Arc::new(Semaphore::new(limits.parallel.max(1)));
        Self { backend: self.backend.clone(), limits, turns, url: self.url.clone() }
    }

    /// Where this store lies.
    #[must_use]
    pub fn url(&self) -> &BlobUrl {
        &self.url
    }

    /// Stores bytes under their hash. They are durable when this returns.
    ///
    /// What is there already is believed if it has the right size, and replaced if it does not; its
    /// bytes are checked when they are read. A blob that another deletes at the same moment may be
    /// gone although this returned [`Put::Already`]: whoever deletes must know that nobody is putting.
    ///
    /// # Errors
    /// When the store cannot take them, or they are more than [`Limits::whole_bytes`].
    pub async fn put(&self, bytes: Bytes) -> Result<(BlobId, Put), BlobError> {
        let _turn = self.turn().await?;
        within("the blob", bytes.len() as u64, self.limits.whole_bytes)?;
        let id = id_of(&bytes).await?;
        match self.backend.create(Key::blob(&id), bytes.clone()).await? {
            Created::New(_) => Ok((id, Put::Stored)),
            Created::There { size } if size == bytes.len() as u64 => Ok((id, Put::Already)),
            Created::There { .. } => {
                self.backend.overwrite(Key::blob(&id), bytes).await?;
                Ok((id, Put::Stored))
            }
        }
    }

    /// Stores bytes under their hash whatever is there: what a caller does who found them damaged and
    /// has the right ones.
    ///
    /// # Errors
    /// As [`BlobStore::put`].
    pub async fn put_again(&self, bytes: Bytes) -> Result<BlobId, BlobError> {
        let _turn = self.turn().await?;
        within("the blob", bytes.len() as u64, self.limits.whole_bytes)?;
        let id = id_of(&bytes).await?;
        self.backend.overwrite(Key::blob(&id), bytes).await?;
        Ok(id)
    }

    /// Begins a blob that is written piece by piece.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn begin(&self) -> Result<Upload, BlobError> {
        let _turn = self.turn().await?;
        let sink = self.backend.begin().await?;
        Ok(Upload {
            hasher: blake3::Hasher::new(),
            size: 0,
            limit: self.limits.upload_bytes,
            sink: Some(sink),
        })
    }

    /// A whole blob, verified.
    ///
    /// # Errors
    /// When there is none, it is damaged, or it is larger than [`Limits::whole_bytes`].
    pub async fn get(&self, id: &BlobId) -> Result<Bytes, BlobError> {
        let _turn = self.turn().await?;
        let want = Want::All { limit: self.limits.whole_bytes };
        let (bytes, _) = self.backend.read(Key::blob(id), want, blob_text(id)).await?;
        let found = id_of(&bytes).await?;
        if found == *id { Ok(bytes) } else { Err(BlobError::Damaged { id: *id, found }) }
    }

    /// Some bytes of a blob, verified against the digest that the caller keeps of them.
    ///
    /// # Errors
    /// When there is no such blob, it ends before, the bytes are others, or the range is larger than
    /// [`Limits::part_bytes`].
    pub async fn part(
        &self,
        id: &BlobId,
        range: Range<u64>,
        expected: &PartDigest,
    ) -> Result<Bytes, BlobError> {
        let _turn = self.turn().await?;
        let (start, end) = (range.start, range.end);
        let length = end.saturating_sub(start);
        within("the part", length, self.limits.part_bytes)?;
        let bytes = if length == 0 {
            // A store refuses an empty range; that the blob exists and is long enough still counts.
            let size = self.size_now(id).await?;
            if size < start {
                return Err(BlobError::Short { id: *id, start, end });
            }
            Bytes::new()
        } else {
            self.backend.read(Key::blob(id), Want::Range(range), blob_text(id)).await?.0
        };
        if bytes.len() as u64 != length {
            return Err(BlobError::Short { id: *id, start, end });
        }
        let found = PartDigest::from_bytes(*id_of(&bytes).await?.as_bytes());
        if found == *expected {
            Ok(bytes)
        } else {
            Err(BlobError::DamagedPart { id: *id, start, end, found })
        }
    }

    /// A blob as a stream, verified at its end.
    ///
    /// # Errors
    /// When there is none or the store cannot be read.
    pub async fn read(&self, id: &BlobId) -> Result<BlobReader, BlobError> {
        let _turn = self.turn().await?;
        let (size, chunks) = self.backend.open(Key::blob(id), blob_text(id)).await?;
        Ok(BlobReader { id: *id, size, seen: 0, hasher: blake3::Hasher::new(), chunks })
    }

    /// Whether there is such a blob. Its bytes are not read.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn has(&self, id: &BlobId) -> Result<bool, BlobError> {
        let _turn = self.turn().await?;
        Ok(self.backend.meta(Key::blob(id)).await?.is_some())
    }

    /// How many bytes are stored for a blob. They are not read.
    ///
    /// # Errors
    /// When there is no such blob or the store cannot be asked.
    pub async fn size(&self, id: &BlobId) -> Result<u64, BlobError> {
        let _turn = self.turn().await?;
        self.size_now(id).await
    }

    async fn size_now(&self, id: &BlobId) -> Result<u64, BlobError> {
        let found = self.backend.meta(Key::blob(id)).await?;
        found.map(|meta| meta.size).ok_or_else(|| BlobError::NotFound(blob_text(id)))
    }

    /// Removes a blob; that there is none is fine. See [`BlobStore::put`] for what must hold.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn delete(&self, id: &BlobId) -> Result<(), BlobError> {
        let _turn = self.turn().await?;
        self.backend.delete(Key::blob(id)).await
    }

    /// All blobs.
    #[must_use]
    pub fn list(&self) -> BlobPages {
        BlobPages { listing: self.backend.list(vec![BLOBS.into()]), page: self.limits.page.max(1) }
    }

    /// Writes a small object under a name of the caller's choosing and returns its tag.
    ///
    /// When an answer of a server is lost and the request repeated, a write that did happen can be
    /// reported as [`BlobError::Conflict`]: read again and compare.
    ///
    /// # Errors
    /// [`BlobError::Conflict`] when the precondition does not hold; otherwise when the store fails or
    /// the object is larger than [`Limits::named_bytes`].
    pub async fn put_named(
        &self,
        name: &ObjectName,
        bytes: Bytes,
        if_: Precondition,
    ) -> Result<Tag, BlobError> {
        let _turn = self.turn().await?;
        within("the object", bytes.len() as u64, self.limits.named_bytes)?;
        let key = Key::named(name);
        let conflict = || BlobError::Conflict { name: name.to_string() };
        let given = match if_ {
            Precondition::Any => self.backend.overwrite(key, bytes.clone()).await?,
            Precondition::Absent => match self.backend.create(key, bytes.clone()).await? {
                Created::New(tag) => tag,
                Created::There { .. } => return Err(conflict()),
            },
            Precondition::Matches(tag) => match self.backend.replace(key, bytes.clone(), tag).await? {
                Replaced::Now(tag) => tag,
                Replaced::Not => return Err(conflict()),
            },
        };
        Ok(given.unwrap_or_else(|| Tag::of(&bytes)))
    }

    /// A named object. Names say nothing of bytes, so nothing is verified here: whoever stores what
    /// must not change behind its back signs it or keeps its digest.
    ///
    /// # Errors
    /// When there is none, or it is larger than [`Limits::named_bytes`].
    pub async fn get_named(&self, name: &ObjectName) -> Result<Named, BlobError> {
        let _turn = self.turn().await?;
        let want = Want::All { limit: self.limits.named_bytes };
        let (bytes, given) = self.backend.read(Key::named(name), want, format!("object {name}")).await?;
        let tag = given.unwrap_or_else(|| Tag::of(&bytes));
        Ok(Named { bytes, tag })
    }

    /// Removes a named object; that there is none is fine.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn delete_named(&self, name: &ObjectName) -> Result<(), BlobError> {
        let _turn = self.turn().await?;
        self.backend.delete(Key::named(name)).await
    }

    /// All named objects, or those whose names begin with this one and a slash.
    #[must_use]
    pub fn list_named(&self, below: Option<&ObjectName>) -> NamedPages {
        let parts = below.into_iter().flat_map(ObjectName::parts);
        let folders = std::iter::once(key::NAMED).chain(parts).map(Into::into).collect();
        NamedPages { listing: self.backend.list(folders), page: self.limits.page.max(1) }
    }

    /// Removes what writers that died left behind, if it was last written before this moment, and says
    /// how much there was. A moment too near takes away what somebody is still writing.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn sweep_temporary(&self, before: Timestamp) -> Result<u64, BlobError> {
        let _turn = self.turn().await?;
        self.backend.sweep(before).await
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, BlobError> {
        self.turns.acquire().await.map_err(|_| BlobError::Stopped { doing: "waiting for its turn" })
    }
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobStore({})", self.url)
    }
}

fn within(what: &str, size: u64, limit: u64) -> Result<(), BlobError> {
    if size <= limit { Ok(()) } else { Err(BlobError::TooLarge { what: what.to_owned(), size, limit }) }
}
