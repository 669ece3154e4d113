use keep_db::DbError;
use keep_gate::GateError;
use keep_ledger::LedgerError;
use keep_types::{ErrorKind, Explain, NameError};
use std::path::{Path, PathBuf};

/// What failed in an operation of the house.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The gate stayed shut, or failed.
    #[error(transparent)]
    Gate(GateError),
    /// The ledger failed, or was found to be tampered with.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database failed.
    #[error(transparent)]
    Db(DbError),
    /// The vault failed, or was found to be tampered with.
    #[error(transparent)]
    Vault(Box<keep_vault::VaultError>),
    /// An operation on artifacts failed.
    #[error(transparent)]
    Artifact(Box<keep_artifact::ArtifactError>),
    /// A command was not run, or its run failed.
    #[error(transparent)]
    Exec(Box<keep_exec::ExecError>),
    /// An operation on memories failed.
    #[error(transparent)]
    Memory(Box<keep_memory::MemoryError>),
    /// The table of embeddings that the program carries is none.
    #[error("the table of embeddings cannot be used")]
    Embed(#[source] keep_embed::EmbedError),
    /// The store of artifacts cannot be opened.
    #[error("opening the store of artifacts")]
    Blobs(#[source] Box<keep_blob::BlobError>),
    /// A repository could not be looked through.
    #[error(transparent)]
    Exposure(Box<keep_vault::ExposureError>),
    /// A statement failed.
    #[error("a statement on the house's tables failed, so nothing was done")]
    Sql(#[source] rusqlite::Error),
    /// A file operation.
    #[error("{doing} {}", path.display())]
    File {
        /// The verb.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The home cannot be used.
    #[error("{} cannot be Keep's folder: {reason}", path.display())]
    BadHome {
        /// Which folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No such project.
    #[error("there is no project {0}")]
    NoSuchProject(String),
    /// The name is taken.
    #[error("the name {0} belongs to another project")]
    NameTaken(String),
    /// The name is malformed.
    #[error("{given:?} cannot be a project's name")]
    BadName {
        /// What was given.
        given: String,
        /// What is wrong with it.
        #[source]
        source: NameError,
    },
    /// The folder belongs to no project.
    #[error("there is nothing to trust: no .keep folder lies at or above {}", .0.display())]
    NoProjectHere(PathBuf),
    /// The folder lies in no repository.
    #[error("{} lies in no repository", .0.display())]
    NoRepository(PathBuf),
    /// A stored row does not parse.
    #[error("a stored row of {table} does not parse: {what}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Another program was told not to run a command.
    #[error("it was told not to run it: {0}")]
    NotDelegated(String),
    /// A command is too long to be asked about.
    #[error("the command is of {size_bytes} bytes; nobody is asked about more than {limit_bytes}")]
    LongCommand {
        /// Its size.
        size_bytes: usize,
        /// The most.
        limit_bytes: usize,
    },
    /// The configuration does not load.
    #[error("the configuration does not load")]
    Config(#[source] crate::config::ConfigError),
    /// The trusted files of a project cannot be read.
    #[error("the files that this project's settings consist of cannot be read")]
    Trust(#[source] crate::trust::TrustError),
    /// A rule file does not load.
    #[error("the rules do not load")]
    Policy(#[source] Box<keep_policy::PolicyError>),
    /// A worker thread ended without an answer.
    #[error("a worker ended without an answer")]
    Worker,
    /// A scratch installation could not be made or broken.
    #[error("the scratch installation for {promise} could not be {step}: {reason}")]
    Scratch {
        /// For which promise.
        promise: String,
        /// Made or broken.
        step: &'static str,
        /// Why.
        reason: String,
    },
}

impl AppError {
    pub(crate) fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }
}

impl From<GateError> for AppError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<LedgerError> for AppError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<DbError> for AppError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<keep_policy::PolicyError> for AppError {
    fn from(error: keep_policy::PolicyError) -> Self {
        Self::Policy(Box::new(error))
    }
}

impl From<keep_vault::VaultError> for AppError {
    fn from(error: keep_vault::VaultError) -> Self {
        Self::Vault(Box::new(error))
    }
}

impl From<keep_blob::BlobError> for AppError {
    fn from(error: keep_blob::BlobError) -> Self {
        Self::Blobs(Box::new(error))
    }
}

impl From<keep_memory::MemoryError> for AppError {
    fn from(error: keep_memory::MemoryError) -> Self {
        Self::Memory(Box::new(error))
    }
}

impl From<keep_exec::ExecError> for AppError {
    fn from(error: keep_exec::ExecError) -> Self {
        // So that what waits for approval is recognised, whoever asked for it.
        match error {
            keep_exec::ExecError::Gate(error) => Self::Gate(error),
            error => Self::Exec(Box::new(error)),
        }
    }
}

impl From<keep_embed::EmbedError> for AppError {
    fn from(error: keep_embed::EmbedError) -> Self {
        Self::Embed(error)
    }
}

impl From<keep_vault::ExposureError> for AppError {
    fn from(error: keep_vault::ExposureError) -> Self {
        Self::Exposure(Box::new(error))
    }
}

impl From<rusqlite::Error> for AppError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Explain for AppError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Gate(error) => error.kind(),
            Self::Ledger(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::Vault(error) => error.kind(),
            Self::Artifact(error) => error.kind(),
            Self::Exec(error) => error.kind(),
            Self::Memory(error) => error.kind(),
            Self::Blobs(error) => error.kind(),
            Self::Exposure(error) => error.kind(),
            Self::Config(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::Policy(error) => error.kind(),
            Self::File { .. } => ErrorKind::Unavailable,
            Self::BadHome { .. } | Self::BadName { .. } | Self::LongCommand { .. } => ErrorKind::Usage,
            Self::NotDelegated(_) => ErrorKind::Denied,
            Self::NoSuchProject(_) | Self::NoProjectHere(_) | Self::NoRepository(_) => ErrorKind::NotFound,
            Self::NameTaken(_) => ErrorKind::Conflict,
            Self::Embed(_) | Self::Sql(_) | Self::Corrupt { .. } | Self::Worker | Self::Scratch { .. } => {
                ErrorKind::Internal
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Db(error) => error.hint(),
            Self::Vault(error) => error.hint(),
            Self::Artifact(error) => error.hint(),
            Self::Exec(error) => error.hint(),
            Self::Memory(error) => error.hint(),
            Self::Blobs(error) => error.hint(),
            Self::Exposure(error) => error.hint(),
            Self::Config(error) => error.hint(),
            Self::Trust(error) => error.hint(),
            Self::Policy(error) => error.hint(),
            Self::BadHome { .. } => Some("name another folder with --home or KEEP_HOME".into()),
            Self::NoSuchProject(_) => Some("`keep project list` shows them".into()),
            Self::NameTaken(_) => Some("choose another, or `keep project merge`".into()),
            _ => None,
        }
    }
}
