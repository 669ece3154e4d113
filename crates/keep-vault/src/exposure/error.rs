use keep_types::{ErrorKind, Explain};
use std::path::{Path, PathBuf};

/// What failed while looking at a repository or its hook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExposureError {
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
    /// There is no repository.
    #[error("{} is not the root of a git repository", .0.display())]
    NoRepository(PathBuf),
    /// Something stands where git keeps its files that git would not have put there.
    #[error("{} is not what git would have put there: {why}", path.display())]
    Odd {
        /// Which file or folder.
        path: PathBuf,
        /// What is odd about it.
        why: &'static str,
    },
    /// The repository's configuration does not parse.
    #[error("line {line} of {} is no git configuration", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The index does not parse.
    #[error("the index {} cannot be read: {why}", path.display())]
    Index {
        /// Which file.
        path: PathBuf,
        /// What the reader of such files says.
        why: String,
    },
    /// The program that a hook is to run must be found from anywhere.
    #[error("a hook needs the program's whole path, but {} is relative", .0.display())]
    RelativeProgram(PathBuf),
    /// Git looks for hooks in another place, so one put into the usual place would never run.
    #[error("{} {why}, so git may look for hooks elsewhere", path.display())]
    HooksElsewhere {
        /// The file of the configuration.
        path: PathBuf,
        /// What it does.
        why: &'static str,
        /// The line that a hook of one's own needs.
        line: String,
    },
    /// There is a hook of somebody else.
    #[error("{} is a hook that Keep did not write", path.display())]
    OtherHook {
        /// The hook.
        path: PathBuf,
        /// The line that it needs.
        line: String,
    },
}

impl ExposureError {
    pub(crate) fn file(doing: &'static str, path: &Path, source: impl Into<std::io::Error>) -> Self {
        Self::File { doing, path: path.to_owned(), source: source.into() }
    }
}

impl Explain for ExposureError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::File { .. } => ErrorKind::Unavailable,
            Self::NoRepository(_) => ErrorKind::NotFound,
            Self::Odd { .. } | Self::Settings { .. } | Self::Index { .. } => ErrorKind::Tampered,
            Self::RelativeProgram(_) => ErrorKind::Usage,
            Self::HooksElsewhere { .. } | Self::OtherHook { .. } => ErrorKind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRepository(_) => Some("run it in a folder with a .git".into()),
            Self::Settings { .. } => Some("`git config --list --local` says what git makes of it".into()),
            Self::Index { .. } => Some("`git status` says whether git can read it".into()),
            Self::HooksElsewhere { line, .. } => {
                Some(format!("add this line to the pre-commit hook that git runs: {line}"))
            }
            Self::OtherHook { line, .. } => Some(format!("add this line to it: {line}")),
            Self::File { .. } | Self::Odd { .. } | Self::RelativeProgram(_) => None,
        }
    }
}
