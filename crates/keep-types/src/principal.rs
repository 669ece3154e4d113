use crate::name::{Name, NameError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What kind of being acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A program that decides for itself what to do.
    Agent,
    /// A program that does what it was set up to do.
    Service,
}

impl PrincipalKind {
    /// The word before the colon.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Service => "service",
        }
    }
}

/// Who acts: `user:<name>`, `agent:<name>` or `service:<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Principal {
    kind: PrincipalKind,
    name: Name,
}

/// What is wrong with a principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// No colon.
    #[error("{0:?} is no principal; use `user:<name>`, `agent:<name>` or `service:<name>`")]
    UnknownForm(String),
    /// A word before the colon that is not one of the three.
    #[error("{0:?} is no kind of principal; use user, agent or service")]
    UnknownKind(String),
    /// The name after the colon is malformed.
    #[error("the principal's name is malformed")]
    Name(#[source] NameError),
}

impl Principal {
    /// A principal of the given kind.
    #[must_use]
    pub fn new(kind: PrincipalKind, name: Name) -> Self {
        Self { kind, name }
    }

    /// The caller about whom nothing is known: `agent:unknown`.
    #[must_use]
    pub fn unknown_agent() -> Self {
        let name = "unknown".parse().expect("a literal of lower-case letters is a name");
        Self::new(PrincipalKind::Agent, name)
    }

    /// What kind of being it is.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The name after the colon.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        let shown = |t: &str| t.chars().take(80).collect::<String>();
        let (kind, name) = text.split_once(':').ok_or_else(|| PrincipalError::UnknownForm(shown(text)))?;
        let kind = match kind {
            "user" => PrincipalKind::User,
            "agent" => PrincipalKind::Agent,
            "service" => PrincipalKind::Service,
            other => return Err(PrincipalError::UnknownKind(shown(other))),
        };
        Ok(Self { kind, name: name.parse().map_err(PrincipalError::Name)? })
    }
}

impl TryFrom<String> for Principal {
    type Error = PrincipalError;
    fn try_from(text: String) -> Result<Self, PrincipalError> {
        text.parse()
    }
}

impl From<Principal> for String {
    fn from(principal: Principal) -> Self {
        principal.to_string()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.name)
    }
}
