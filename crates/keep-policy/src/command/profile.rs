use crate::rule::Decision;
use keep_shell::Reason;
use keep_types::Risk;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What runs without a question when no rule speaks of it. A profile never allows what is critical, nor
/// what cannot be read or known beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Looking inside the workspace.
    ReadOnly,
    /// And changing it, and building.
    #[default]
    Workspace,
    /// And asking other hosts for something.
    Network,
    /// Everything but what is critical; each act leaves its record all the same.
    FullTrust,
}

/// The reasons for a high risk that asking other hosts for something gives.
const FETCHING: [&str; 1] = ["network"];

impl Profile {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 4] = [Self::ReadOnly, Self::Workspace, Self::Network, Self::FullTrust];

    /// The profile as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Workspace => "workspace",
            Self::Network => "network",
            Self::FullTrust => "full-trust",
        }
    }

    /// Whether what these reasons say happens without a question.
    pub(crate) fn decide(self, risk: Risk, reasons: &[Reason]) -> Decision {
        let most = match self {
            Self::ReadOnly => Risk::Low,
            Self::Workspace | Self::Network => Risk::Medium,
            Self::FullTrust => Risk::High,
        };
        let fetches = |reason: &Reason| {
            self == Self::Network && reason.risk == Risk::High && FETCHING.contains(&reason.code)
        };
        let covered = |reason: &Reason| reason.risk <= most || fetches(reason);
        let known = risk <= most || reasons.iter().any(|reason| reason.risk == risk);
        if known && reasons.iter().all(covered) { Decision::Allow } else { Decision::Ask }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Text that is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no profile; use read-only, workspace, network or full-trust")]
pub struct ProfileError(String);

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let found = Self::ALL.into_iter().find(|profile| profile.as_str() == text);
        found.ok_or_else(|| ProfileError(text.chars().take(80).collect()))
    }
}
