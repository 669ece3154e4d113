//! What can go wrong with a layer.

use super::path::RelPath;
use std::io;
use std::path::{Path, PathBuf};

/// Why a layer could not be made, read, committed or discarded.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// A system call failed.
    #[error("{doing} {}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// Where; names are as they are, so a terminal must not be sent them raw.
        path: PathBuf,
        /// The failure.
        source: io::Error,
    },
    /// More files than are followed.
    #[error("{} holds more than {limit} files", path.display())]
    Many {
        /// The folder.
        path: PathBuf,
        /// How many are followed.
        limit: usize,
    },
    /// A path that mount options cannot carry.
    #[error("{} cannot be named in mount options: {why}", path.display())]
    Unmountable {
        /// The path.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Some changes may not be committed; nothing was.
    #[error("not committed, because {} may not be: {}", path, why)]
    Refused {
        /// The first of them.
        path: RelPath,
        /// Why.
        why: String,
        /// How many more there are.
        more: usize,
    },
    /// What would be replaced is no longer what the run saw; nothing was committed.
    #[error("not committed, because {path} has changed since the run began")]
    Conflict {
        /// The first such file.
        path: RelPath,
        /// How many more there are.
        more: usize,
    },
    /// The layer itself has changed since its changes were read.
    #[error("not committed, because the layer's {path} is no longer what was shown")]
    Moved {
        /// The file.
        path: RelPath,
    },
    /// A commit failed on its way, and all of it was put back.
    #[error("not committed: {path} failed, and everything was put back")]
    PutBack {
        /// Where it failed.
        path: RelPath,
        /// How.
        source: Box<LayerError>,
    },
    /// A commit failed on its way and could not be put back; its journal says how far it came.
    #[error("the commit stopped in the middle; what it replaced is kept until it is continued or undone")]
    Stuck {
        /// Why it could not be put back.
        source: Box<LayerError>,
    },
    /// Another process is at work on the layer, or a run over it goes on.
    #[error("another process is running over, committing or discarding the layer {}", path.display())]
    Busy {
        /// The layer's folder.
        path: PathBuf,
    },
    /// An earlier commit was cut short.
    #[error("an earlier commit of this layer was cut short; continue or undo it first")]
    CutShort,
    /// A file of the layer's own cannot be understood.
    #[error("reading the layer's {name}")]
    Damaged {
        /// Which file.
        name: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The folder below is another one than it was.
    #[error("{} is not the folder that this layer was made for", path.display())]
    Elsewhere {
        /// Where it was.
        path: PathBuf,
    },
}

impl LayerError {
    pub(crate) fn stuck(source: Self) -> Self {
        Self::Stuck { source: Box::new(source) }
    }

    pub(crate) fn file(doing: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::File { doing, path: path.to_owned(), source: source.into() }
    }
}
