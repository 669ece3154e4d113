//! The few things that every kind of store can do; what a blob is stands above it.

use crate::error::BlobError;
use crate::folder::{self, Folder};
use crate::key::Key;
use crate::objects::{self, Objects};
use crate::store::Tag;
use crate::task::blocking;
use bytes::Bytes;
use keep_types::Timestamp;
use std::ops::Range;
use std::sync::Arc;

/// What a conditional creation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// Stored now, with the tag that the store gave it; without one the tag follows from the bytes.
    New(Option<Tag>),
    /// Something is there already, of this size.
    There { size: u64 },
}

/// What a conditional replacement found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// Replaced now, with the tag as in [`Created::New`].
    Now(Option<Tag>),
    /// Something else, or nothing, is there.
    Not,
}

/// What is known of a stored object without reading it.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) size: u64,
    pub(crate) modified: Timestamp,
}

/// An entry of a listing: the path below the store's root.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) meta: Meta,
}

/// Which bytes of an object are wanted.
#[derive(Clone, Debug)]
pub(crate) enum Want {
    /// All, unless there are more than this.
    All { limit: u64 },
    /// These; fewer come when the object ends before.
    Range(Range<u64>),
}

#[derive(Clone, Debug)]
pub(crate) enum Backend {
    Folder(Arc<Folder>),
    Objects(Arc<Objects>),
}

impl Backend {
    /// Stores under a key that nothing has yet; of several writers one wins.
    pub(crate) async fn create(&self, key: Key, bytes: Bytes) -> Result<Created, BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking("writing", move || folder.create(&key, &bytes)).await
            }
            Self::Objects(objects) => objects.create(&key, bytes).await,
        }
    }

    /// Stores whatever was there before.
    pub(crate) async fn overwrite(&self, key: Key, bytes: Bytes) -> Result<Option<Tag>, BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking("writing", move || folder.overwrite(&key, &bytes)).await.map(|()| None)
            }
            Self::Objects(objects) => objects.overwrite(&key, bytes).await,
        }
    }

    /// Stores in place of what has this tag; says so when something else is there.
    pub(crate) async fn replace(&self, key: Key, bytes: Bytes, tag: Tag) -> Result<Replaced, BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                let done = blocking("writing", move || folder.replace(&key, &bytes, &tag)).await?;
                Ok(if done { Replaced::Now(None) } else { Replaced::Not })
            }
            Self::Objects(objects) => objects.replace(&key, bytes, &tag).await,
        }
    }

    /// Reads into memory; the size is held against the limit before any is set aside.
    pub(crate) async fn read(
        &self,
        key: Key,
        want: Want,
        what: String,
    ) -> Result<(Bytes, Option<Tag>), BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                let bytes = blocking("reading", move || folder.read(&key, &want, &what)).await?;
                Ok((bytes, None))
            }
            Self::Objects(objects) => objects.read(&key, want, what).await,
        }
    }

    /// Opens for reading from the beginning.
    pub(crate) async fn open(&self, key: Key, what: String) -> Result<(u64, Chunks), BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                let opened = blocking("reading", move || folder.open_chunks(&key, &what)).await?;
                Ok((opened.size(), Chunks::Folder(Some(opened))))
            }
            Self::Objects(objects) => {
                let (size, stream) = objects.open_chunks(&key, what).await?;
                Ok((size, Chunks::Objects(stream)))
            }
        }
    }

    /// What is known of an object; `None` when there is none.
    pub(crate) async fn meta(&self, key: Key) -> Result<Option<Meta>, BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking("looking up", move || folder.meta(&key)).await
            }
            Self::Objects(objects) => objects.meta(&key).await,
        }
    }

    /// Removes an object; that there is none is fine.
    pub(crate) async fn delete(&self, key: Key) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking("deleting", move || folder.delete(&key)).await
            }
            Self::Objects(objects) => objects.delete(&key).await,
        }
    }

    /// Everything below these folders.
    pub(crate) fn list(&self, below: Vec<String>) -> Listing {
        match self {
            Self::Folder(folder) => Listing::Folder(Some(folder::Walk::new(Arc::clone(folder), below))),
            Self::Objects(objects) => Listing::Objects(objects.list(&below)),
        }
    }

    /// Removes temporary objects last written before this moment.
    pub(crate) async fn sweep(&self, before: Timestamp) -> Result<u64, BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking("sweeping", move || folder.sweep(before)).await
            }
            Self::Objects(objects) => objects.sweep(before).await,
        }
    }

    /// Begins a blob whose key is not known yet.
    pub(crate) async fn begin(&self) -> Result<Sink, BlobError> {
        match self {
            Self::Folder(folder) => {
                let folder = Arc::clone(folder);
                let begun = blocking("writing", move || folder.begin()).await?;
                Ok(Sink::Folder(Some(begun)))
            }
            Self::Objects(objects) => Ok(Sink::Objects(Box::new(objects.begin()?))),
        }
    }
}

/// The bytes of an opened object, chunk by chunk.
pub(crate) enum Chunks {
    Folder(Option<folder::Chunks>),
    Objects(objects::Chunks),
}

impl Chunks {
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        match self {
            Self::Folder(held) => {
                // Nothing is held after a failure or a read that was given up half way.
                let mut chunks = held.take().ok_or(BlobError::Stopped { doing: "reading" })?;
                let (chunk, chunks) = blocking("reading", move || Ok((chunks.next()?, chunks))).await?;
                *held = Some(chunks);
                Ok(chunk)
            }
            Self::Objects(chunks) => chunks.next().await,
        }
    }
}

/// A listing under way.
pub(crate) enum Listing {
    Folder(Option<folder::Walk>),
    Objects(objects::Listing),
}

impl Listing {
    /// At most so many entries; none when there are no more.
    pub(crate) async fn page(&mut self, most: usize) -> Result<Vec<Entry>, BlobError> {
        match self {
            Self::Folder(held) => {
                // An empty page would say that there is no more.
                let mut walk = held.take().ok_or(BlobError::Stopped { doing: "listing" })?;
                let (page, walk) = blocking("listing", move || Ok((walk.page(most)?, walk))).await?;
                *held = Some(walk);
                Ok(page)
            }
            Self::Objects(listing) => listing.page(most).await,
        }
    }
}

/// Where the bytes of an upload go.
pub(crate) enum Sink {
    Folder(Option<folder::Temporary>),
    Objects(Box<objects::Sink>),
}

impl Sink {
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        match self {
            Self::Folder(held) => {
                let mut file = held.take().ok_or(BlobError::Poisoned)?;
                let file = blocking("writing", move || {
                    file.write(&bytes)?;
                    Ok(file)
                })
                .await?;
                *held = Some(file);
                Ok(())
            }
            Self::Objects(sink) => sink.write(bytes).await,
        }
    }

    /// Puts everything written in its place, all at once.
    pub(crate) async fn finish(self, key: Key, size: u64) -> Result<Created, BlobError> {
        match self {
            Self::Folder(held) => {
                let file = held.ok_or(BlobError::Poisoned)?;
                blocking("writing", move || file.publish_whole(&key)).await
            }
            Self::Objects(sink) => sink.finish(&key, size).await,
        }
    }

    /// Takes everything back.
    pub(crate) async fn abort(self) -> Result<(), BlobError> {
        match self {
            Self::Folder(held) => {
                blocking("writing", move || {
                    drop(held);
                    Ok(())
                })
                .await
            }
            Self::Objects(sink) => sink.abort().await,
        }
    }
}
