//! What every kind of store does alike.

use crate::place::{Kind, Place, bytes, far_ahead, name, run};
use bytes::Bytes;
use keep_blob::{BlobError, BlobId, BlobOptions, BlobStore, PartDigest, Precondition, Put};
use std::collections::BTreeMap;

/// Every test of this file on every kind of store.
macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[test] fn $test() { super::run(super::$test(super::Kind::Memory)); })*
        }
        mod folder {
            $(#[test] fn $test() { super::run(super::$test(super::Kind::Folder)); })*
        }
        /// In one test, since a runner with a process per test would start a server for each.
        #[test]
        fn s3() {
            $(
                println!("{}", stringify!($test));
                run($test(Kind::S3));
            )*
        }
    };
}

on_every_store! {
    what_is_put_comes_back,
    an_empty_blob_is_a_blob,
    a_missing_blob_has_its_own_error,
    parts_are_verified,
    a_large_blob_in_pieces,
    an_upload_in_small_pieces_is_the_same_blob,
    an_aborted_upload_leaves_nothing,
    an_upload_over_its_limit_is_refused,
    a_stream_is_verified_at_its_end,
    deleting_is_final_and_repeatable,
    listings_come_in_pages,
    declared_sizes_are_held_against_limits,
    many_writers_of_one_blob,
    names_hold_small_objects,
    a_name_can_begin_another,
    of_many_creators_one_wins,
    no_update_is_lost,
}

async fn what_is_put_comes_back(kind: Kind) {
    let place = Place::new(kind).await;
    for length in [1, 1000, 200_000, 20 << 20] {
        let bytes = bytes(length as u64, length);
        let (id, put) = place.store.put(bytes.clone()).await.unwrap();
        assert_eq!((id, put), (BlobId::of(&bytes), Put::Stored));
        assert_eq!(place.store.put(bytes.clone()).await.unwrap(), (id, Put::Already));
        assert!(place.store.get(&id).await.unwrap() == bytes, "{length} bytes differ");
        assert!(place.store.has(&id).await.unwrap());
        assert_eq!(place.store.size(&id).await.unwrap(), length as u64);
        assert_eq!(place.store.put_again(bytes.clone()).await.unwrap(), id);
        assert!(place.store.get(&id).await.unwrap() == bytes, "{length} bytes differ");
    }
}

async fn an_empty_blob_is_a_blob(kind: Kind) {
    let place = Place::new(kind).await;
    let (id, put) = place.store.put(Bytes::new()).await.unwrap();
    assert_eq!((id, put), (BlobId::of(b""), Put::Stored));
    assert_eq!(place.store.get(&id).await.unwrap(), Bytes::new());
    assert_eq!(place.store.size(&id).await.unwrap(), 0);
    assert_eq!(place.store.part(&id, 0..0, &PartDigest::of(b"")).await.unwrap(), Bytes::new());
    assert_eq!(place.store.read(&id).await.unwrap().next().await.unwrap(), None);
    let upload = place.store.begin().await.unwrap();
    assert_eq!(upload.finish().await.unwrap(), (id, Put::Already));
    assert_eq!(all_blobs(&place.store).await, BTreeMap::from([(id, 0)]));
}

async fn a_missing_blob_has_its_own_error(kind: Kind) {
    let place = Place::new(kind).await;
    let id = BlobId::of(b"never stored");
    let missing = |error: BlobError| assert!(matches!(error, BlobError::NotFound(_)), "{error:?}");
    missing(place.store.get(&id).await.unwrap_err());
    missing(place.store.size(&id).await.unwrap_err());
    missing(place.store.part(&id, 0..1, &PartDigest::of(b"n")).await.unwrap_err());
    missing(place.store.part(&id, 0..0, &PartDigest::of(b"")).await.unwrap_err());
    missing(place.store.read(&id).await.err().unwrap());
    missing(place.store.get_named(&name("nothing")).await.unwrap_err());
    assert!(!place.store.has(&id).await.unwrap());
    place.store.delete(&id).await.unwrap();
    place.store.delete_named(&name("nothing")).await.unwrap();
}

async fn parts_are_verified(kind: Kind) {
    let place = Place::new(kind).await;
    let whole = bytes(7, 100_000);
    let (id, _) = place.store.put(whole.clone()).await.unwrap();
    for (start, end) in [(0, 1), (0, 100_000), (99_999, 100_000), (5_000, 60_000), (4, 4), (100_000, 100_000)]
    {
        let expected = whole.slice(start..end);
        let part = place.store.part(&id, start as u64..end as u64, &PartDigest::of(&expected)).await.unwrap();
        assert_eq!(part, expected, "{start}..{end}");
    }
    let error = place.store.part(&id, 10..20, &PartDigest::of(&whole[11..21])).await.unwrap_err();
    let found = PartDigest::of(&whole[10..20]);
    assert!(
        matches!(error, BlobError::DamagedPart { id: of, start: 10, end: 20, found: f } if of == id && f == found),
        "{error:?}"
    );
    for (start, end) in [(99_990, 100_010), (100_000, 100_001), (200_000, 200_001), (100_001, 100_001)] {
        let error = place.store.part(&id, start..end, &PartDigest::of(b"")).await.unwrap_err();
        assert!(matches!(error, BlobError::Short { .. }), "{start}..{end}: {error:?}");
    }
}

async fn a_large_blob_in_pieces(kind: Kind) {
    let place = Place::new(kind).await;
    let whole = bytes(3, (20 << 20) + 17);
    for expected in [Put::Stored, Put::Already] {
        let mut upload = place.store.begin().await.unwrap();
        for piece in whole.chunks(3 << 20) {
            upload.write(whole.slice_ref(piece)).await.unwrap();
        }
        assert_eq!(upload.size_bytes(), whole.len() as u64);
        assert_eq!(upload.finish().await.unwrap(), (BlobId::of(&whole), expected));
    }
    let id = BlobId::of(&whole);
    assert!(place.store.get(&id).await.unwrap() == whole);
    assert_eq!(all_blobs(&place.store).await, BTreeMap::from([(id, whole.len() as u64)]));
    assert_eq!(place.store.sweep_temporary(far_ahead()).await.unwrap(), 0, "nothing is left behind");
}

async fn an_upload_in_small_pieces_is_the_same_blob(kind: Kind) {
    let place = Place::new(kind).await;
    let whole = bytes(4, 10_000);
    let mut upload = place.store.begin().await.unwrap();
    for piece in whole.chunks(77) {
        upload.write(whole.slice_ref(piece)).await.unwrap();
        upload.write(Bytes::new()).await.unwrap();
    }
    assert_eq!(upload.finish().await.unwrap(), (BlobId::of(&whole), Put::Stored));
    assert_eq!(place.store.put(whole.clone()).await.unwrap(), (BlobId::of(&whole), Put::Already));
}

async fn an_aborted_upload_leaves_nothing(kind: Kind) {
    let place = Place::new(kind).await;
    for length in [100, 20 << 20] {
        let mut upload = place.store.begin().await.unwrap();
        upload.write(bytes(5, length)).await.unwrap();
        upload.abort().await.unwrap();
        let mut dropped = place.store.begin().await.unwrap();
        dropped.write(bytes(6, 100)).await.unwrap();
        drop(dropped);
    }
    assert_eq!(all_blobs(&place.store).await, BTreeMap::new());
    assert_eq!(place.store.sweep_temporary(far_ahead()).await.unwrap(), 0);
}

async fn an_upload_over_its_limit_is_refused(kind: Kind) {
    let mut options = BlobOptions::default();
    options.limits.upload_bytes = 1000;
    let place = Place::with(kind, options).await;
    let mut upload = place.store.begin().await.unwrap();
    upload.write(bytes(1, 1000)).await.unwrap();
    let error = upload.write(bytes(2, 1)).await.unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { size: 1001, limit: 1000, .. }), "{error:?}");
    assert!(matches!(upload.write(bytes(2, 1)).await, Err(BlobError::Poisoned)));
    assert!(matches!(upload.finish().await, Err(BlobError::Poisoned)));
    assert_eq!(all_blobs(&place.store).await, BTreeMap::new());
}

async fn a_stream_is_verified_at_its_end(kind: Kind) {
    let place = Place::new(kind).await;
    let whole = bytes(8, 5_000_000);
    let (id, _) = place.store.put(whole.clone()).await.unwrap();
    let mut reader = place.store.read(&id).await.unwrap();
    assert_eq!(reader.size_bytes(), whole.len() as u64);
    let mut read = Vec::new();
    while let Some(chunk) = reader.next().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert!(read == whole);
}

async fn deleting_is_final_and_repeatable(kind: Kind) {
    let place = Place::new(kind).await;
    let (id, _) = place.store.put(bytes(1, 10)).await.unwrap();
    let (other, _) = place.store.put(bytes(2, 10)).await.unwrap();
    place.store.delete(&id).await.unwrap();
    place.store.delete(&id).await.unwrap();
    assert!(!place.store.has(&id).await.unwrap());
    assert!(place.store.has(&other).await.unwrap());
    assert_eq!(place.store.put(bytes(1, 10)).await.unwrap(), (id, Put::Stored));
}

async fn listings_come_in_pages(kind: Kind) {
    let mut options = BlobOptions::default();
    options.limits.page = 7;
    let place = Place::with(kind, options).await;
    assert_eq!(place.store.list().next().await.unwrap(), None);
    let mut expected = BTreeMap::new();
    for seed in 0..50 {
        let (id, _) = place.store.put(bytes(seed, seed as usize)).await.unwrap();
        expected.insert(id, seed);
    }
    place.store.put_named(&name("refs/x"), Bytes::from_static(b"x"), Precondition::Any).await.unwrap();
    let mut pages = place.store.list();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await.unwrap() {
        assert!((1..=7).contains(&page.len()));
        for entry in page {
            assert!(entry.modified.ms() > 1_600_000_000_000, "{entry:?}");
            assert_eq!(found.insert(entry.id, entry.size_bytes), None, "listed twice");
        }
    }
    assert_eq!(found, expected);
}

async fn declared_sizes_are_held_against_limits(kind: Kind) {
    let place = Place::new(kind).await;
    let (id, _) = place.store.put(bytes(1, 5000)).await.unwrap();
    let mut options = BlobOptions::default();
    options.limits.whole_bytes = 4999;
    options.limits.part_bytes = 100;
    options.limits.named_bytes = 10;
    let small = place.store.with_limits(options.limits);
    let too_large = |error: BlobError| assert!(matches!(error, BlobError::TooLarge { .. }), "{error:?}");
    too_large(small.get(&id).await.unwrap_err());
    too_large(small.put(bytes(1, 5000)).await.unwrap_err());
    too_large(small.part(&id, 0..101, &PartDigest::of(b"")).await.unwrap_err());
    too_large(small.part(&id, 0..u64::MAX, &PartDigest::of(b"")).await.unwrap_err());
    too_large(small.put_named(&name("n"), bytes(1, 11), Precondition::Any).await.unwrap_err());
    place.store.put_named(&name("n"), bytes(1, 11), Precondition::Any).await.unwrap();
    too_large(small.get_named(&name("n")).await.unwrap_err());
}

async fn many_writers_of_one_blob(kind: Kind) {
    let place = Place::new(kind).await;
    let whole = bytes(9, 300_000);
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let (store, whole) = (place.store.clone(), whole.clone());
            tokio::spawn(async move { store.put(whole).await.unwrap() })
        })
        .collect();
    let mut stored = 0;
    for task in tasks {
        let (id, put) = task.await.unwrap();
        assert_eq!(id, BlobId::of(&whole));
        stored += usize::from(put == Put::Stored);
    }
    assert_eq!(stored, 1);
    assert!(place.store.get(&BlobId::of(&whole)).await.unwrap() == whole);
    assert_eq!(all_blobs(&place.store).await.len(), 1);
}

async fn names_hold_small_objects(kind: Kind) {
    let place = Place::new(kind).await;
    let (store, n) = (&place.store, name("refs/main"));
    let conflict = |error: BlobError| assert!(matches!(error, BlobError::Conflict { .. }), "{error:?}");
    let first = store.put_named(&n, Bytes::from_static(b"one"), Precondition::Absent).await.unwrap();
    conflict(store.put_named(&n, Bytes::from_static(b"two"), Precondition::Absent).await.unwrap_err());
    let read = store.get_named(&n).await.unwrap();
    assert_eq!((&read.bytes[..], &read.tag), (&b"one"[..], &first));
    let second =
        store.put_named(&n, Bytes::from_static(b"two"), Precondition::Matches(first.clone())).await.unwrap();
    conflict(store.put_named(&n, Bytes::from_static(b"x"), Precondition::Matches(first)).await.unwrap_err());
    let other = name("refs/other");
    conflict(
        store
            .put_named(&other, Bytes::from_static(b"x"), Precondition::Matches(second.clone()))
            .await
            .unwrap_err(),
    );
    assert_eq!(&store.get_named(&n).await.unwrap().bytes[..], b"two");
    store.put_named(&n, Bytes::from_static(b"three"), Precondition::Any).await.unwrap();
    conflict(store.put_named(&n, Bytes::from_static(b"x"), Precondition::Matches(second)).await.unwrap_err());
    assert_eq!(&store.get_named(&n).await.unwrap().bytes[..], b"three");
    store.delete_named(&n).await.unwrap();
    assert!(matches!(store.get_named(&n).await, Err(BlobError::NotFound(_))));
    store.put_named(&n, Bytes::new(), Precondition::Absent).await.unwrap();
    assert_eq!(store.get_named(&n).await.unwrap().bytes, Bytes::new());
}

async fn a_name_can_begin_another(kind: Kind) {
    let place = Place::new(kind).await;
    for text in ["a/b/c", "a", "a/b", "ab", "a/b-c", "a/x"] {
        place.store.put_named(&name(text), Bytes::from(text), Precondition::Absent).await.unwrap();
    }
    place.store.put(bytes(1, 10)).await.unwrap();
    let all = ["a", "a/b", "a/b-c", "a/b/c", "a/x", "ab"];
    assert_eq!(all_names(&place.store, None).await, all);
    assert_eq!(all_names(&place.store, Some("a")).await, ["a/b", "a/b-c", "a/b/c", "a/x"]);
    assert_eq!(all_names(&place.store, Some("a/b")).await, ["a/b/c"]);
    assert_eq!(all_names(&place.store, Some("none")).await, [""; 0]);
    for text in all {
        assert_eq!(place.store.get_named(&name(text)).await.unwrap().bytes, Bytes::from(text));
    }
}

async fn of_many_creators_one_wins(kind: Kind) {
    let place = Place::new(kind).await;
    let other = place.same_again().await;
    let tasks: Vec<_> = (0..10_u64)
        .map(|seed| {
            let store = if seed % 2 == 0 { place.store.clone() } else { other.clone() };
            tokio::spawn(async move {
                (seed, store.put_named(&name("only"), bytes(seed, 100), Precondition::Absent).await)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (seed, Ok(_)) => winners.push(seed),
            (_, Err(BlobError::Conflict { .. })) => {}
            (_, Err(error)) => panic!("{error:?}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(place.store.get_named(&name("only")).await.unwrap().bytes, bytes(winners[0], 100));
}

async fn no_update_is_lost(kind: Kind) {
    let place = Place::new(kind).await;
    let n = name("counter");
    place.store.put_named(&n, Bytes::from_static(b"0"), Precondition::Absent).await.unwrap();
    let other = place.same_again().await;
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let store = if task % 2 == 0 { place.store.clone() } else { other.clone() };
            let n = n.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    add_one(&store, &n).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(&place.store.get_named(&n).await.unwrap().bytes[..], b"20");
}

async fn add_one(store: &BlobStore, n: &keep_blob::ObjectName) {
    loop {
        let read = store.get_named(n).await.unwrap();
        let count: u32 = std::str::from_utf8(&read.bytes).unwrap().parse().unwrap();
        let next = Bytes::from((count + 1).to_string());
        match store.put_named(n, next, Precondition::Matches(read.tag)).await {
            Ok(_) => return,
            Err(BlobError::Conflict { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

async fn all_blobs(store: &BlobStore) -> BTreeMap<BlobId, u64> {
    let mut all = BTreeMap::new();
    let mut pages = store.list();
    while let Some(page) = pages.next().await.unwrap() {
        all.extend(page.into_iter().map(|entry| (entry.id, entry.size_bytes)));
    }
    all
}

async fn all_names(store: &BlobStore, below: Option<&str>) -> Vec<String> {
    let below = below.map(name);
    let mut all = Vec::new();
    let mut pages = store.list_named(below.as_ref());
    while let Some(page) = pages.next().await.unwrap() {
        all.extend(page.into_iter().map(|entry| entry.name.to_string()));
    }
    all.sort();
    all
}
