//! The shared handle through which whoever writes things down gets the redactor of the moment.

use crate::Redactor;
use std::fmt;
use std::sync::Arc;

/// Nothing can be checked right now, so nothing may be let through as if it had been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot check for secrets: {reason}")]
pub struct Withheld {
    /// Why, for a person: the vault is locked, for example.
    pub reason: String,
}

/// Knows the values of the moment.
pub trait Feed: Send + Sync {
    /// The redactor for the values known now.
    fn redactor(&self) -> Result<Redactor, Withheld>;
}

/// A shared handle on a [`Feed`]; clones lead to the same one.
#[derive(Clone)]
pub struct Handle(Arc<dyn Feed>);

impl Handle {
    /// A handle for an installation that holds no values.
    pub fn nothing() -> Self {
        Self(Arc::new(Nothing))
    }

    /// A handle on this feed.
    pub fn fed_by(feed: Arc<dyn Feed>) -> Self {
        Self(feed)
    }

    /// The redactor for the values known now. Ask again for each piece of work: values come and go.
    pub fn current(&self) -> Result<Redactor, Withheld> {
        self.0.redactor()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

struct Nothing;

impl Feed for Nothing {
    fn redactor(&self) -> Result<Redactor, Withheld> {
        Ok(Redactor::default())
    }
}
