//! How the overlay is to be mounted, as data: mounting it is the business of whoever makes the namespaces.

use super::error::LayerError;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The kernel reads mount data up to one page.
const MAX_DATA: usize = 4095;

/// An overlay: `mount(source, at, kind, flags, data)` in the run's own user and mount namespaces, before the
/// run's roots are bound and before its rights are dropped. `lower` stays readable below; nothing else of the
/// run may reach `upper` and `work`, which therefore belong to what is hidden from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayMount {
    /// The folder that is seen through the layer.
    pub lower: PathBuf,
    /// Where changes go.
    pub upper: PathBuf,
    /// The kernel's own folder beside it, on the same file system.
    pub work: PathBuf,
    /// Where the run sees the result; usually the lower folder's own path.
    pub at: PathBuf,
    /// Whether what was written is on disk once it is unmounted. Waiting for that means waiting for the whole
    /// file system, and without it nothing that a run syncs is synced.
    pub lasting: bool,
}

impl OverlayMount {
    /// The kind of file system.
    pub const KIND: &str = "overlay";
    /// What stands as its device.
    pub const SOURCE: &str = "keep-try";
    /// `MS_NOSUID | MS_NODEV`: nothing in a workspace needs more.
    pub const FLAGS: u64 = 2 | 4;

    /// The mount's options. `userxattr` is what an unprivileged mount can use; redirects and metadata-only
    /// copies are off, so that the upper folder holds every changed file whole, under its own name. The
    /// kernel then answers the renaming of a lower folder with `EXDEV`, and programs copy.
    ///
    /// # Errors
    /// For a path with a NUL, or longer than options can be.
    pub fn data(&self) -> Result<CString, LayerError> {
        self.options(&self.lower)
    }

    /// The same for a process that stands in the lower folder, and so cannot be led elsewhere by a link that
    /// somebody put in its place.
    pub(crate) fn data_from_within(&self) -> Result<CString, LayerError> {
        self.options(Path::new("."))
    }

    fn options(&self, lower: &Path) -> Result<CString, LayerError> {
        let mut data = b"userxattr,metacopy=off,redirect_dir=nofollow,index=off,xino=off".to_vec();
        for (name, path) in [("lowerdir", lower), ("upperdir", &self.upper), ("workdir", &self.work)] {
            data.extend_from_slice(format!(",{name}=").as_bytes());
            data.extend(escaped(path));
        }
        if !self.lasting {
            data.extend_from_slice(b",volatile");
        }
        if data.len() > MAX_DATA {
            let why = "the options would be longer than the kernel reads";
            return Err(LayerError::Unmountable { path: self.lower.clone(), why });
        }
        let why = "it holds a NUL";
        CString::new(data).map_err(|_| LayerError::Unmountable { path: self.lower.clone(), why })
    }
}

/// A comma ends an option and a colon a lower folder, unless a backslash stands before them.
fn escaped(path: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        if matches!(byte, b',' | b':' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}
