use crate::backend::{Created, Sink};
use crate::error::BlobError;
use crate::id::BlobId;
use crate::key::Key;
use crate::store::Put;
use crate::task;
use bytes::Bytes;

/// A blob that is written piece by piece, its id not known before its end. Nothing is visible until
/// [`Upload::finish`]. One that is dropped, or whose process dies, leaves a temporary file in a folder,
/// which [`crate::BlobStore::sweep_temporary`] removes; on S3 it leaves the parts of an unfinished
/// multipart upload, which the bucket's own rule for those must remove, and at worst a temporary object.
pub struct Upload {
    pub(crate) hasher: blake3::Hasher,
    pub(crate) size: u64,
    pub(crate) limit: u64,
    /// `None` after a failure: what was written is unknown, so nothing may follow.
    pub(crate) sink: Option<Sink>,
}

impl Upload {
    /// How many bytes were written so far.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size
    }

    /// Appends bytes. After an error the upload takes no more and cannot be finished.
    ///
    /// # Errors
    /// When the store cannot take them, or the upload grows over its limit.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        let mut sink = self.sink.take().ok_or(BlobError::Poisoned)?;
        let size = self.size + bytes.len() as u64;
        if size > self.limit {
            let what = "the upload".to_owned();
            // What was asked is refused either way; a temporary object left behind is swept later.
            let _ = sink.abort().await;
            return Err(BlobError::TooLarge { what, size, limit: self.limit });
        }
        if bytes.is_empty() {
            self.sink = Some(sink);
            return Ok(());
        }
        task::add_to(&mut self.hasher, &bytes).await?;
        match sink.write(bytes).await {
            Ok(()) => {
                self.size = size;
                self.sink = Some(sink);
                Ok(())
            }
            Err(error) => {
                // The error that matters is the one before.
                let _ = sink.abort().await;
                Err(error)
            }
        }
    }

    /// Puts the blob in its place, durably, and says whether it was there already.
    ///
    /// # Errors
    /// When the store cannot take it; it is then not there.
    pub async fn finish(mut self) -> Result<(BlobId, Put), BlobError> {
        let sink = self.sink.take().ok_or(BlobError::Poisoned)?;
        let id = BlobId::from_bytes(*self.hasher.finalize().as_bytes());
        match sink.finish(Key::blob(&id), self.size).await? {
            Created::New(_) => Ok((id, Put::Stored)),
            Created::There { .. } => Ok((id, Put::Already)),
        }
    }

    /// Takes back what was written.
    ///
    /// # Errors
    /// When the store cannot remove it; it is swept later.
    pub async fn abort(mut self) -> Result<(), BlobError> {
        match self.sink.take() {
            Some(sink) => sink.abort().await,
            None => Ok(()),
        }
    }
}
