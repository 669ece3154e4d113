use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How much an act could harm. Ordered: `Low < Medium < High < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Reads inside the workspace.
    Low,
    /// Writes inside the workspace, or runs a build tool.
    Medium,
    /// Network, outside the workspace, history rewriting, package install.
    High,
    /// Destroys, escalates, or changes what Keep itself allows.
    Critical,
}

/// How far a memory may be believed. Ordered: `Document < Tool < Agent < User`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Came from untrusted text.
    Document,
    /// Came from a tool's output.
    Tool,
    /// An agent concluded it.
    Agent,
    /// A person said it.
    User,
}

/// A word that is no level of risk or trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no level of {what}; use one of {allowed}")]
pub struct RankError {
    given: String,
    what: &'static str,
    allowed: &'static str,
}

macro_rules! rank {
    ($type:ident, $what:literal, $allowed:literal, $($variant:ident => $word:literal),+) => {
        impl $type {
            /// The level as a word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl FromStr for $type {
            type Err = RankError;
            fn from_str(text: &str) -> Result<Self, RankError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(RankError {
                        given: text.chars().take(80).collect(),
                        what: $what,
                        allowed: $allowed,
                    }),
                }
            }
        }
    };
}

rank!(Risk, "risk", "low, medium, high, critical",
    Low => "low", Medium => "medium", High => "high", Critical => "critical");
rank!(Trust, "trust", "document, tool, agent, user",
    Document => "document", Tool => "tool", Agent => "agent", User => "user");
