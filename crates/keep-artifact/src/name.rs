//! What an artifact, one of its versions and a mark on it are called.

use keep_types::{Name, NameError, Namespace};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest word of a tag: enough for a hash, short enough for a column.
const MAX_TAG_WORD: usize = 64;

/// An artifact: its name and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Where.
    pub namespace: Namespace,
    /// Its name there.
    pub name: Name,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.name, self.namespace)
    }
}

/// Which version of an artifact is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// The last one.
    Latest,
    /// The one of this number.
    Number(u64),
    /// The last one that bears this tag.
    Tagged(Tag),
}

/// `model`, `model@7`, `model@best` or `model@step=1200`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The artifact.
    pub name: Name,
    /// Which version.
    pub version: Version,
}

/// A mark on a version: a word, or a word and a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

/// Text that names no artifact, version or tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The name.
    #[error("the artifact's name is malformed")]
    Name(#[from] NameError),
    /// The tag.
    #[error("{0:?} is no tag; write `best` or `step=1200`, of A-Z, a-z, 0-9, '.', '_', '+' and '-'")]
    Tag(String),
}

impl Tag {
    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value behind a key, as `1200` in `step=1200`.
    #[must_use]
    pub fn value_of(&self, key: &str) -> Option<&str> {
        self.0.split_once('=').filter(|(own, _)| *own == key).map(|(_, value)| value)
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let word = |word: &str| {
            let allowed =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-');
            (1..=MAX_TAG_WORD).contains(&word.len()) && word.bytes().all(allowed)
        };
        let good = match text.split_once('=') {
            Some((key, value)) => word(key) && word(value),
            // A number alone would be taken for a version's.
            None => word(text) && text.parse::<u64>().is_err(),
        };
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError::Tag(text.chars().take(80).collect()))
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let Some((name, version)) = text.split_once('@') else {
            return Ok(Self { name: text.parse()?, version: Version::Latest });
        };
        let version = match version.parse() {
            Ok(number) => Version::Number(number),
            Err(_) => Version::Tagged(version.parse()?),
        };
        Ok(Self { name: name.parse()?, version })
    }
}

impl TryFrom<String> for Tag {
    type Error = ReferenceError;
    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Number(number) => number.fmt(f),
            Self::Tagged(tag) => tag.fmt(f),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::Latest => self.name.fmt(f),
            version => write!(f, "{}@{version}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for good in ["model", "model@7", "model@best", "model@step=1200", "a.b-c@v1.2+x"] {
            assert_eq!(good.parse::<Reference>().unwrap().to_string(), good);
        }
        for bad in ["", "Model", "model@", "model@=", "model@a=", "model@a b", "model@a=b=c", "../x", "m@é"]
        {
            assert!(bad.parse::<Reference>().is_err(), "{bad:?}");
        }
        let tag: Tag = "step=1200".parse().unwrap();
        assert_eq!((tag.value_of("step"), tag.value_of("ste")), (Some("1200"), None));
        assert!("1200".parse::<Tag>().is_err());
    }
}
