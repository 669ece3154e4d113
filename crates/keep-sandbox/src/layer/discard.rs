//! The end of a layer that is not wanted, or no longer.

use super::error::LayerError;
use super::fresh::Layer;
use super::journal::Journal;
use super::root::{names, remove_all};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

impl Layer {
    /// Removes the layer with everything that the run wrote. The overlay must no longer be mounted.
    ///
    /// # Errors
    /// When something cannot be removed, or a commit was cut short: its journal is needed.
    pub fn discard(self) -> Result<(), LayerError> {
        let lock = self.lock()?;
        if Journal::load(&self.home)?.is_some() {
            return Err(LayerError::CutShort);
        }
        let fault = |e| LayerError::file("removing", &self.home, e);
        for name in names(lock.home()).map_err(fault)? {
            remove_all(lock.home(), OsStr::from_bytes(&name)).map_err(fault)?;
        }
        std::fs::remove_dir(&self.home).map_err(fault)
    }
}
