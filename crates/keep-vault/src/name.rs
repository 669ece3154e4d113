use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longer names are no environment variables that anybody types.
const MAX_NAME: usize = 128;

/// What a secret is called: the name of the environment variable that carries it, such as
/// `DATABASE_URL`. One spelling for both, so that a variable of the same name can take its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(Box<str>);

/// Text that is no secret's name. It does not repeat the text, which may be a value put in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret's name is that of an environment variable: A-Z, a-z, 0-9 and '_', not starting with a digit"
)]
pub struct SecretNameError;

impl SecretName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = SecretNameError;

    fn from_str(text: &str) -> Result<Self, SecretNameError> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let rest = bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if first && rest && text.len() <= MAX_NAME { Ok(Self(text.into())) } else { Err(SecretNameError) }
    }
}

impl TryFrom<String> for SecretName {
    type Error = SecretNameError;
    fn try_from(text: String) -> Result<Self, SecretNameError> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_variables() {
        for good in ["A", "DATABASE_URL", "_x9", "lower_case"] {
            assert_eq!(good.parse::<SecretName>().unwrap().as_str(), good);
        }
        let long = "A".repeat(MAX_NAME + 1);
        for bad in ["", "9A", "A-B", "A B", "Ä", "A\n", "A=B", long.as_str()] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad}");
        }
    }
}
