//! How much one principal may ask for at a time.

use keep_types::{Principal, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Requests of one principal that are served at once: more than any client keeps open, and few enough that
/// one of them cannot keep the readers of the database from everybody else.
const AT_ONCE: u32 = 128;
/// Requests of one principal in a second, on the long run. What changes something has its own limit in the
/// gate, which is far lower; this one keeps a loop that only looks from taking the machine.
const PER_SECOND: u64 = 5_000;
/// How far a principal may be ahead of that.
const BURST: u64 = 10_000;
/// Principals that are remembered; those that do nothing are forgotten first.
const PRINCIPALS: usize = 1_024;
/// Streams of events of one principal.
const STREAMS: u32 = 2_048;

/// Who has how much open.
#[derive(Clone)]
pub(crate) struct Limits {
    used: Arc<Mutex<HashMap<Principal, Used>>>,
    /// Streams of one principal.
    streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of_streams(STREAMS)
    }
}

#[derive(Clone, Copy, Default)]
struct Used {
    open: u32,
    streams: u32,
    /// Thousandths of a request that may still be made, as of `at`.
    left: u64,
    at: Option<Timestamp>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Request,
    Stream,
}

/// A place that is given back when this goes.
pub(crate) struct Held {
    limits: Limits,
    principal: Principal,
    counted: Counted,
}

impl Limits {
    /// The usual limits, with another number of streams.
    pub(crate) fn of_streams(streams: u32) -> Self {
        Self { used: Arc::default(), streams }
    }

    /// A place for a request or a stream of this principal, if there is one.
    pub(crate) fn hold(&self, principal: &Principal, counted: Counted, now: Timestamp) -> Option<Held> {
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PRINCIPALS && !all.contains_key(principal) {
            all.retain(|_, used| used.open + used.streams > 0);
            if all.len() >= PRINCIPALS {
                return None;
            }
        }
        let used = all.entry(principal.clone()).or_default();
        match counted {
            Counted::Request => {
                used.refill(now);
                if used.open >= AT_ONCE || used.left < 1_000 {
                    return None;
                }
                used.left -= 1_000;
                used.open += 1;
            }
            Counted::Stream => {
                if used.streams >= self.streams {
                    return None;
                }
                used.streams += 1;
            }
        }
        Some(Held { limits: self.clone(), principal: principal.clone(), counted })
    }
}

impl Used {
    fn refill(&mut self, now: Timestamp) {
        let full = BURST * 1_000;
        self.left = match self.at {
            None => full,
            Some(at) => {
                let passed_ms = u64::try_from(now.ms().saturating_sub(at.ms())).unwrap_or(0);
                // A thousandth of a request for each request of a second, each millisecond.
                self.left.saturating_add(passed_ms.saturating_mul(PER_SECOND)).min(full)
            }
        };
        self.at = Some(now);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.limits.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = all.get_mut(&self.principal) {
            match self.counted {
                Counted::Request => used.open = used.open.saturating_sub(1),
                Counted::Stream => used.streams = used.streams.saturating_sub(1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn places_are_given_back() {
        let (limits, who) = (Limits::default(), Principal::unknown_agent());
        let held: Vec<_> =
            (0..AT_ONCE).map(|_| limits.hold(&who, Counted::Request, at(0)).unwrap()).collect();
        assert!(limits.hold(&who, Counted::Request, at(0)).is_none());
        let other: Principal = "agent:other".parse().unwrap();
        assert!(limits.hold(&other, Counted::Request, at(0)).is_some(), "another's places are its own");
        drop(held);
        assert!(limits.hold(&who, Counted::Request, at(0)).is_some());
    }

    #[test]
    fn a_loop_is_slowed_down() {
        let (limits, who) = (Limits::default(), Principal::unknown_agent());
        let tried = |moment| limits.hold(&who, Counted::Request, moment).is_some();
        assert!((0..BURST).all(|_| tried(at(0))));
        assert!(!tried(at(0)));
        assert!((0..PER_SECOND).all(|_| tried(at(1_000))));
        assert!(!tried(at(1_000)));
    }
}
