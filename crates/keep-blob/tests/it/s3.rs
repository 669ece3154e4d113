//! A bucket on a real server, when things go wrong.

use crate::place::{Kind, Place, bytes, name, run, s3_options};
use crate::weed::{self, KEY_ID, SECRET, Weed};
use bytes::Bytes;
use keep_blob::{
    AccessKeys, BlobError, BlobId, BlobOptions, BlobStore, BlobUrl, CredentialSource, Credentials,
    PartDigest, Precondition, Put,
};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where a blob lies in the bucket.
fn path_of(prefix: &str, id: &BlobId) -> String {
    let text = id.to_string();
    format!("{prefix}/blobs/{}/{}", &text[..2], &text[2..])
}

async fn with_credentials(credentials: Credentials) -> Result<BlobStore, BlobError> {
    let mut options = s3_options(&weed::shared().endpoint());
    options.s3.credentials = credentials;
    BlobStore::open(&"s3://keep-test/denied".parse().unwrap(), options).await
}

#[test]
fn damage_is_found_by_every_way_of_reading() {
    run(async {
        let place = Place::new(Kind::S3).await;
        let good = bytes(1, 300_000);
        let (id, _) = place.store.put(good.clone()).await.unwrap();
        let mut flipped = good.to_vec();
        flipped[123_456] ^= 1;
        weed::shared().tamper(&path_of(&place.prefix, &id), &flipped);
        crate::damage::is_found(&place.store, &id, &good, BlobId::of(&flipped)).await;
        assert_eq!(place.store.put_again(good.clone()).await.unwrap(), id);
        assert!(place.store.get(&id).await.unwrap() == good);

        weed::shared().tamper(&path_of(&place.prefix, &id), &good[..100_000]);
        crate::damage::cut_off_is_found(&place.store, &id, &good, 100_000).await;
        assert_eq!(
            place.store.put(good.clone()).await.unwrap(),
            (id, Put::Stored),
            "a put heals what is cut off"
        );
        assert!(place.store.get(&id).await.unwrap() == good);
    });
}

#[test]
fn wrong_credentials_are_denied_and_not_repeated() {
    run(async {
        let keys = |id: &str, secret: &str, session: Option<&str>| {
            Credentials::Keys(AccessKeys::new(id, secret, session).unwrap())
        };
        let cases = [
            keys(KEY_ID, "wrong-hunter3", None),
            keys("NOSUCHKEY", SECRET, None),
            keys(KEY_ID, SECRET, Some("no-such-session-hunter3")),
            Credentials::Anonymous,
        ];
        for credentials in cases {
            let store = with_credentials(credentials.clone()).await.unwrap();
            let id = BlobId::of(b"x");
            let errors = [
                store.put(Bytes::from_static(b"x")).await.unwrap_err(),
                store.get(&id).await.unwrap_err(),
                store.has(&id).await.unwrap_err(),
                store.delete(&id).await.unwrap_err(),
                store.list().next().await.unwrap_err(),
                store.put(bytes(1, 20 << 20)).await.unwrap_err(),
                store.put_named(&name("n"), Bytes::new(), Precondition::Any).await.unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, BlobError::Denied { .. }), "{credentials:?}: {error:?}");
                let said = format!("{error} {error:?} {store:?} {credentials:?}");
                assert!(!said.contains("hunter"), "{said}");
            }
        }
        let missing = with_credentials(Credentials::Missing).await.unwrap_err();
        assert!(matches!(missing, BlobError::Credentials { .. }), "{missing:?}");
    });
}

/// Gives wrong keys first, as a source does whose keys have just expired, then fails, then the right ones.
#[derive(Debug)]
struct Changing(AtomicUsize);

impl CredentialSource for Changing {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<AccessKeys, BlobError>> + Send + '_>> {
        Box::pin(async {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => AccessKeys::new(KEY_ID, "expired", None),
                1 => Err(BlobError::Credentials { why: "the source is asleep".into() }),
                _ => AccessKeys::new(KEY_ID, SECRET, None),
            }
        })
    }
}

#[test]
fn a_source_of_credentials_is_asked_anew() {
    run(async {
        let source = Credentials::Source(Arc::new(Changing(AtomicUsize::new(0))));
        let store = with_credentials(source).await.unwrap();
        let id = BlobId::of(b"never stored");
        let first = store.has(&id).await.unwrap_err();
        assert!(matches!(first, BlobError::Denied { .. }), "{first:?}");
        let second = store.has(&id).await.unwrap_err();
        assert!(second.to_string().contains("asleep"), "{second:?}");
        assert!(!store.has(&id).await.unwrap());
    });
}

#[test]
fn two_stores_with_their_own_connections_write_one_blob() {
    run(async {
        let place = Place::new(Kind::S3).await;
        let other = place.same_again().await;
        for length in [1000, 20 << 20] {
            let whole = bytes(length as u64, length);
            let id = BlobId::of(&whole);
            let (a, b) = tokio::join!(place.store.put(whole.clone()), other.put(whole.clone()));
            assert_eq!((a.unwrap().0, b.unwrap().0), (id, id));
            assert!(place.store.get(&id).await.unwrap() == whole);
        }
    });
}

#[test]
fn a_store_leaves_other_prefixes_alone() {
    run(async {
        let (one, other) = (Place::new(Kind::S3).await, Place::new(Kind::S3).await);
        let (id, _) = one.store.put(bytes(1, 10)).await.unwrap();
        one.store.put_named(&name("n"), Bytes::new(), Precondition::Any).await.unwrap();
        assert!(!other.store.has(&id).await.unwrap());
        assert_eq!(other.store.list().next().await.unwrap(), None);
        assert_eq!(other.store.list_named(None).next().await.unwrap(), None);
        other.store.delete(&id).await.unwrap();
        assert!(one.store.has(&id).await.unwrap());
    });
}

#[test]
fn a_server_killed_half_way_leaves_no_blob() {
    let mut weed = Weed::start();
    run(async {
        let mut options: BlobOptions = s3_options(&weed.endpoint());
        options.s3.patience.retries = 1;
        let url: BlobUrl = "s3://keep-test/killed".parse().unwrap();
        let store = BlobStore::open(&url, options.clone()).await.unwrap();
        let whole = bytes(1, 40 << 20);
        let id = BlobId::of(&whole);
        let before = bytes(2, 100_000);
        let (earlier, _) = store.put(before.clone()).await.unwrap();
        let mut upload = store.begin().await.unwrap();
        upload.write(whole.slice(..20 << 20)).await.unwrap();
        weed.kill();
        // Parts go out beside the writing, so the failure may show one write later; at the end it must.
        let mut outcome = upload.write(whole.slice(20 << 20..)).await;
        if outcome.is_ok() {
            outcome = upload.finish().await.map(drop);
        }
        let error = outcome.unwrap_err();
        assert!(matches!(error, BlobError::Unreachable { .. }), "{error:?}");
        for error in [
            store.put(whole.clone()).await.unwrap_err(),
            store.put(Bytes::from_static(b"x")).await.unwrap_err(),
            store.get(&id).await.unwrap_err(),
            store.part(&id, 0..1, &PartDigest::of(b"x")).await.unwrap_err(),
            store.has(&id).await.unwrap_err(),
            store.list().next().await.unwrap_err(),
        ] {
            assert!(matches!(error, BlobError::Unreachable { .. }), "{error:?}");
        }
        weed.start_again();
        assert!(weed.peek(&path_of("killed", &id)).is_none(), "half a blob is no blob");
        assert!(store.get(&earlier).await.unwrap() == before, "what was there is there");
        assert_eq!(store.put(whole.clone()).await.unwrap(), (id, Put::Stored));
        assert!(store.get(&id).await.unwrap() == whole);
    });
}
