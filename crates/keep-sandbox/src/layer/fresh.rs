//! A layer's folders, from their making to their end.

use super::baseline::Baseline;
use super::error::LayerError;
use super::journal::{self, VERSION};
use super::mount::OverlayMount;
use super::root::{Root, set_mode};
use rustix::fs::{FlockOperation, OFlags, flock, fstat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const BASELINE: &str = "baseline.json";

/// The right to use or to end a layer.
#[derive(Debug)]
pub(crate) struct Lock(OwnedFd);

impl Lock {
    /// Takes it for the layer in this folder.
    pub(crate) fn of(home: &Path) -> Result<Self, LayerError> {
        let handle = Root::open(home)?.folder(&super::RelPath::default());
        let handle = handle.map_err(|e| LayerError::file("opening", home, e))?;
        match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(handle)),
            Err(Errno::WOULDBLOCK) => Err(LayerError::Busy { path: home.to_owned() }),
            Err(error) => Err(LayerError::file("locking", home, error)),
        }
    }

    /// The layer's folder.
    pub(crate) fn home(&self) -> &OwnedFd {
        &self.0
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that is just being started shares the handle for a moment. Should it
        // fail, closing follows.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// A layer over a folder: `upper`, `work`, and what the folder held before, in a private folder of its own.
#[derive(Debug)]
pub struct Layer {
    pub(crate) home: PathBuf,
    pub(crate) lower: Root,
    pub(crate) upper: Root,
    pub(crate) baseline: Baseline,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    lower: String,
    dev: u64,
    ino: u64,
    baseline: Baseline,
}

impl Layer {
    /// Makes a layer in `home`, which must not exist yet and should lie on a file system that keeps extended
    /// attributes of users, outside the folder below. Notes what that holds now.
    ///
    /// # Errors
    /// When a folder cannot be made or read.
    pub fn create(home: &Path, lower: &Path) -> Result<Self, LayerError> {
        let shown = fs::canonicalize(lower).map_err(|e| LayerError::file("finding", lower, e))?;
        let lower = Root::open(&shown)?;
        let around = home.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let around = fs::canonicalize(around).map_err(|e| LayerError::file("finding", around, e))?;
        if around.starts_with(&shown) {
            return Err(LayerError::Unmountable {
                path: home.to_owned(),
                why: "it lies in the folder itself",
            });
        }
        for folder in [home.to_owned(), home.join("upper"), home.join("work")] {
            let made = DirBuilder::new().mode(0o700).create(&folder);
            made.map_err(|e| LayerError::file("making the folder", &folder, e))?;
        }
        let upper = Root::open(&home.join("upper"))?;
        // The mounted folder has the permissions of its topmost layer.
        let same_mode = || {
            let here = lower.open_at(&super::RelPath::default(), OFlags::PATH)?;
            let there = upper.open_at(&super::RelPath::default(), OFlags::PATH)?;
            set_mode(&there, fstat(&here)?.st_mode & 0o7777)
        };
        same_mode().map_err(|e| LayerError::file("setting the permissions of", &upper.shown, e))?;
        let layer = Self { home: home.to_owned(), baseline: Baseline::take(&lower)?, lower, upper };
        layer.save()?;
        Ok(layer)
    }

    /// Opens a layer again, in another process or later.
    ///
    /// # Errors
    /// When it is not whole, or the folder below is another one.
    pub fn open(home: &Path) -> Result<Self, LayerError> {
        let path = home.join(BASELINE);
        let bytes = fs::read(&path).map_err(|e| LayerError::file("reading", &path, e))?;
        let saved: Saved = journal::parse(BASELINE, &bytes)?;
        journal::known(BASELINE, saved.version)?;
        let lower = super::path::unescape(&saved.lower).unwrap_or_default();
        let lower = PathBuf::from(OsString::from_vec(lower));
        let lower = Root::open(&lower)?;
        let identity = lower.identity().map_err(|e| LayerError::file("reading", &lower.shown, e))?;
        if identity != (saved.dev, saved.ino) {
            return Err(LayerError::Elsewhere { path: lower.shown });
        }
        Ok(Self {
            home: home.to_owned(),
            upper: Root::open(&home.join("upper"))?,
            lower,
            baseline: saved.baseline,
        })
    }

    /// The folder below.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.lower.shown
    }

    /// How the layer is to be mounted for the run.
    #[must_use]
    pub fn mount(&self, at: &Path) -> OverlayMount {
        OverlayMount {
            lower: self.lower.shown.clone(),
            upper: self.home.join("upper"),
            work: self.home.join("work"),
            at: at.to_owned(),
            lasting: true,
        }
    }

    /// Keeps other processes from using or ending the layer meanwhile.
    pub(crate) fn lock(&self) -> Result<Lock, LayerError> {
        Lock::of(&self.home)
    }

    fn save(&self) -> Result<(), LayerError> {
        let fault = |e| LayerError::file("noting the state of", &self.lower.shown, e);
        let (dev, ino) = self.lower.identity().map_err(fault)?;
        let lower = super::node::shown(self.lower.shown.as_os_str().as_bytes());
        // Serialised by hand from parts, as the print of a large folder need not be held twice.
        let mut text = format!(
            "{{\"version\":{VERSION},\"lower\":{},\"dev\":{dev},\"ino\":{ino},\"baseline\":",
            quoted(&lower)
        );
        text.push_str(&serde_json::to_string(&self.baseline).map_err(|e| fault(e.into()))?);
        text.push('}');
        let written = File::create(self.home.join(BASELINE)).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(fault)?;
        journal::sync_folder(&self.home)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
