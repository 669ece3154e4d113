//! How far a commit has come, beside the upper folder.

use super::error::LayerError;
use super::step::Step;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The version of the layer's files.
pub(crate) const VERSION: u32 = 1;
const NAME: &str = "journal.json";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Copies are being made; nothing below has changed.
    Staging,
    /// Steps are being taken.
    Applying,
    /// All steps have been taken back; what is left is in the way.
    Undone,
    /// All steps have been taken; what they replaced is being removed.
    Applied,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Journal {
    pub(crate) version: u32,
    pub(crate) state: State,
    /// The folder in the lower root where copies wait and replaced files are kept.
    pub(crate) staging: String,
    pub(crate) steps: Vec<Step>,
}

impl Journal {
    pub(crate) fn load(home: &Path) -> Result<Option<Self>, LayerError> {
        let path = home.join(NAME);
        match fs::read(&path) {
            Ok(bytes) => {
                let read: Self = parse(NAME, &bytes)?;
                known(NAME, read.version)?;
                Ok(Some(read))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LayerError::file("reading", &path, error)),
        }
    }

    /// Makes this the journal, whole or not at all.
    pub(crate) fn save(&self, home: &Path) -> Result<(), LayerError> {
        let (path, fresh) = (home.join(NAME), home.join("journal.new"));
        let written = serde_json::to_vec(self).map_err(io::Error::from).and_then(|bytes| {
            let mut file = File::create(&fresh)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        });
        written.map_err(|e| LayerError::file("writing", &path, e))?;
        sync_folder(home)
    }

    pub(crate) fn remove(home: &Path) -> Result<(), LayerError> {
        let path = home.join(NAME);
        fs::remove_file(&path).map_err(|e| LayerError::file("removing", &path, e))?;
        sync_folder(home)
    }
}

/// Reads a file of the layer's own.
pub(crate) fn parse<T: DeserializeOwned>(name: &'static str, bytes: &[u8]) -> Result<T, LayerError> {
    serde_json::from_slice(bytes).map_err(|source| LayerError::Damaged { name, source })
}

/// What a newer program has written may mean more than this one reads.
pub(crate) fn known(name: &'static str, version: u32) -> Result<(), LayerError> {
    if version == VERSION {
        return Ok(());
    }
    let source = serde::de::Error::custom(format!("version {version} is not known here"));
    Err(LayerError::Damaged { name, source })
}

pub(crate) fn sync_folder(path: &Path) -> Result<(), LayerError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|e| LayerError::file("syncing", path, e))
}
