//! Ending a run from outside: first asked, then made to.

use std::sync::{Arc, Mutex, PoisonError};

/// What a run is told by whoever wants it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It may tidy up first.
    Asked,
    /// At once.
    Made,
}

type Ender = Box<dyn Fn(How) + Send>;

/// Ends a run from another thread. What is said before the run has started counts once it has.
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    wanted: Option<How>,
    ender: Option<Ender>,
}

impl Stop {
    /// One that nobody has used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wants the run to end. The first time it is asked to, and made to after a grace; the second time it
    /// ends at once. Says whether there is a run to be ended.
    pub fn stop(&self) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let how = if inner.wanted.is_some() { How::Made } else { How::Asked };
        inner.wanted = Some(how);
        if let Some(ender) = &inner.ender {
            ender(how);
        }
        inner.ender.is_some()
    }

    /// Whether somebody wants the run to end.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wanted.is_some()
    }

    pub(crate) fn connect(&self, ender: Ender) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(how) = inner.wanted {
            ender(how);
        }
        inner.ender = Some(ender);
    }

    pub(crate) fn disconnect(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ender = None;
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stop").field(&self.is_wanted()).finish()
    }
}
