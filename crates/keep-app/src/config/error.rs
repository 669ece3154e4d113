use keep_policy::Place;
use keep_types::{ErrorKind, Explain};
use std::io;
use std::path::PathBuf;

/// Why the configuration cannot be had or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("reading the configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("writing the configuration {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody else can change the file.
    #[error("{path} can be changed by others (mode {mode:03o}), so it is not obeyed")]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is larger than any configuration.
    #[error("{file} is over the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The file.
        file: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// Not TOML.
    #[error("{place}: not valid TOML: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser said.
        message: String,
    },
    /// A key that nothing reads.
    #[error("{place}: unknown key {key:?}")]
    UnknownKey {
        /// Where: a file, or the variable or flag.
        place: String,
        /// The key.
        key: String,
        /// The nearest known key.
        suggestion: Option<String>,
    },
    /// A value of the wrong type or out of bounds.
    #[error("{place}: {key} must be {wanted}; this is {found}")]
    BadValue {
        /// Where.
        place: String,
        /// The key.
        key: String,
        /// What it must be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// A key that belongs into a project's own file.
    #[error("{place}: {key} belongs into a project's .keep/keep.toml, not here")]
    ProjectsOwn {
        /// Where.
        place: String,
        /// The key.
        key: &'static str,
    },
    /// A folder variable that is not absolute.
    #[error("{variable} is {value:?}, which is no absolute path")]
    Relative {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// Nothing says where the home folder is.
    #[error("neither --home, KEEP_HOME nor HOME says where to keep things")]
    NoHome,
}

impl Explain for ConfigError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { .. } | Self::Write { .. } => ErrorKind::Unavailable,
            Self::Writable { .. } => ErrorKind::Denied,
            _ => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Writable { path, .. } => format!("run `chmod go-w {}`", path.display()),
            Self::UnknownKey { suggestion: Some(key), .. } => format!("did you mean `{key}`?"),
            Self::UnknownKey { .. } => "`keep config show` lists every key".to_owned(),
            Self::Relative { .. } => {
                "a relative home would depend on the folder you happen to be in".to_owned()
            }
            Self::NoHome => "set HOME, or pass --home".to_owned(),
            _ => return None,
        })
    }
}
