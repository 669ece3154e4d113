//! Words: what bash makes of them, as far as the text alone tells.

pub(crate) mod arithmetic;
pub(crate) mod brace;
pub(crate) mod close;
pub(crate) mod pattern;
pub(crate) mod pieces;

use serde::Serialize;

/// How much of a word is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// Exactly this text.
    #[default]
    Known,
    /// A pattern: the names that match it, or the pattern itself.
    Pattern,
    /// Part of it is decided when it runs; that part stands here as it was written.
    Unknown,
}

impl Sort {
    /// The sort of a pattern made from a word of this sort.
    pub(crate) fn max_unknown(self) -> Self {
        if self == Self::Unknown { Self::Unknown } else { Self::Pattern }
    }
}

/// One word of a command as the program would get it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The text; see `sort` for how far to trust it.
    pub text: String,
    /// How much of it is known.
    pub sort: Sort,
    /// It may become several words, or none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
    /// Its unknown parts come from the network.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub from_network: bool,
    /// Its unknown parts are single names without a slash: a date, a number, a user's name.
    #[serde(skip)]
    pub(crate) plain: bool,
    /// What can be read from it: it is a process substitution.
    #[serde(skip)]
    pub(crate) stream: Option<Box<crate::reduce::Flow>>,
}

impl Word {
    /// A word that is known to the letter.
    #[must_use]
    pub fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A word that nothing is known of but how it was written.
    #[must_use]
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { text: text.into(), sort: Sort::Unknown, ..Self::default() }
    }

    /// A pattern of names.
    #[must_use]
    pub(crate) fn pattern(text: impl Into<String>) -> Self {
        Self { text: text.into(), sort: Sort::Pattern, ..Self::default() }
    }

    /// The text, if it is known to the letter.
    #[must_use]
    pub fn as_known(&self) -> Option<&str> {
        (self.sort == Sort::Known).then_some(self.text.as_str())
    }

    /// Whether it could be taken for an option although it does not look like one.
    pub(crate) fn may_be_option(&self) -> bool {
        match self.sort {
            Sort::Known => false,
            Sort::Pattern => self.text.starts_with(['*', '?', '[', '-']),
            Sort::Unknown => !self.plain && self.text.starts_with(['$', '`', '<']),
        }
    }
}
