use keep_types::{
    Action, ActionError, Name, NameError, Namespace, NamespaceError, Principal, PrincipalError, PrincipalKind,
};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Text that is no pattern of the wanted sort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A star somewhere else than alone or at the end of a family.
    #[error("{0:?} has a '*' where none can be; {1}")]
    Star(String, &'static str),
    /// Not a path.
    #[error("{0:?} is no path pattern; {1}")]
    Path(String, &'static str),
    /// Not a host.
    #[error("{0:?} is no host pattern; {1}")]
    Host(String, &'static str),
    /// Not a principal.
    #[error(transparent)]
    Principal(#[from] PrincipalError),
    /// Not an action.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// Not a namespace.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// Not a project's name.
    #[error("the project's name is malformed")]
    Project(#[source] NameError),
}

/// Which principals a rule speaks of: `*`, `agent:*` or `agent:claude`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub enum PrincipalPattern {
    /// Everybody.
    Any,
    /// Everybody of one kind.
    Kind(PrincipalKind),
    /// One.
    Exact(Principal),
}

/// Which actions a rule speaks of: `*`, `memory.*` or `memory.write`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub enum ActionPattern {
    /// All.
    Any,
    /// All below one word, not the word itself.
    Family(Action),
    /// One.
    Exact(Action),
}

/// Which namespaces a rule speaks of: `*`, `global`, `project:*`, `project:demo`, `session:*`,
/// `session:demo/*` or `session:demo/one`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub enum NamespacePattern {
    /// All.
    Any,
    /// Every project, not its sessions.
    AnyProject,
    /// Every session.
    AnySession,
    /// Every session of one project.
    SessionsOf(Name),
    /// One.
    Exact(Namespace),
}

impl PrincipalPattern {
    /// Whether the pattern covers this principal.
    #[must_use]
    pub fn covers(&self, principal: &Principal) -> bool {
        match self {
            Self::Any => true,
            Self::Kind(kind) => principal.kind() == *kind,
            Self::Exact(one) => one == principal,
        }
    }
}

impl ActionPattern {
    /// Whether the pattern covers this action.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        match self {
            Self::Any => true,
            Self::Family(family) => {
                action.as_str().strip_prefix(family.as_str()).is_some_and(|rest| rest.starts_with('.'))
            }
            Self::Exact(one) => one == action,
        }
    }
}

impl NamespacePattern {
    /// Whether the pattern covers this namespace.
    #[must_use]
    pub fn covers(&self, namespace: &Namespace) -> bool {
        match (self, namespace) {
            (Self::Any, _)
            | (Self::AnyProject, Namespace::Project(_))
            | (Self::AnySession, Namespace::Session { .. }) => true,
            (Self::SessionsOf(name), Namespace::Session { project, .. }) => name == project,
            (Self::Exact(one), other) => one == other,
            _ => false,
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

impl FromStr for PrincipalPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        match text {
            "*" => Ok(Self::Any),
            "user:*" => Ok(Self::Kind(PrincipalKind::User)),
            "agent:*" => Ok(Self::Kind(PrincipalKind::Agent)),
            "service:*" => Ok(Self::Kind(PrincipalKind::Service)),
            _ if text.contains('*') => {
                Err(PatternError::Star(shown(text), "use `*`, `user:*`, `agent:*` or `service:*`"))
            }
            _ => Ok(Self::Exact(text.parse()?)),
        }
    }
}

impl FromStr for ActionPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let stem = text.strip_suffix(".*").unwrap_or(text);
        if stem.contains('*') {
            return Err(PatternError::Star(shown(text), "use `*` or a family such as `memory.*`"));
        }
        let action = stem.parse()?;
        Ok(if stem.len() == text.len() { Self::Exact(action) } else { Self::Family(action) })
    }
}

impl FromStr for NamespacePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let sessions_of = text.strip_prefix("session:").and_then(|rest| rest.strip_suffix("/*"));
        match text {
            "*" => Ok(Self::Any),
            "project:*" => Ok(Self::AnyProject),
            "session:*" => Ok(Self::AnySession),
            _ => match sessions_of {
                Some(name) => name.parse().map(Self::SessionsOf).map_err(PatternError::Project),
                None if text.contains('*') => Err(PatternError::Star(
                    shown(text),
                    "use `*`, `project:*`, `session:*` or `session:<project>/*`",
                )),
                None => Ok(Self::Exact(text.parse()?)),
            },
        }
    }
}

impl fmt::Display for PrincipalPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Kind(kind) => write!(f, "{}:*", kind.as_str()),
            Self::Exact(one) => one.fmt(f),
        }
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Family(family) => write!(f, "{family}.*"),
            Self::Exact(one) => one.fmt(f),
        }
    }
}

impl fmt::Display for NamespacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::AnyProject => f.write_str("project:*"),
            Self::AnySession => f.write_str("session:*"),
            Self::SessionsOf(project) => write!(f, "session:{project}/*"),
            Self::Exact(one) => one.fmt(f),
        }
    }
}

macro_rules! shown_as_text {
    ($($pattern:ty),+) => {$(
        impl From<$pattern> for String {
            fn from(pattern: $pattern) -> Self {
                pattern.to_string()
            }
        }
    )+};
}
shown_as_text!(PrincipalPattern, ActionPattern, NamespacePattern);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covering() {
        let action = |p: &str, a: &str| p.parse::<ActionPattern>().unwrap().covers(&a.parse().unwrap());
        assert!(action("memory.*", "memory.write") && action("memory.*", "memory.link.add"));
        assert!(!action("memory.*", "memory") && !action("memory.*", "memoryx.write"));
        assert!(action("restore", "restore") && !action("restore", "restore.now"));
        let place = |p: &str, n: &str| p.parse::<NamespacePattern>().unwrap().covers(&n.parse().unwrap());
        assert!(place("project:*", "project:a") && !place("project:*", "session:a/b"));
        assert!(place("session:a/*", "session:a/b") && !place("session:a/*", "session:b/b"));
        assert!(place("*", "global") && place("global", "global") && !place("global", "project:a"));
        let who = |p: &str, n: &str| p.parse::<PrincipalPattern>().unwrap().covers(&n.parse().unwrap());
        assert!(who("user:*", "user:ann") && !who("user:*", "agent:ann"));
        assert!(who("agent:a", "agent:a") && !who("agent:a", "agent:ab"));
    }

    #[test]
    fn malformed_and_round_trip() {
        for bad in ["", "mem*", "*.write", "memory.**", "memory.*.x", "Memory", "**"] {
            assert!(bad.parse::<ActionPattern>().is_err(), "{bad:?}");
        }
        for bad in ["", "agent:a*", "*:a", "user", "robot:*", "user:"] {
            assert!(bad.parse::<PrincipalPattern>().is_err(), "{bad:?}");
        }
        for bad in ["", "project:a*", "session:*/x", "session:/*", "globa*", "session:a/b*"] {
            assert!(bad.parse::<NamespacePattern>().is_err(), "{bad:?}");
        }
        for good in ["*", "global", "project:*", "project:a", "session:*", "session:a/*", "session:a/b"] {
            assert_eq!(good.parse::<NamespacePattern>().unwrap().to_string(), good);
        }
        for good in ["*", "memory.*", "memory.write"] {
            assert_eq!(good.parse::<ActionPattern>().unwrap().to_string(), good);
        }
    }
}
