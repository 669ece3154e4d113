use keep_types::{ErrorKind, Explain};
use std::path::{Path, PathBuf};

/// What failed while the database was opened, read, written or copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// A file or folder operation.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb: creating, locking, renaming.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SQLite could not open the file.
    #[error("opening the database {}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer Keep wrote this database.
    #[error("the {owner} tables are at version {found}; this program knows versions up to {known}")]
    Newer {
        /// Whose tables.
        owner: String,
        /// The version found.
        found: usize,
        /// The newest version known.
        known: usize,
    },
    /// A migration step failed; the database is as it was before.
    #[error("migrating the {owner} tables to version {version}")]
    Migrate {
        /// Whose tables.
        owner: &'static str,
        /// The version that could not be reached.
        version: usize,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// Another process held the write lock all the time.
    #[error("another process holds the write lock {} for over {waited_ms} ms", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited_ms: u128,
    },
    /// Other processes have the database open.
    #[error("other processes have the database {} open", .0.display())]
    InUse(PathBuf),
    /// A statement failed.
    #[error("a database statement failed")]
    Sql(#[source] rusqlite::Error),
    /// The commit failed: nothing of this group was kept.
    #[error("the database could not commit, so nothing was kept: {0}")]
    Commit(String),
    /// An earlier commit failed in a way that leaves this handle unsure of the disk.
    #[error("an earlier write failed on the disk ({0}); this handle writes no more")]
    Poisoned(String),
    /// A job panicked; its changes were taken back.
    #[error("a database job panicked; its changes were taken back")]
    Panicked,
    /// The database was closed meanwhile.
    #[error("the database is closed")]
    Closed,
    /// A thread could not be started.
    #[error("starting a database thread")]
    Thread(#[source] std::io::Error),
    /// The file is not a sound database.
    #[error("{} is not a sound database: {problem}", path.display())]
    Unsound {
        /// Which file.
        path: PathBuf,
        /// The first problem found.
        problem: String,
    },
}

impl DbError {
    pub(crate) fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Explain for DbError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked { .. } | Self::InUse(_) | Self::File { .. } | Self::Open { .. } => {
                ErrorKind::Unavailable
            }
            Self::Commit(_) | Self::Poisoned(_) => ErrorKind::Unavailable,
            Self::Newer { .. } => ErrorKind::Conflict,
            Self::Unsound { .. } => ErrorKind::Tampered,
            Self::Migrate { .. } | Self::Sql(_) | Self::Panicked | Self::Closed | Self::Thread(_) => {
                ErrorKind::Internal
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Newer { .. } => Some("use the newer program, or restore a backup of its time".into()),
            Self::Locked { .. } => Some("wait for the other process, or find it with `fuser`".into()),
            Self::InUse(_) => Some("stop the other processes first".into()),
            Self::Unsound { .. } => Some("`keep restore` puts a backup in its place".into()),
            Self::Commit(_) | Self::Poisoned(_) => Some("look at the disk: is it full or read-only?".into()),
            _ => None,
        }
    }
}
