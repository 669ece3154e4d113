//! The bytes of an answer: whole, within what it declared, or as they come.

use crate::error::BlobError;
use crate::refusal::told;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::GetResult;

/// Reads an answer into memory, never more than it declared.
pub(super) async fn collect(got: GetResult, declared: u64, what: String) -> Result<Bytes, BlobError> {
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
    pub(super) stream: BoxStream<'static, object_store::Result<Bytes>>,
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
