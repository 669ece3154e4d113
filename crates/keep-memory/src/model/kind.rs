use keep_types::{Name, NameError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What sort of thing a memory says. There are usual kinds, and any other name is a kind of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(Name);

impl Kind {
    /// The usual kinds.
    pub const USUAL: [&'static str; 11] = [
        "insight",
        "decision",
        "constraint",
        "architecture",
        "pattern",
        "bugfix",
        "preference",
        "reference",
        "task",
        "event",
        "entity",
    ];

    /// The kind as a word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is one of the usual ones.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        Self::USUAL.contains(&self.as_str())
    }
}

impl Default for Kind {
    fn default() -> Self {
        Self(Self::USUAL[0].parse().expect("the usual kinds are names"))
    }
}

impl FromStr for Kind {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
