use super::Folder;
use crate::error::BlobError;
use crate::key::{Key, NAMED};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

const LOCK: &str = ".lock";
const PAUSE: Duration = Duration::from_millis(2);

/// While this lives no other process or task replaces or deletes named objects here.
pub(super) struct Held(#[expect(dead_code, reason = "the lock goes with the open file")] OwnedFd);

impl Folder {
    /// The lock, for keys whose change depends on what is there: named objects. Blobs need none,
    /// since whoever writes one writes the same bytes.
    pub(super) fn held_for(&self, key: &Key) -> Result<Option<Held>, BlobError> {
        let named = key.folders.first().is_some_and(|first| first == NAMED);
        named.then(|| self.lock()).transpose()
    }

    pub(super) fn lock(&self) -> Result<Held, BlobError> {
        let path = self.path.join(LOCK);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.root, LOCK, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| BlobError::file("opening the lock", &path, e.into()))?;
        let began = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Held(file)),
                Err(Errno::WOULDBLOCK | Errno::INTR) if began.elapsed() < self.lock_wait => {
                    std::thread::sleep(PAUSE);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {
                    return Err(BlobError::Locked { path, waited_ms: began.elapsed().as_millis() });
                }
                Err(errno) => return Err(BlobError::file("locking", &path, errno.into())),
            }
        }
    }
}
