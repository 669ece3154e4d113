use crate::backend::Listing;
use crate::error::BlobError;
use crate::id::BlobId;
use crate::key;
use crate::name::ObjectName;
use keep_types::Timestamp;

/// A blob in a listing. Its bytes were not read, so they are not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// The blob.
    pub id: BlobId,
    /// How many bytes are stored.
    pub size_bytes: u64,
    /// When it was stored, by the store's clock.
    pub modified: Timestamp,
}

/// A named object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedEntry {
    /// Its name.
    pub name: ObjectName,
    /// How many bytes are stored.
    pub size_bytes: u64,
    /// When it was stored, by the store's clock.
    pub modified: Timestamp,
}

/// The blobs of a store, page by page, in no promised order. What is stored or deleted meanwhile may or
/// may not be among them.
pub struct BlobPages {
    pub(crate) listing: Listing,
    pub(crate) page: usize,
}

/// The named objects of a store, page by page, in no promised order.
pub struct NamedPages {
    pub(crate) listing: Listing,
    pub(crate) page: usize,
}

impl BlobPages {
    /// The next page, or `None` after the last. Files that are no blobs are passed over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<BlobEntry>>, BlobError> {
        loop {
            let entries = self.listing.page(self.page).await?;
            if entries.is_empty() {
                return Ok(None);
            }
            let blobs: Vec<BlobEntry> = entries
                .into_iter()
                .filter_map(|entry| {
                    let id = key::blob_at(&entry.path)?;
                    Some(BlobEntry { id, size_bytes: entry.meta.size, modified: entry.meta.modified })
                })
                .collect();
            if !blobs.is_empty() {
                return Ok(Some(blobs));
            }
        }
    }
}

impl NamedPages {
    /// The next page, or `None` after the last. Files that are no named objects are passed over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<NamedEntry>>, BlobError> {
        loop {
            let entries = self.listing.page(self.page).await?;
            if entries.is_empty() {
                return Ok(None);
            }
            let named: Vec<NamedEntry> = entries
                .into_iter()
                .filter_map(|entry| {
                    let name = key::name_at(&entry.path)?;
                    Some(NamedEntry { name, size_bytes: entry.meta.size, modified: entry.meta.modified })
                })
                .collect();
            if !named.is_empty() {
                return Ok(Some(named));
            }
        }
    }
}
