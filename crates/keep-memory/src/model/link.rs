use keep_types::{Id, MemoryKind, Principal, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How one memory bears on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// It adds to the other.
    Extends,
    /// Both cannot be true.
    Contradicts,
    /// It carries the other out.
    Implements,
    /// It speaks of the other.
    References,
    /// It takes the other's place.
    Supersedes,
    /// It is so because of the other.
    CausedBy,
    /// It belongs to the other.
    PartOf,
}

/// A word that is no kind of link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind of link; use extends, contradicts, implements, references, supersedes, caused_by or part_of"
)]
pub struct LinkKindError(String);

impl LinkKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Extends,
        Self::Contradicts,
        Self::Implements,
        Self::References,
        Self::Supersedes,
        Self::CausedBy,
        Self::PartOf,
    ];

    /// The kind as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extends => "extends",
            Self::Contradicts => "contradicts",
            Self::Implements => "implements",
            Self::References => "references",
            Self::Supersedes => "supersedes",
            Self::CausedBy => "caused_by",
            Self::PartOf => "part_of",
        }
    }
}

impl FromStr for LinkKind {
    type Err = LinkKindError;

    fn from_str(text: &str) -> Result<Self, LinkKindError> {
        let wanted = text.replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == wanted)
            .ok_or_else(|| LinkKindError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How strong a link is, from none to certain.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Strength(f32);

impl Strength {
    /// As a number from 0 to 1.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

impl Default for Strength {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TryFrom<f32> for Strength {
    type Error = super::RangeError;

    fn try_from(strength: f32) -> Result<Self, super::RangeError> {
        if (0.0..=1.0).contains(&strength) {
            Ok(Self(strength))
        } else {
            Err(super::RangeError { what: "strength or confidence", low: "0", high: "1" })
        }
    }
}

impl From<Strength> for f32 {
    fn from(strength: Strength) -> Self {
        strength.0
    }
}

/// A link between two memories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// What it goes out from.
    pub from: Id<MemoryKind>,
    /// What it leads to.
    pub to: Id<MemoryKind>,
    /// How the first bears on the second.
    pub kind: LinkKind,
    /// How strong it is.
    pub strength: Strength,
    /// Why it was made.
    pub reason: Option<String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: Principal,
}
