use super::{Kind, Source, Strength};
use keep_types::{Id, MemoryKind, Namespace, Principal, Timestamp, Trust};
use serde::{Deserialize, Serialize};

/// A number outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} goes from {low} to {high}")]
pub struct RangeError {
    pub(super) what: &'static str,
    pub(super) low: &'static str,
    pub(super) high: &'static str,
}

/// How much a memory matters, from 1 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Importance(u8);

impl Importance {
    /// As a number from 1 to 10.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Importance {
    fn default() -> Self {
        Self(5)
    }
}

impl TryFrom<u8> for Importance {
    type Error = RangeError;

    fn try_from(importance: u8) -> Result<Self, RangeError> {
        if (1..=10).contains(&importance) {
            Ok(Self(importance))
        } else {
            Err(RangeError { what: "importance", low: "1", high: "10" })
        }
    }
}

impl From<Importance> for u8 {
    fn from(importance: Importance) -> Self {
        importance.0
    }
}

/// When a memory was true in the world, as far as anybody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// From when on; without it, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until when, that moment not included; without it, still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl Validity {
    /// Whether it was true at this moment.
    #[must_use]
    pub fn holds_at(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.to.is_none_or(|to| moment < to)
    }
}

/// A memory as the store has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Its name for good.
    pub id: Id<MemoryKind>,
    /// Where it lives.
    pub namespace: Namespace,
    /// Counted up by every edit, from 1.
    pub version: u32,
    /// What sort of thing it says.
    pub kind: Kind,
    /// A headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it says.
    pub text: String,
    /// Words it is filed under, sorted.
    pub tags: Vec<String>,
    /// How much it matters.
    pub importance: Importance,
    /// How sure its writer is.
    pub confidence: Strength,
    /// How far it may be believed.
    pub trust: Trust,
    /// Where it comes from.
    pub source: Source,
    /// Who wrote it down.
    pub written_by: Principal,
    /// Who wrote this version of it, where that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<Principal>,
    /// Who said it, where it is a turn of a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// When it was said or happened, where that is not when it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
    /// When it was true.
    pub valid: Validity,
    /// When it was first written down.
    pub recorded_at: Timestamp,
    /// When this version of it was.
    pub edited_at: Timestamp,
    /// When it was retired: superseded, or withdrawn. It is then found by asking for that time only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// When it ends being shown to anybody, and is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// It neither decays nor is proposed for removal.
    pub pinned: bool,
    /// Why it is kept from being recalled until a person releases it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<String>,
    /// Why it may read like orders to whoever recalls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// How often it was recalled.
    pub recalls: u64,
    /// When it was last recalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_at: Option<Timestamp>,
}
