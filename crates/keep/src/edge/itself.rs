//! Where this program lies, for others that are to start it later.

use super::failure::Failure;
use std::path::{Path, PathBuf};

/// The program as it was called, where that leads to it: a link on the `PATH` still leads somewhere after an update,
/// which what it leads to now may not.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    let this = std::env::current_exe()
        .map_err(|e| Failure::file("finding this program at", Path::new("/proc/self/exe"), e))?;
    let called = std::env::args_os().next().map(PathBuf::from).and_then(|name| found(&name));
    let same = |called: &PathBuf| {
        let (called, this) = (called.canonicalize().ok(), this.canonicalize().ok());
        called.is_some() && called == this
    };
    Ok(called.filter(same).unwrap_or(this))
}

/// What a name leads to, as a shell looks for it.
fn found(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return std::path::absolute(name).ok();
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
