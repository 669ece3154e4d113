use crate::error::BlobError;
use std::fmt;
use std::str::FromStr;

/// The longest name. It leaves room below the 255 bytes of a file name and the 1,024 of an S3 key.
const NAME_BYTES: usize = 200;

/// The most parts between slashes; also bounds how deep a listing descends.
const NAME_PARTS: usize = 8;

/// The last part of a stored name carries this ending and no other part may, so that a name can be the
/// beginning of another (`a` and `a/b`) in a folder as well as on S3.
pub(crate) const NAME_ENDING: &str = ".obj";

/// A checked name of a small object: parts of `[A-Za-z0-9._-]` between slashes, at most 200 bytes and
/// eight parts; no part is empty, begins with a dot or ends in `.obj`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName(String);

impl ObjectName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

/// What is wrong with a name, if anything is.
fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() || text.len() > NAME_BYTES {
        return Some("it must have between 1 and 200 bytes");
    }
    if text.split('/').count() > NAME_PARTS {
        return Some("it has more than eight parts");
    }
    text.split('/').find_map(|part| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        match part {
            "" => Some("a part between its slashes is empty"),
            _ if part.starts_with('.') => Some("a part begins with a dot"),
            _ if part.ends_with(NAME_ENDING) => Some("a part ends in `.obj`, which the store adds itself"),
            _ if !part.bytes().all(allowed) => {
                Some("only A-Z, a-z, 0-9, `.`, `_`, `-` and `/` may stand in it")
            }
            _ => None,
        }
    })
}

impl FromStr for ObjectName {
    type Err = BlobError;

    fn from_str(text: &str) -> Result<Self, BlobError> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(BlobError::BadName { name: text.chars().take(80).collect(), why }),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectName({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_folder() {
        for good in ["a", "refs/main", "A-1_b.c/d", "x..y", &"n".repeat(200), "1/2/3/4/5/6/7/8"] {
            assert_eq!(good.parse::<ObjectName>().unwrap().as_str(), good);
        }
        let bad = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/..",
            ".hidden",
            "a/.b",
            "a\\b",
            "a b",
            "a\0",
            "a\n",
            "a%2e%2e",
            "é",
            "~",
            "a.obj",
            "a.obj/b",
            &"n".repeat(201),
            "1/2/3/4/5/6/7/8/9",
        ];
        for text in bad {
            let error = text.parse::<ObjectName>().unwrap_err();
            assert!(matches!(error, BlobError::BadName { .. }), "{text:?}: {error:?}");
        }
    }
}
