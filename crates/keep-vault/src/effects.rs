//! The vault's files: its lock, and the writes that an announced act makes.

pub mod hook;

use crate::error::VaultError;
use crate::value::Value;
use keep_gate::Started;
use keep_types::Act;
use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use std::fs::File;
use std::path::Path;

/// The vault's lock; letting go of it is dropping it. One process changes the vault at a time, and
/// between its reading and its writing nobody else does.
pub(crate) struct Lock(#[expect(dead_code, reason = "holding the open file is holding the lock")] File);

/// Waits for the lock.
pub(crate) async fn lock(path: &Path) -> Result<Lock, VaultError> {
    let path = path.to_owned();
    // The wait is for other processes, so it must not hold up this one's runtime.
    let waited = tokio::task::spawn_blocking(move || {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|e| VaultError::file("opening", &path, e.into()))?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|e| VaultError::file("locking", &path, e.into()))?;
        Ok(Lock(file.into()))
    });
    waited.await.map_err(|_| VaultError::Worker)?
}

/// Puts new bytes in the file's place: the old file or the new one, whenever this is cut short.
pub(crate) fn replace<A: Act>(_: &Started<A>, _: &Lock, path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    Ok(keep_db::replace_file(path, bytes)?)
}

/// Writes an identity beside the one in use, for the time when the vault opens with it.
pub(crate) fn write_identity<A: Act>(
    _: &Started<A>,
    _: &Lock,
    path: &Path,
    bytes: &Value,
) -> Result<(), VaultError> {
    Ok(keep_db::replace_file(path, bytes.reveal())?)
}

/// Makes the new identity the one in use.
pub(crate) fn take_over_identity(_: &Lock, next: &Path, path: &Path) -> Result<(), VaultError> {
    std::fs::rename(next, path).map_err(|e| VaultError::file("replacing", path, e))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(|e| VaultError::file("syncing the folder", folder, e))
}
