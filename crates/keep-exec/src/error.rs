use keep_db::DbError;
use keep_gate::GateError;
use keep_ledger::LedgerError;
use keep_types::{Duration, ErrorKind, Explain};
use std::path::PathBuf;

/// Why a command was not run, or what failed about its run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// The gate stayed shut, or failed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A statement failed.
    #[error("a statement on the tables of runs failed")]
    Sql(#[from] rusqlite::Error),
    /// A stored row does not parse.
    #[error("a stored row of {table} does not parse: {what}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Nothing to run.
    #[error("there is no command to run")]
    Empty,
    /// A word that no program can be given, or that the analysis cannot read.
    #[error("the command cannot be run: {0}")]
    Unfit(&'static str),
    /// The command is too long to be asked about.
    #[error("the command is of {size_bytes} bytes; the most is {limit_bytes}")]
    TooLong {
        /// Its size.
        size_bytes: usize,
        /// The most.
        limit_bytes: usize,
    },
    /// A path that is no text.
    #[error("{} cannot be worked in: its name is not valid Unicode", .0.display())]
    NoText(PathBuf),
    /// The folder to run in is not in the caller's workspace.
    #[error("{} lies outside {}, the folder that the work is about", folder.display(), workspace.display())]
    Outside {
        /// The folder.
        folder: PathBuf,
        /// The workspace.
        workspace: PathBuf,
    },
    /// There is no such folder.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// What would be writable is too much.
    #[error("{} cannot be made writable for a command: {why}", path.display())]
    TooWide {
        /// Which folder.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// There is no such program.
    #[error("there is no program {0}")]
    NoProgram(String),
    /// No tier of this machine can confine it as wanted.
    #[error("the command cannot be confined here as its profile wants: {why}")]
    Confine {
        /// What each tier lacks.
        why: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The run could not be started or followed.
    #[error("running the command confined")]
    Sandbox(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Too many runs at a time.
    #[error("{limit} commands run already, and none ended within {waited}")]
    Busy {
        /// The most.
        limit: usize,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A file of the engine's own.
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
    /// Values of secrets could not be had.
    #[error("{message}")]
    Values {
        /// What sort of failure it is.
        kind: ErrorKind,
        /// What whoever keeps them said.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// No such run, or none that the caller sees.
    #[error("there is no run {0} here")]
    NoSuchRun(String),
    /// What a run changed was not committed.
    #[error("the changes were not committed")]
    Uncommitted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing of the run waits.
    #[error("nothing that {0} changed waits to be committed")]
    NothingWaits(String),
    /// The run is over, or ran in a way that nobody can look on.
    #[error("{0} does not run any more")]
    Over(String),
    /// Somebody else's run.
    #[error("{0} is not yours to end")]
    NotYours(String),
    /// Several runs begin so.
    #[error("several runs begin with {0}")]
    Ambiguous(String),
    /// A worker thread ended without an answer.
    #[error("a worker ended without an answer")]
    Worker,
}

impl ExecError {
    /// What whoever keeps values says of why there are none.
    pub fn of_values<E: Explain>(error: &E) -> Self {
        let message = keep_types::chain(error).join(": ");
        Self::Values { kind: error.kind(), message, hint: error.hint() }
    }

    pub(crate) fn file(doing: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt { table: "exec_run", what: what.to_string() }
    }
}

impl Explain for ExecError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Gate(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::Ledger(error) => error.kind(),
            Self::Values { kind, .. } => *kind,
            Self::Empty | Self::Unfit(_) | Self::TooLong { .. } | Self::NoText(_) | Self::Ambiguous(_) => {
                ErrorKind::Usage
            }
            Self::Outside { .. } | Self::TooWide { .. } | Self::NotYours(_) => ErrorKind::Denied,
            Self::NoFolder(_) | Self::NoProgram(_) | Self::NoSuchRun(_) | Self::NothingWaits(_) => {
                ErrorKind::NotFound
            }
            Self::Uncommitted(_) | Self::Over(_) => ErrorKind::Conflict,
            Self::Confine { .. } | Self::Sandbox(_) | Self::Busy { .. } | Self::File { .. } => {
                ErrorKind::Unavailable
            }
            Self::Sql(_) | Self::Corrupt { .. } | Self::Worker => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::Db(error) => error.hint(),
            Self::Ledger(error) => error.hint(),
            Self::Values { hint, .. } => hint.clone(),
            Self::Empty => Some("write `keep exec -- PROGRAM WORDS`, or `keep sh 'A LINE'`".into()),
            Self::Outside { .. } => {
                Some("go to the folder that the work is about, and run it from there".into())
            }
            Self::TooWide { .. } => Some(
                "run it in a project: a folder of its own with `.git` or, after `keep init`, `.keep`".into(),
            ),
            Self::Confine { hint, .. } => Some(
                hint.clone()
                    .unwrap_or_else(|| "`keep doctor` says which tiers work here, and why not".into()),
            ),
            Self::Sandbox(_) => Some("`keep doctor` says which tiers work here, and why not".into()),
            Self::Busy { .. } => Some("`keep runs` shows them; `exec.concurrent` is the limit".into()),
            Self::NothingWaits(_) => Some("`keep try ls` lists what waits".into()),
            Self::NoSuchRun(_) => Some("`keep runs` lists them".into()),
            Self::Ambiguous(_) => Some("give more of its id".into()),
            _ => None,
        }
    }
}
