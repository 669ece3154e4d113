//! Uploads in parts, of bytes that are there and of bytes that are still to come.

use super::Objects;
use crate::backend::Created;
use crate::error::BlobError;
use crate::key::Key;
use crate::refusal::told;
use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The size of an upload's parts. S3 wants at least 5 MiB and takes 10,000 parts; some servers want all
/// but the last alike.
pub(super) const PART_BYTES: usize = 8 << 20;

/// An upload in parts, several of them on their way at once.
pub(super) struct Parts {
    upload: Box<dyn MultipartUpload>,
    under_way: JoinSet<object_store::Result<()>>,
}

impl Parts {
    pub(super) async fn begin(objects: &Objects, path: ObjectPath) -> Result<Self, BlobError> {
        let upload = objects.store.put_multipart(&path).await.map_err(|e| told("storing", e))?;
        Ok(Self { upload, under_way: JoinSet::new() })
    }

    /// Sends a part off, waiting while too many are on their way: that bounds the memory.
    pub(super) async fn add(&mut self, objects: &Objects, part: PutPayload) -> Result<(), BlobError> {
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

    pub(super) async fn complete(mut self) -> Result<(), BlobError> {
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

    pub(super) async fn abort(mut self) -> Result<(), BlobError> {
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
    pub(super) objects: Arc<Objects>,
    pub(super) temporary: ObjectPath,
    pub(super) buffer: VecDeque<Bytes>,
    pub(super) buffered: usize,
    pub(super) parts: Option<Parts>,
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
