use serde::{Deserialize, Serialize};

/// What sort of failure it is; decides the exit code and what a surface answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The program's own fault, or a fault it has no better word for.
    Internal,
    /// The request is malformed.
    Usage,
    /// Policy, scope, freeze or a person said no.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// Something that must not change has changed.
    Tampered,
    /// A disk, lock or service cannot be had now; trying again may help.
    Unavailable,
    /// The thing exists already or has moved on meanwhile.
    Conflict,
    /// A person must answer first.
    Pending,
    /// Interrupted by Ctrl-C or a signal.
    Interrupted,
}

impl ErrorKind {
    /// The process exit code; part of the stable interface.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::NotFound => 4,
            Self::Tampered => 5,
            Self::Unavailable => 6,
            Self::Conflict => 7,
            Self::Pending => 8,
            Self::Interrupted => 130,
        }
    }

    /// The kind as a word, as JSON shows it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Tampered => "tampered",
            Self::Unavailable => "unavailable",
            Self::Conflict => "conflict",
            Self::Pending => "pending",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What every crate's error tells the edge beside its message.
pub trait Explain: std::error::Error {
    /// What sort of failure it is.
    fn kind(&self) -> ErrorKind;

    /// What to do next, where that is known.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// The messages of an error and its sources, outermost first.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |e| e.source()).map(ToString::to_string).collect()
}
