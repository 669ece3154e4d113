use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name: long enough for any folder or host, short enough for one table column.
const MAX_BYTES: usize = 64;

/// A checked name: `[a-z0-9][a-z0-9._-]{0,63}`. Namespaces and principals are made of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing was given.
    #[error("the name is empty")]
    Empty,
    /// Over 64 bytes.
    #[error("the name is {0} bytes long, over the limit of 64")]
    TooLong(usize),
    /// The first character is a dot, underscore or dash.
    #[error("the name starts with {0:?}; it must start with a letter a-z or a digit")]
    BadStart(char),
    /// A character outside the alphabet.
    #[error("the name holds {0:?}; allowed are a-z, 0-9, '.', '_' and '-'")]
    BadCharacter(char),
}

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest valid name for free text such as a folder's name; `None` when nothing of it is usable.
    #[must_use]
    pub fn slug(text: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            let usable = c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
            let c = if usable { c } else { '-' };
            let at_start = slug.is_empty();
            let separator = matches!(c, '.' | '_' | '-');
            if separator && (at_start || slug.ends_with('-') && c == '-') {
                continue;
            }
            if slug.len() == MAX_BYTES {
                break;
            }
            slug.push(c);
        }
        slug.trim_end_matches(['.', '_', '-']).parse().ok()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let first = text.chars().next().ok_or(NameError::Empty)?;
        if text.len() > MAX_BYTES {
            return Err(NameError::TooLong(text.len()));
        }
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(bad) = text.chars().find(|&c| !alphanumeric(c) && !matches!(c, '.' | '_' | '-')) {
            return Err(NameError::BadCharacter(bad));
        }
        if !alphanumeric(first) {
            return Err(NameError::BadStart(first));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (text, want) in [
            ("My Project", Some("my-project")),
            ("..hidden", Some("hidden")),
            ("a  b", Some("a-b")),
            ("ünï", Some("n")),
            ("🎉", None),
            ("", None),
            ("v1.2_x", Some("v1.2_x")),
        ] {
            assert_eq!(Name::slug(text).as_ref().map(Name::as_str), want, "{text:?}");
        }
        let long = Name::slug(&"x".repeat(100)).unwrap();
        assert_eq!(long.as_str().len(), MAX_BYTES);
    }
}
