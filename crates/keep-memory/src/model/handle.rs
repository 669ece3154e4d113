use keep_types::{Id, MemoryKind};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// The characters of an id after its prefix.
const DIGITS: usize = 26;
/// Fewer characters name nothing in particular.
const LEAST: usize = 4;

/// What a person types for an id: all of it or its beginning, with or without `mem_`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Handle(String);

/// Text that is no beginning of an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no memory's id; give at least {LEAST} of its first characters, such as mem_01kar3")]
pub struct HandleError(String);

impl Handle {
    /// The beginning of the ids that are meant.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let digits = text.strip_prefix("mem_").unwrap_or(text).to_ascii_lowercase();
        let fits = digits.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
        if fits && (LEAST..=DIGITS).contains(&digits.len()) {
            Ok(Self(format!("mem_{digits}")))
        } else {
            Err(HandleError(text.chars().take(80).collect()))
        }
    }
}

impl From<Id<MemoryKind>> for Handle {
    fn from(id: Id<MemoryKind>) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Handle;

    #[test]
    fn a_beginning_is_enough() {
        for (typed, want) in [
            ("mem_01ka", Some("mem_01ka")),
            ("01KA", Some("mem_01ka")),
            ("mem_", None),
            ("01k", None),
            ("01k%", None),
            ("", None),
            ("mem_01234567890123456789012345x", None),
        ] {
            assert_eq!(typed.parse::<Handle>().ok().as_ref().map(Handle::as_str), want, "{typed}");
        }
    }
}
