//! Memory that is there before a run is timed.
//!
//! A virtual machine gives memory that it does not use back to its host and gets it again page by page, at a
//! quarter of a GB a second where this was found out. Whether a run that writes to memory has to pay for that
//! is chance: it depends on what was removed a moment before. So each is given as much as it will write to.

use crate::chore::Chore;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// How much is written at once.
const PIECE: usize = 1 << 20;

/// Takes this much memory and frees it again, so that what is written next finds it.
pub(super) fn take(scratch: &Path, bytes: u64) -> Result<(), Chore> {
    let path = scratch.join("taken");
    let mut file = File::create(&path).map_err(Chore::file(&path))?;
    let piece = vec![0; PIECE];
    for _ in 0..bytes.div_ceil(PIECE as u64) {
        file.write_all(&piece).map_err(Chore::file(&path))?;
    }
    drop(file);
    fs::remove_file(&path).map_err(Chore::file(&path))
}
