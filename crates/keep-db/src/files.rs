use crate::error::DbError;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder and the missing ones above it, each readable by its owner alone.
///
/// # Errors
/// With the path that could not be made.
pub fn create_private_folder(path: &Path) -> Result<(), DbError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| DbError::file("creating the folder", path, e))
}

/// Replaces a file so that a crash leaves the old bytes or the new ones: temporary file, fsync,
/// rename, fsync of the folder. The file is readable by its owner alone.
///
/// # Errors
/// With the path and the step that failed; the old file is then still there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), DbError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = write_new(&temporary, bytes)
        .map_err(|e| DbError::file("writing", &temporary, e))
        .and_then(|()| fs::rename(&temporary, path).map_err(|e| DbError::file("replacing", path, e)));
    if let Err(error) = written {
        // The step before this failed and is what is reported; a leftover is only untidy.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder_of(path)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a rename or creation in this file's folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), DbError> {
    // The parent of a bare file name is the empty path, which names the working folder nowhere else.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(|e| DbError::file("syncing the folder", folder, e))
}
