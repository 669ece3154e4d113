//! What can go wrong, and what is refused.

use crate::profile::Tier;
use std::io;
use std::path::PathBuf;

/// Why a profile is not run at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing here can enforce all of this profile: {}", reasons.iter().map(|(tier, why)| format!("{tier}: {why}")).collect::<Vec<_>>().join("; "))]
pub struct Refusal {
    /// For each tier, the fastest first, what it cannot do.
    pub reasons: Vec<(Tier, String)>,
}

/// A confined run that could not be started, or not be followed to its end.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The profile cannot be enforced.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something that the parent does to prepare the run.
    #[error("cannot {doing}")]
    Prepare {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },
    /// A step inside the sandbox.
    #[error("cannot {step} in the sandbox{}", hint.map(|hint| format!(" ({hint})")).unwrap_or_default())]
    Step {
        /// What was being done.
        step: String,
        /// What to look at.
        hint: Option<&'static str>,
        /// Why it failed.
        source: io::Error,
    },
    /// The program to run is not there, or is none.
    #[error("cannot run {}", program.display())]
    Program {
        /// What was to be run.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A word, a variable or a path holds a zero byte.
    #[error("{0} holds a zero byte")]
    ZeroByte(String),
    /// The profile names more paths than a run has room for.
    #[error("the profile names more paths than one run can hold")]
    TooMuch,
    /// The process that confines the run ended before it said how the command ended.
    #[error("the confined run was killed from outside")]
    Lost,
}

impl SandboxError {
    /// For `map_err`: what the parent was doing.
    pub(crate) fn doing<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| Self::Prepare { doing, source: source.into() }
    }
}
