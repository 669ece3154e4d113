//! The lock between writing processes. Two files make it fair: whoever waits for the lock holds the
//! turn, so a process that has just released the lock queues behind it and cannot barge in again.

use crate::error::DbError;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// Longer pauses would leave the lock idle between two writers.
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

/// The two lock files of one database.
pub(crate) struct WriteLock {
    turn: File,
    lock: File,
    path: PathBuf,
    wait: Duration,
}

/// The right to write, until dropped.
pub(crate) struct Held<'a>(&'a WriteLock);

impl WriteLock {
    pub(crate) fn open(database: &Path, wait: Duration) -> Result<Self, DbError> {
        let path = beside(database, ".lock");
        Ok(Self { turn: open_lock(&beside(database, ".turn"))?, lock: open_lock(&path)?, path, wait })
    }

    /// Waits for the right to write, in turn with other processes.
    pub(crate) fn acquire(&self) -> Result<Held<'_>, DbError> {
        let started = Instant::now();
        self.take(&self.turn, started)?;
        let taken = self.take(&self.lock, started);
        self.release(&self.turn);
        taken.map(|()| Held(self))
    }

    fn take(&self, file: &File, started: Instant) -> Result<(), DbError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(e) => return Err(DbError::file("locking", &self.path, e.into())),
            }
            let waited = started.elapsed();
            if waited >= self.wait {
                return Err(DbError::Locked { path: self.path.clone(), waited_ms: waited.as_millis() });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn release(&self, file: &File) {
        // Unlocking a lock that is held cannot fail; closing the file would release it in any case.
        let _ = flock(file, FlockOperation::Unlock);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.release(&self.0.lock);
    }
}

/// The file beside the database that every open handle holds shared, and `restore` exclusively.
pub(crate) fn presence(database: &Path, operation: FlockOperation) -> Result<File, DbError> {
    let path = beside(database, ".open");
    let file = open_lock(&path)?;
    match flock(&file, operation) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(DbError::InUse(database.to_owned())),
        Err(e) => Err(DbError::file("locking", &path, e.into())),
    }
}

fn open_lock(path: &Path) -> Result<File, DbError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| DbError::file("opening the lock file", path, e))
}

pub(crate) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    database.with_file_name(name)
}
