use super::session::Session;
use keep_app::AppError;
use keep_artifact::packing::PackingError;
use keep_gate::GateError;
use keep_types::{ErrorKind, Explain, chain};
use std::io::Write;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The words make no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// An operation of the house.
    #[error(transparent)]
    App(#[from] AppError),
    /// The vault.
    #[error(transparent)]
    Vault(Box<keep_vault::VaultError>),
    /// Artifacts.
    #[error(transparent)]
    Artifact(Box<keep_artifact::ArtifactError>),
    /// Memories.
    #[error(transparent)]
    Memory(Box<keep_memory::MemoryError>),
    /// Packing and unpacking.
    #[error(transparent)]
    Packing(Box<PackingError>),
    /// The server.
    #[error(transparent)]
    Server(#[from] keep_server::ServerError),
    /// Another server serves this installation.
    #[error("this installation is served already, by {by}")]
    Served {
        /// By whom.
        by: String,
        /// Which process that is.
        pid: Option<u32>,
    },
    /// A file is there that was to be made.
    #[error("{} is there already", .0.display())]
    Exists(std::path::PathBuf),
    /// Nothing has an id that begins so.
    #[error("nothing has an id that begins with {typed:?}")]
    NoneNamed {
        /// What was typed.
        typed: String,
        /// The command that lists them.
        list: String,
    },
    /// The way in to the dashboard is for people.
    #[error("the dashboard is for people, and {who} is none")]
    NoPerson {
        /// Who asked.
        who: String,
    },
    /// A person said no.
    #[error("{0}")]
    Declined(String),
    /// Ctrl-C at a prompt.
    #[error("interrupted")]
    Interrupted,
    /// The gate.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// A file that the command line named.
    #[error("{doing} {path}")]
    File {
        /// The verb.
        doing: &'static str,
        /// Which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The output went away; nobody is left to tell.
    #[error("writing the output")]
    Output(#[from] std::io::Error),
    /// Signals cannot be listened to.
    #[error("listening to signals")]
    Signals(#[source] std::io::Error),
    /// The runtime could not be started.
    #[error("starting the runtime")]
    Runtime(#[source] std::io::Error),
}

impl From<keep_vault::VaultError> for Failure {
    fn from(error: keep_vault::VaultError) -> Self {
        Self::Vault(Box::new(error))
    }
}

impl From<keep_artifact::ArtifactError> for Failure {
    fn from(error: keep_artifact::ArtifactError) -> Self {
        Self::Artifact(Box::new(error))
    }
}

impl From<keep_memory::MemoryError> for Failure {
    fn from(error: keep_memory::MemoryError) -> Self {
        // So that what waits for approval is recognised, whoever asked for it.
        match error {
            keep_memory::MemoryError::Gate(error) => Self::Gate(error),
            error => Self::Memory(Box::new(error)),
        }
    }
}

impl From<PackingError> for Failure {
    fn from(error: PackingError) -> Self {
        // So that what waits for approval is recognised, whoever asked for it.
        match error {
            PackingError::Gate(error) => Self::Gate(error),
            error => Self::Packing(Box::new(error)),
        }
    }
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn file(doing: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { doing, path: path.display().to_string(), source }
    }

    /// Says what went wrong, once, and gives the exit code.
    pub(crate) fn report(&self, session: &Session) -> ExitCode {
        if matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        let mut messages = chain(self);
        messages.dedup();
        session.error(self.kind(), &messages, self.hint());
        ExitCode::from(self.kind().exit_code())
    }
}

impl Explain for Failure {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Usage { .. } => ErrorKind::Usage,
            Self::App(error) => error.kind(),
            Self::Vault(error) => error.kind(),
            Self::Artifact(error) => error.kind(),
            Self::Memory(error) => error.kind(),
            Self::Packing(error) => error.kind(),
            Self::Server(error) => error.kind(),
            Self::Served { .. } | Self::Exists(_) => ErrorKind::Conflict,
            Self::NoneNamed { .. } => ErrorKind::NotFound,
            Self::NoPerson { .. } | Self::Declined(_) => ErrorKind::Denied,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::Gate(error) => error.kind(),
            // Trying again does not bring a file that is not there.
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::File { .. } | Self::Output(_) => ErrorKind::Unavailable,
            Self::Signals(_) | Self::Runtime(_) => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => Some(hint.clone()),
            Self::App(error) => error.hint(),
            Self::Vault(error) => error.hint(),
            Self::Artifact(error) => error.hint(),
            Self::Memory(error) => error.hint(),
            Self::Packing(error) => error.hint(),
            Self::Server(error) => error.hint(),
            Self::Served { pid: Some(pid), .. } => {
                Some(format!("`keep open` signs you in to it; `kill {pid}` ends it"))
            }
            Self::Served { pid: None, .. } => Some("`keep open` signs you in to it".into()),
            Self::Exists(_) => Some("name another, or remove it".into()),
            Self::NoneNamed { list, .. } => Some(format!("`{list}` lists them")),
            Self::NoPerson { .. } => {
                Some("run it at a terminal of your own, where no agent is above it".into())
            }
            Self::Declined(_) | Self::Interrupted => None,
            Self::Gate(error) => error.hint(),
            Self::File { .. } | Self::Output(_) | Self::Signals(_) | Self::Runtime(_) => None,
        }
    }
}

/// What is wrong with the words of a command about secrets, without the words: whoever types a value
/// where none belongs should not find it in a log.
fn unrepeated(error: &clap::Error) -> Option<Failure> {
    use clap::error::{ContextKind, ErrorKind as Clap};
    let what = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (Clap::ValueValidation | Clap::InvalidValue, Some(arg)) => format!("what was given for {arg} is not"),
        (Clap::UnknownArgument | Clap::TooManyValues | Clap::WrongNumberOfValues, _) => {
            "a word is not".into()
        }
        _ => return None,
    };
    Some(Failure::usage(
        format!("{what} understood, and not repeated here since it may be a value"),
        "a value is typed at the prompt, or comes by standard input or --file; see `keep secret --help`",
    ))
}

/// The home among words that could not be understood as a whole.
fn home_in(words: &[String]) -> Option<std::path::PathBuf> {
    let inline = words.iter().find_map(|word| word.strip_prefix("--home="));
    let next = || words.iter().skip_while(|word| *word != "--home").nth(1).map(String::as_str);
    inline.or_else(next).map(Into::into)
}

/// What clap has to say: help and version are answers, everything else is a usage error.
pub(crate) fn clap_exit(error: &clap::Error) -> ExitCode {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let json = words.iter().any(|word| word == "--json");
    let session = Session::new(crate::args::Global { json, home: home_in(&words), ..Default::default() });
    if words.iter().any(|word| word == "secret")
        && let Some(failure) = unrepeated(error)
    {
        return failure.report(&session);
    }
    if error.use_stderr() && json {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let hint = text.lines().skip(1).find_map(|line| {
            let line = line.trim();
            let values = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            line.strip_prefix("tip: ").or(values).map(str::to_owned)
        });
        session.error(ErrorKind::Usage, &[message], hint);
        return ExitCode::from(ErrorKind::Usage.exit_code());
    }
    // The words may hold a value that was typed in the wrong place.
    let text = error.render().to_string();
    let cleaned = if error.use_stderr() { session.cleaner().clean(&text) } else { text.clone() };
    // A closed stdout or stderr leaves nobody to tell.
    let _ = if cleaned == text { error.print() } else { write!(std::io::stderr(), "{cleaned}") };
    ExitCode::from(if error.use_stderr() { ErrorKind::Usage.exit_code() } else { 0 })
}
