use crate::error::BlobError;
use crate::id::BlobId;
use bytes::Bytes;

/// Below this the hash takes less time than handing the bytes to another thread.
const HASHED_HERE: usize = 128 << 10;

/// Runs what blocks (files, long hashes) away from the runtime's workers.
pub(crate) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Err(BlobError::Stopped { doing }),
    }
}

/// The id of these bytes.
pub(crate) async fn id_of(bytes: &Bytes) -> Result<BlobId, BlobError> {
    if bytes.len() <= HASHED_HERE {
        return Ok(BlobId::of(bytes));
    }
    let bytes = bytes.clone();
    blocking("hashing", move || Ok(BlobId::of(&bytes))).await
}

/// Adds bytes to a hash.
pub(crate) async fn add_to(hasher: &mut blake3::Hasher, bytes: &Bytes) -> Result<(), BlobError> {
    if bytes.len() <= HASHED_HERE {
        hasher.update(bytes);
        return Ok(());
    }
    let (mut grown, bytes) = (hasher.clone(), bytes.clone());
    *hasher = blocking("hashing", move || {
        grown.update(&bytes);
        Ok(grown)
    })
    .await?;
    Ok(())
}
