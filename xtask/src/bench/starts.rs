//! Programs from start to exit, in a folder on a disk.

use crate::chore::{self, Chore, root, start_error};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A folder below target/, which lies on a disk; a temporary folder is often memory, where fsync is free.
pub(crate) fn scratch() -> Result<tempfile::TempDir, Chore> {
    let folder = root().join("target/bench-tmp");
    fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
    tempfile::tempdir_in(&folder).map_err(Chore::file(&folder))
}

/// Runs a command and answers how long that took.
pub(crate) fn start_to_exit_ms(command: &mut Command) -> Result<f64, Chore> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|source| start_error(command, source))?;
    let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
    chore::checked(command, status)?;
    Ok(elapsed_ms)
}
