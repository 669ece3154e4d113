use keep_types::{Duration, Name};
use keep_vault::SecretName;
use serde::Serialize;
use std::fmt;

/// How a person learns that an approval waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeBy {
    /// Not at all; the inbox has it.
    None,
    /// The terminal's bell.
    Bell,
    /// A notice on the desktop.
    Desktop,
}

/// The longest line: an address with everything in it fits.
const MAX_LINE: usize = 1_000;

/// What stands before the name of a secret where a setting names one.
pub const SECRET_PREFIX: &str = "secret:";

/// The words of a choice.
pub type Choice = &'static [&'static str];

impl NoticeBy {
    const ALL: [(Self, &'static str); 3] =
        [(Self::None, "none"), (Self::Bell, "bell"), (Self::Desktop, "desktop")];
    pub(crate) const WORDS: Choice = &["none", "bell", "desktop"];

    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("none", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(one, _)| *one)
    }
}

/// What sort of value a key takes, and within which bounds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A span of time such as `10m`, between two others.
    Span(Duration, Duration),
    /// A whole number between two others.
    Count(u64, u64),
    /// `true` or `false`.
    Switch,
    /// One of some words.
    Choice(Choice),
    /// A name, or nothing.
    Name,
    /// A line of text that its user parses, or nothing.
    Line,
    /// The name of a secret of the vault behind `secret:`, or nothing; never a value.
    Secret,
}

/// A checked value of one of those kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A span of time.
    Span(Duration),
    /// A whole number.
    Count(u64),
    /// Yes or no.
    Switch(bool),
    /// One of some words.
    Choice(&'static str),
    /// A name; none where it was never set.
    Name(Option<Name>),
    /// A line of text; none where it was never set.
    Line(Option<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(span) => span.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::Switch(on) => on.fmt(f),
            Self::Choice(word) => f.write_str(word),
            Self::Name(Some(name)) => name.fmt(f),
            Self::Line(Some(line)) => f.write_str(line),
            Self::Name(None) | Self::Line(None) => Ok(()),
        }
    }
}

impl Kind {
    /// The kind in words, as errors name it.
    #[must_use]
    pub fn wanted(self) -> String {
        match self {
            Self::Span(least, most) => format!("a span of time from {least} to {most}, in quotes"),
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::Switch => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Name => "a name of a-z, 0-9, '.', '_' and '-'".to_owned(),
            Self::Line => format!("a line of at most {MAX_LINE} characters, in quotes"),
            Self::Secret => format!("{SECRET_PREFIX}NAME, the name of a secret in the vault, in quotes"),
        }
    }

    /// A value from plain text, as a flag, the environment or `keep config set` gives it.
    #[must_use]
    pub fn from_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Span(least, most) => {
                let span: Duration = text.parse().ok()?;
                (least <= span && span <= most).then_some(Value::Span(span))
            }
            Self::Count(least, most) => {
                let count: u64 = text.parse().ok()?;
                (least <= count && count <= most).then_some(Value::Count(count))
            }
            Self::Switch => text.parse().ok().map(Value::Switch),
            Self::Choice(words) => words.iter().find(|w| **w == text).map(|w| Value::Choice(w)),
            Self::Name => text.parse().ok().map(|name| Value::Name(Some(name))),
            Self::Line => {
                let fits = !text.is_empty() && text.len() <= MAX_LINE && !text.contains(char::is_control);
                fits.then(|| Value::Line(Some(text.to_owned())))
            }
            Self::Secret => {
                let name = text.strip_prefix(SECRET_PREFIX)?;
                name.parse::<SecretName>().ok().map(|_| Value::Line(Some(text.to_owned())))
            }
        }
    }

    /// A text that is no value of the kind, as errors show it. Where the name of a secret belongs, somebody
    /// may have put its value.
    #[must_use]
    pub fn shown(self, text: &str) -> String {
        match self {
            Self::Secret => "something else, which is not shown".to_owned(),
            _ => format!("{:?}", text.chars().take(80).collect::<String>()),
        }
    }

    /// Whether TOML writes such a value in quotes.
    #[must_use]
    pub fn is_quoted(self) -> bool {
        !matches!(self, Self::Count(..) | Self::Switch)
    }
}
