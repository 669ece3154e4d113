use serde::Serialize;

/// The largest rule file: some thousands of lines, beyond what a person reviews.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;
/// The most files in one policy, so that a folder filled by accident is an error, not a slow start.
pub(crate) const MAX_SOURCES: usize = 128;
/// The most rules in one policy: a decision looks at each, and must stay far below a millisecond.
pub(crate) const MAX_RULES: usize = 2_000;
/// The most patterns or examples in one list of one rule.
pub(crate) const MAX_LIST: usize = 64;
/// The longest reason: it is shown on one or two lines of a terminal.
pub(crate) const MAX_REASON_CHARS: usize = 300;

/// Who wrote a source of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Keep's own defaults, always present.
    Builtin,
    /// The machine's administrator.
    System,
    /// The person whose installation it is.
    User,
    /// A project's own files, which may only ask or deny.
    Project,
}

impl Layer {
    /// The layer as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::System => "system",
            Self::User => "user",
            Self::Project => "project",
        }
    }

    /// Whose rule is named when several decide alike: the one a person can do most about comes first.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::System => 0,
            Self::User => 1,
            Self::Project => 2,
            Self::Builtin => 3,
        }
    }
}

/// The text of one rule file, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose it is.
    pub layer: Layer,
    /// The file as errors and rulings show it.
    pub name: String,
    /// What it says.
    pub text: String,
}
