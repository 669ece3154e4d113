//! What a reader of damaged bytes must see, on every kind of store.

use bytes::Bytes;
use keep_blob::{BlobError, BlobId, BlobStore, PartDigest};

/// Byte 123,456 of these 300,000 was flipped.
pub(crate) async fn is_found(store: &BlobStore, id: &BlobId, good: &Bytes, now: BlobId) {
    let damaged = |error: &BlobError| matches!(error, BlobError::Damaged { id: of, found } if of == id && *found == now);
    let error = store.get(id).await.unwrap_err();
    assert!(damaged(&error), "{error:?}");
    let error = read_to_end(store, id).await.unwrap_err();
    assert!(damaged(&error), "{error:?}");
    let error = store.part(id, 123_000..124_000, &PartDigest::of(&good[123_000..124_000])).await.unwrap_err();
    assert!(matches!(error, BlobError::DamagedPart { .. }), "{error:?}");
    let sound = store.part(id, 0..1000, &PartDigest::of(&good[..1000])).await.unwrap();
    assert_eq!(sound, good[..1000]);
}

/// All but the first bytes are gone.
pub(crate) async fn cut_off_is_found(store: &BlobStore, id: &BlobId, good: &Bytes, kept: usize) {
    let error = store.get(id).await.unwrap_err();
    assert!(matches!(error, BlobError::Damaged { .. }), "{error:?}");
    let error = read_to_end(store, id).await.unwrap_err();
    assert!(matches!(error, BlobError::Damaged { .. }), "{error:?}");
    for start in [kept - 10, kept, kept + 10] {
        let range = start..start + 20;
        let expected = PartDigest::of(&good[range.clone()]);
        let error = store.part(id, range.start as u64..range.end as u64, &expected).await.unwrap_err();
        assert!(matches!(error, BlobError::Short { .. }), "{range:?}: {error:?}");
    }
}

async fn read_to_end(store: &BlobStore, id: &BlobId) -> Result<(), BlobError> {
    let mut reader = store.read(id).await?;
    while reader.next().await?.is_some() {}
    Ok(())
}
