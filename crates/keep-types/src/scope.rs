use crate::act::Action;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing a token may do: an action such as `memory.read`, a family `memory.*`, or everything `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Box<str>);

/// A scope that is not of one of the three forms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope; use an action (`memory.read`), a family (`memory.*`) or `*`")]
pub struct ScopeError(String);

impl Scope {
    /// Whether this scope covers the action.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        match &*self.0 {
            "*" => true,
            scope => match scope.strip_suffix('*') {
                Some(family) => action.as_str().starts_with(family),
                None => scope == action.as_str(),
            },
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let stem = text.strip_suffix(".*").unwrap_or(text);
        let valid = text == "*" || stem.parse::<Action>().is_ok();
        if valid { Ok(Self(text.into())) } else { Err(ScopeError(text.chars().take(80).collect())) }
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0.into()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a caller may do at all, before any policy is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Everything: a person at their own terminal.
    #[must_use]
    pub fn all() -> Self {
        Self(BTreeSet::from([Scope("*".into())]))
    }

    /// Whether any of the scopes covers the action.
    #[must_use]
    pub fn cover(&self, action: &Action) -> bool {
        self.0.iter().any(|scope| scope.covers(action))
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}
