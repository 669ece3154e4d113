use super::{Importance, Kind, Source, Strength, Validity};
use keep_types::{Timestamp, Trust};
use serde::{Deserialize, Serialize};

/// A memory as its writer hands it in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    /// What it says.
    pub text: String,
    /// A headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What sort of thing it says.
    pub kind: Kind,
    /// Words it is filed under.
    pub tags: Vec<String>,
    /// How much it matters.
    pub importance: Importance,
    /// How sure its writer is.
    pub confidence: Strength,
    /// The trust that its writer asks for. It can only lower what caller and source allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Where it comes from.
    pub source: Source,
    /// Who said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// When it was said or happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Timestamp>,
    /// When it was true.
    pub valid: Validity,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// It neither decays nor is proposed for removal.
    pub pinned: bool,
}
