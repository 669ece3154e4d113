use crate::backend::Chunks;
use crate::error::BlobError;
use crate::id::BlobId;
use crate::task;
use bytes::Bytes;

/// A blob read from beginning to end. Its bytes are right only once [`BlobReader::next`] has returned
/// `None`: a hash over the whole is known at the end. Whoever cannot take back what it did with them
/// asks for parts instead, each with its own digest.
pub struct BlobReader {
    pub(crate) id: BlobId,
    pub(crate) size: u64,
    pub(crate) seen: u64,
    pub(crate) hasher: blake3::Hasher,
    pub(crate) chunks: Chunks,
}

impl BlobReader {
    /// How many bytes the store says there are.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size
    }

    /// The next bytes, or `None` when all have come and hash to the blob's id.
    ///
    /// # Errors
    /// When the store fails, and at the end when the bytes are not those of the blob.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        let found = match self.chunks.next().await? {
            Some(chunk) => {
                self.seen += chunk.len() as u64;
                task::add_to(&mut self.hasher, &chunk).await?;
                // More than was declared may never end; what came is damaged whatever follows.
                if self.seen <= self.size {
                    return Ok(Some(chunk));
                }
                BlobId::from_bytes(*self.hasher.finalize().as_bytes())
            }
            None => BlobId::from_bytes(*self.hasher.finalize().as_bytes()),
        };
        if found == self.id && self.seen == self.size {
            Ok(None)
        } else {
            Err(BlobError::Damaged { id: self.id, found })
        }
    }
}
