//! The folders of an installation.

use crate::error::AppError;
use keep_types::Installation;

/// Whether this is the first use of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing was there.
    New,
    /// It was used before.
    Known,
}

/// Makes the folders, private, and refuses ones that others can get at.
pub(crate) fn prepare(at: &Installation) -> Result<Freshness, AppError> {
    use std::os::unix::fs::MetadataExt;
    let fresh = !at.data.join("keep.db").exists();
    for folder in [&at.data, &at.config, &at.state] {
        keep_db::create_private_folder(folder)?;
        let meta = std::fs::metadata(folder).map_err(|e| AppError::file("reading", folder, e))?;
        let me = rustix::process::geteuid().as_raw();
        let reason = if meta.uid() != me {
            format!("it belongs to user {}, not to you ({me})", meta.uid())
        } else if meta.mode() & 0o077 != 0 {
            format!("others can get at it (mode {:o}); `chmod 700` it", meta.mode() & 0o7777)
        } else {
            continue;
        };
        return Err(AppError::BadHome { path: folder.clone(), reason });
    }
    Ok(if fresh { Freshness::New } else { Freshness::Known })
}
