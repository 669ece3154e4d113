//! Keeping this process's memory to itself.

use crate::error::VaultError;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Keeps this process from leaving a core file, and other programs of the same user from reading its
/// memory. Called before the first key or value is read.
///
/// # Errors
/// When the kernel refuses; then no secret is read.
pub fn protect_process() -> Result<(), VaultError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|e| VaultError::Protection(e.into()))?;
    // `fs.suid_dumpable=2` has root's handler dump such processes all the same. A soft limit of one byte
    // also stops a core that goes to a handler's pipe, where zero would not; the hard limit stays, so
    // that what Keep starts may have its own.
    let hard = getrlimit(Resource::Core).maximum;
    let limit = Rlimit { current: Some(hard.map_or(1, |hard| hard.min(1))), maximum: hard };
    setrlimit(Resource::Core, limit).map_err(|e| VaultError::Protection(e.into()))
}
