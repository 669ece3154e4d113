//! Paths inside a layer: bytes that a stranger chose.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path below a folder: names with `/` between them, none of them empty, `.` or `..`. The folder itself is
/// the empty path. Shown with `%` and two digits for each byte that is not plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    /// Reads a path; `None` when it could lead out.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let fits = |name: &[u8]| !name.is_empty() && name != b"." && name != b".." && !name.contains(&0);
        (bytes.is_empty() || bytes.split(|b| *b == b'/').all(fits)).then(|| Self(bytes.to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a path of the file system.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// Whether this is the other path or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        other.0.is_empty()
            || self.0.strip_prefix(other.0.as_slice()).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|b| *b == b'/').filter(|name| !name.is_empty())
    }

    pub(crate) fn join(&self, name: &[u8]) -> Self {
        let mut bytes = self.0.clone();
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// The folder that it is in, and its name there.
    pub(crate) fn split(&self) -> (Self, &[u8]) {
        match self.0.iter().rposition(|b| *b == b'/') {
            Some(at) => (Self(self.0[..at].to_vec()), &self.0[at + 1..]),
            None => (Self::default(), &self.0),
        }
    }
}

/// Parents before what they hold, and what a folder holds together.
impl Ord for RelPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.names().cmp(other.names())
    }
}

impl PartialOrd for RelPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                // Marks that turn the direction of writing hide a name's end.
                let odd =
                    c.is_control() || c == '%' || ('\u{200b}'..='\u{206f}').contains(&c) || c == '\u{feff}';
                if odd {
                    let mut buffer = [0; 4];
                    c.encode_utf8(&mut buffer).bytes().try_for_each(|b| write!(f, "%{b:02x}"))?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            chunk.invalid().iter().try_for_each(|b| write!(f, "%{b:02x}"))?;
        }
        Ok(())
    }
}

/// The way back from how bytes are shown.
pub(crate) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    Some(bytes)
}

impl Serialize for RelPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let path = unescape(&text).and_then(|bytes| Self::new(&bytes));
        path.ok_or_else(|| serde::de::Error::custom("a path that leads out of its folder"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for bad in ["/", "/a", "a/", "a//b", ".", "..", "a/..", "a/./b", "a\0"] {
            assert_eq!(RelPath::new(bad.as_bytes()), None, "{bad:?}");
        }
        for good in [b"".as_slice(), b"a", b"a/b", b"...", b"\xff", b" "] {
            assert!(RelPath::new(good).is_some());
        }
        let path = |text: &str| RelPath::new(text.as_bytes()).unwrap();
        assert!(
            path("a/b").is_within(&path("a"))
                && path("a").is_within(&path("a"))
                && path("a").is_within(&path(""))
        );
        assert!(!path("ab").is_within(&path("a")) && !path("a").is_within(&path("a/b")));
        assert!(path("a") < path("a/b") && path("a/b") < path("a.b"));
    }

    #[test]
    fn any_bytes_are_shown_and_read_back() {
        let hostile = RelPath::new(b"a\x1b[2J\n/\xff%\xe2\x80\xaeb c").unwrap();
        assert_eq!(hostile.to_string(), "a%1b[2J%0a/%ff%25%e2%80%aeb c");
        let text = serde_json::to_string(&hostile).unwrap();
        assert_eq!(serde_json::from_str::<RelPath>(&text).unwrap(), hostile);
        assert!(serde_json::from_str::<RelPath>("\"a/%2e%2e/b\"").is_err());
        assert!(serde_json::from_str::<RelPath>("\"a%2\"").is_err());
    }
}
