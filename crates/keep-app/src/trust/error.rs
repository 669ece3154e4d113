use crate::config::ConfigError;
use keep_types::{ErrorKind, Explain};
use std::io;
use std::path::PathBuf;

/// Why a project's files cannot be taken together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file or folder cannot be read.
    #[error("reading {path:?}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A link, which could lead anywhere and change its aim after it was looked at.
    #[error("{path:?} is a link or lies behind one; a project's own files are not followed through links")]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A pipe, device or folder where a file should be.
    #[error("{path:?} is no regular file")]
    NotAFile {
        /// What it is called.
        path: PathBuf,
    },
    /// A name or text that is no UTF-8.
    #[error("{path:?} is not valid UTF-8")]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// More than a person could look at.
    #[error("{path:?} brings the project's {what} over the limit of {limit}")]
    TooMuch {
        /// The file that is too much.
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// How much at most.
        limit: u64,
    },
    /// A settings file says something wrong.
    #[error("the project's settings do not load")]
    Settings(#[source] ConfigError),
}

impl Explain for TrustError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Read { .. } => ErrorKind::Unavailable,
            Self::Settings(error) => error.kind(),
            _ => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Link { .. } => Some("put a copy of the file in its place".to_owned()),
            Self::Settings(error) => error.hint(),
            _ => None,
        }
    }
}
