//! As whom a contained command runs: never as root.

use crate::paths::Resolved;
use std::os::unix::fs::MetadataExt;

/// A user and group that own nothing.
const NOBODY: (u32, u32) = (65_534, 65_534);

/// The caller's own user and group; if that is root, whoever owns what may be written, or nobody.
///
/// # Errors
/// When what may be written belongs to root, or to several.
pub(crate) fn of(writes: &[Resolved]) -> Result<(u32, u32), String> {
    let own = rustix::process::geteuid();
    if !own.is_root() {
        return Ok((own.as_raw(), rustix::process::getegid().as_raw()));
    }
    let mut user = None;
    for write in writes {
        let path = write.path.display();
        let about = write.path.symlink_metadata().map_err(|why| format!("`{path}`: {why}"))?;
        if about.uid() == 0 {
            return Err(format!(
                "a container's command is never root, and `{path}`, which it is to write, belongs to root: run \
                 this as another user, or give it to one"
            ));
        }
        let (first, _) = *user.get_or_insert((about.uid(), about.gid()));
        if first != about.uid() {
            return Err(format!("`{path}` belongs to another user than the rest of what is to be written"));
        }
    }
    Ok(user.unwrap_or(NOBODY))
}
