//! A folder store when things go wrong.

use crate::damage;
use crate::place::{Kind, Place, bytes, far_ahead, name, run};
use bytes::Bytes;
use keep_blob::{BlobError, BlobId, BlobOptions, BlobStore, BlobUrl, PartDigest, Precondition, Put};
use keep_types::Timestamp;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

fn path_of(root: &Path, id: &BlobId) -> PathBuf {
    let text = id.to_string();
    root.join("blobs").join(&text[..2]).join(&text[2..])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

async fn open(root: &Path) -> Result<BlobStore, BlobError> {
    BlobStore::open(&BlobUrl::Folder(root.to_owned()), BlobOptions::default()).await
}

#[test]
fn what_is_written_is_for_its_owner_alone() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let (id, _) = place.store.put(bytes(1, 10)).await.unwrap();
        place.store.put_named(&name("a/b"), Bytes::new(), Precondition::Any).await.unwrap();
        let file = path_of(&place.root, &id);
        for folder in [
            place.root.clone(),
            file.parent().unwrap().into(),
            place.root.join("tmp"),
            place.root.join("named/a"),
        ] {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
        for file in [file, place.root.join("named/a/b.obj"), place.root.join(".lock")] {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    });
}

#[test]
fn damage_is_found_by_every_way_of_reading() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let good = bytes(1, 300_000);
        let (id, _) = place.store.put(good.clone()).await.unwrap();
        let mut flipped = good.to_vec();
        flipped[123_456] ^= 1;
        fs::write(path_of(&place.root, &id), &flipped).unwrap();
        damage::is_found(&place.store, &id, &good, BlobId::of(&flipped)).await;
        place.store.put_again(good.clone()).await.unwrap();
        assert!(place.store.get(&id).await.unwrap() == good);

        let cut = |length: usize| fs::write(path_of(&place.root, &id), &good[..length]).unwrap();
        cut(100_000);
        damage::cut_off_is_found(&place.store, &id, &good, 100_000).await;
        assert_eq!(
            place.store.put(good.clone()).await.unwrap(),
            (id, Put::Stored),
            "a put heals what is cut off"
        );
        assert!(place.store.get(&id).await.unwrap() == good);
        cut(0);
        let mut upload = place.store.begin().await.unwrap();
        upload.write(good.clone()).await.unwrap();
        assert_eq!(upload.finish().await.unwrap(), (id, Put::Stored));
        assert!(place.store.get(&id).await.unwrap() == good);
    });
}

#[test]
fn a_blob_that_changes_while_it_is_read_is_found() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let good = bytes(1, 5 << 20);
        let (id, _) = place.store.put(good.clone()).await.unwrap();
        for length in [2 << 20, 6 << 20] {
            let mut reader = place.store.read(&id).await.unwrap();
            reader.next().await.unwrap().unwrap();
            fs::OpenOptions::new()
                .write(true)
                .open(path_of(&place.root, &id))
                .unwrap()
                .set_len(length)
                .unwrap();
            let error = loop {
                match reader.next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("damaged bytes passed"),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, BlobError::Damaged { .. }), "{error:?}");
            place.store.put_again(good.clone()).await.unwrap();
        }
    });
}

#[test]
fn links_are_not_followed_out() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let outside = tempfile::tempdir().unwrap();
        let secret = bytes(7, 100);
        let foreign = |error: BlobError| assert!(matches!(error, BlobError::Foreign { .. }), "{error:?}");

        // The blob's folder leads elsewhere, where even the right bytes lie.
        let id = BlobId::of(&secret);
        let shard = place.root.join("blobs").join(&id.to_string()[..2]);
        fs::write(outside.path().join(&id.to_string()[2..]), &secret).unwrap();
        symlink(outside.path(), &shard).unwrap();
        foreign(place.store.get(&id).await.unwrap_err());
        foreign(place.store.part(&id, 0..10, &PartDigest::of(&secret[..10])).await.unwrap_err());
        foreign(place.store.read(&id).await.err().unwrap());
        foreign(place.store.has(&id).await.unwrap_err());
        foreign(place.store.put(secret.clone()).await.unwrap_err());
        foreign(place.store.put_again(secret.clone()).await.unwrap_err());
        foreign(place.store.delete(&id).await.unwrap_err());
        assert_eq!(place.store.list().next().await.unwrap(), None, "a listing does not go there either");
        assert_eq!(fs::read(outside.path().join(&id.to_string()[2..])).unwrap(), secret);
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "nothing was written there");

        // The blob itself is a link.
        fs::remove_file(&shard).unwrap();
        fs::create_dir(&shard).unwrap();
        let target = outside.path().join("target");
        fs::write(&target, &secret).unwrap();
        symlink(&target, path_of(&place.root, &id)).unwrap();
        foreign(place.store.get(&id).await.unwrap_err());
        foreign(place.store.has(&id).await.unwrap_err());
        foreign(place.store.put(secret.clone()).await.unwrap_err());
        place.store.put_again(secret.clone()).await.unwrap();
        assert!(fs::symlink_metadata(path_of(&place.root, &id)).unwrap().is_file(), "the link was replaced");
        assert_eq!(place.store.get(&id).await.unwrap(), secret);

        // Named objects, and what is being written.
        symlink(outside.path(), place.root.join("named/refs")).unwrap();
        foreign(place.store.put_named(&name("refs/x"), Bytes::new(), Precondition::Any).await.unwrap_err());
        foreign(place.store.get_named(&name("refs/x")).await.unwrap_err());
        fs::remove_dir(place.root.join("tmp")).unwrap();
        symlink(outside.path(), place.root.join("tmp")).unwrap();
        foreign(place.store.put(bytes(8, 10)).await.unwrap_err());
        foreign(place.store.sweep_temporary(far_ahead()).await.unwrap_err());
        foreign(open(&place.root).await.unwrap_err());
        assert!(target.is_file());
    });
}

#[test]
fn what_is_no_file_is_not_read() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let (pipe, folder) = (BlobId::of(b"pipe"), BlobId::of(b"folder"));
        for id in [&pipe, &folder] {
            fs::create_dir_all(path_of(&place.root, id).parent().unwrap()).unwrap();
        }
        assert!(Command::new("mkfifo").arg(path_of(&place.root, &pipe)).status().unwrap().success());
        fs::create_dir(path_of(&place.root, &folder)).unwrap();
        for id in [&pipe, &folder] {
            assert!(matches!(place.store.get(id).await, Err(BlobError::Foreign { .. })));
            assert!(matches!(place.store.has(id).await, Err(BlobError::Foreign { .. })));
        }
        assert_eq!(place.store.list().next().await.unwrap(), None);
    });
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    run(async {
        let held = tempfile::tempdir().unwrap();
        let root = held.path().join("store");
        fs::create_dir(&root).unwrap();
        for (path, bad, good) in [("", 0o770, 0o755), ("", 0o702, 0o700), ("blobs", 0o750, 0o700)] {
            let path = if path.is_empty() { root.clone() } else { root.join(path) };
            fs::set_permissions(&path, fs::Permissions::from_mode(bad)).unwrap();
            let error = open(&root).await.unwrap_err();
            assert!(matches!(error, BlobError::Exposed { mode, .. } if mode == bad), "{error:?}");
            fs::set_permissions(&path, fs::Permissions::from_mode(good)).unwrap();
            open(&root).await.unwrap();
        }
        let file = held.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(matches!(open(&file).await, Err(BlobError::Foreign { .. })));
        assert!(open(&file.join("below")).await.is_err());
    });
}

#[test]
fn leftovers_go_when_they_are_old_enough() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let (old, new) = (place.root.join("tmp/old"), place.root.join("tmp/new"));
        let past = SystemTime::now() - Duration::from_secs(3600);
        fs::write(&old, b"x").unwrap();
        fs::File::options().write(true).open(&old).unwrap().set_modified(past).unwrap();
        fs::write(&new, b"x").unwrap();
        let (id, _) = place.store.put(bytes(1, 10)).await.unwrap();
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let half_an_hour_ago = Timestamp::from_ms(since_epoch.as_millis() as i64 - 1_800_000);
        assert_eq!(place.store.sweep_temporary(half_an_hour_ago).await.unwrap(), 1);
        assert!(!old.exists() && new.exists());
        assert!(place.store.has(&id).await.unwrap());
    });
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let id = BlobId::of(&bytes(1, 10));
        // A file where the blob's folder should be.
        let shard = path_of(&place.root, &id);
        fs::write(shard.parent().unwrap(), b"in the way").unwrap();
        assert!(matches!(place.store.put(bytes(1, 10)).await, Err(BlobError::Foreign { .. })));
        assert!(matches!(place.store.put_again(bytes(1, 10)).await, Err(BlobError::Foreign { .. })));
        assert_eq!(fs::read_dir(place.root.join("tmp")).unwrap().count(), 0);
    });
}

#[test]
fn a_lock_that_another_process_keeps_is_named() {
    run(async {
        let mut options = BlobOptions::default();
        options.limits.lock_wait = Duration::from_millis(50);
        let place = Place::with(Kind::Folder, options).await;
        let n = name("n");
        let tag = place.store.put_named(&n, Bytes::new(), Precondition::Absent).await.unwrap();
        let held = fs::File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(place.root.join(".lock"))
            .unwrap();
        held.lock().unwrap();
        for if_ in [Precondition::Any, Precondition::Matches(tag.clone())] {
            let error = place.store.put_named(&n, Bytes::new(), if_).await.unwrap_err();
            assert!(matches!(error, BlobError::Locked { .. }), "{error:?}");
        }
        assert!(matches!(place.store.delete_named(&n).await, Err(BlobError::Locked { .. })));
        place.store.put(bytes(1, 10)).await.unwrap();
        drop(held);
        place.store.put_named(&n, Bytes::new(), Precondition::Matches(tag)).await.unwrap();
    });
}

/// A disk of its own, gone with the test; none where this user may not mount.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "keep-test"]).arg(at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let held = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(&held.path().join("disk"), "size=2m,mode=700") else {
        println!("SKIPPED: this user may not mount a small disk to fill");
        return;
    };
    run(async {
        let store = open(&disk.0.join("store")).await.unwrap();
        let kept = bytes(1, 1 << 20);
        let (id, _) = store.put(kept.clone()).await.unwrap();
        let full = |error: BlobError| assert!(matches!(error, BlobError::Full { .. }), "{error:?}");
        full(store.put(bytes(2, 2 << 20)).await.unwrap_err());
        full(store.put_named(&name("n"), bytes(2, 2 << 20), Precondition::Any).await.unwrap_err());
        let mut upload = store.begin().await.unwrap();
        full(upload.write(bytes(3, 2 << 20)).await.unwrap_err());
        assert!(matches!(upload.write(bytes(3, 1)).await, Err(BlobError::Poisoned)));
        drop(upload);
        assert!(store.get(&id).await.unwrap() == kept);
        // The failed writes gave their room back.
        store.put(bytes(4, 500_000)).await.unwrap();
    });
}

#[test]
fn a_read_only_disk_is_read_and_refuses_writes() {
    let held = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(&held.path().join("disk"), "size=2m,mode=700") else {
        println!("SKIPPED: this user may not mount a disk to make it read-only");
        return;
    };
    run(async {
        let root = disk.0.join("store");
        let store = open(&root).await.unwrap();
        let (id, _) = store.put(bytes(1, 1000)).await.unwrap();
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status().unwrap().success());
        for store in [store, open(&root).await.unwrap()] {
            assert_eq!(store.get(&id).await.unwrap(), bytes(1, 1000));
            assert_eq!(store.put(bytes(1, 1000)).await.unwrap(), (id, Put::Already));
            for error in [
                store.put(bytes(2, 10)).await.unwrap_err(),
                store.begin().await.err().unwrap(),
                store.delete(&id).await.unwrap_err(),
                store.put_named(&name("n"), Bytes::new(), Precondition::Absent).await.unwrap_err(),
            ] {
                assert!(matches!(error, BlobError::Denied { .. }), "{error:?}");
            }
        }
    });
}

#[test]
fn a_delete_beside_puts_leaves_the_whole_blob_or_none() {
    run(async {
        let place = Place::new(Kind::Folder).await;
        let other = open(&place.root).await.unwrap();
        let whole = bytes(1, 50_000);
        let id = BlobId::of(&whole);
        let deleting = tokio::spawn(async move {
            for _ in 0..400 {
                other.delete(&id).await.unwrap();
            }
        });
        for round in 0..100 {
            if round % 2 == 0 {
                assert_eq!(place.store.put(whole.clone()).await.unwrap().0, id);
            } else {
                // An upload looks whether the blob is there only at its end.
                let mut upload = place.store.begin().await.unwrap();
                upload.write(whole.clone()).await.unwrap();
                assert_eq!(upload.finish().await.unwrap().0, id);
            }
            match place.store.get(&id).await {
                Ok(read) => assert!(read == whole),
                Err(BlobError::NotFound(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        deleting.await.unwrap();
        place.store.put(whole.clone()).await.unwrap();
        assert!(place.store.get(&id).await.unwrap() == whole);
    });
}
