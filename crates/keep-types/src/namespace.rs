use crate::name::{Name, NameError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a thing lives: `global`, `project:<name>` or `session:<project>/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Namespace {
    /// Shared by everything of this user.
    Global,
    /// One project's.
    Project(Name),
    /// One conversation or run within a project.
    Session {
        /// The project the session belongs to.
        project: Name,
        /// The session's own id.
        id: Name,
    },
}

/// What is wrong with a namespace. A malformed one is always an error, never a silent `global`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// Nothing was given.
    #[error("the namespace is empty")]
    Empty,
    /// Neither `global` nor one of the two prefixes.
    #[error("{0:?} is no namespace; use `global`, `project:<name>` or `session:<project>/<id>`")]
    UnknownForm(String),
    /// `session:` without `/<id>`.
    #[error("the session namespace lacks its `/<id>`")]
    SessionWithoutId,
    /// The project's name is malformed.
    #[error("the project's name is malformed")]
    Project(#[source] NameError),
    /// The session's id is malformed.
    #[error("the session's id is malformed")]
    SessionId(#[source] NameError),
}

impl Namespace {
    /// Itself and the wider namespaces that reading here also sees: session, then project, then global.
    #[must_use]
    pub fn visible(&self) -> Vec<Namespace> {
        match self {
            Self::Global => vec![Self::Global],
            Self::Project(_) => vec![self.clone(), Self::Global],
            Self::Session { project, .. } => {
                vec![self.clone(), Self::Project(project.clone()), Self::Global]
            }
        }
    }

    /// Whether something stored in `other` can be seen from here.
    #[must_use]
    pub fn sees(&self, other: &Namespace) -> bool {
        self.visible().contains(other)
    }

    /// The project this namespace belongs to, if any.
    #[must_use]
    pub fn project(&self) -> Option<&Name> {
        match self {
            Self::Global => None,
            Self::Project(name) | Self::Session { project: name, .. } => Some(name),
        }
    }
}

impl FromStr for Namespace {
    type Err = NamespaceError;

    fn from_str(text: &str) -> Result<Self, NamespaceError> {
        if text.is_empty() {
            return Err(NamespaceError::Empty);
        }
        if text == "global" {
            return Ok(Self::Global);
        }
        if let Some(name) = text.strip_prefix("project:") {
            return name.parse().map(Self::Project).map_err(NamespaceError::Project);
        }
        if let Some(rest) = text.strip_prefix("session:") {
            let (project, id) = rest.split_once('/').ok_or(NamespaceError::SessionWithoutId)?;
            return Ok(Self::Session {
                project: project.parse().map_err(NamespaceError::Project)?,
                id: id.parse().map_err(NamespaceError::SessionId)?,
            });
        }
        Err(NamespaceError::UnknownForm(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Namespace {
    type Error = NamespaceError;
    fn try_from(text: String) -> Result<Self, NamespaceError> {
        text.parse()
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.to_string()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Project(name) => write!(f, "project:{name}"),
            Self::Session { project, id } => write!(f, "session:{project}/{id}"),
        }
    }
}
