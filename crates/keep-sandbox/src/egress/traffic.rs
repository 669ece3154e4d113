//! What went out and came in, per host, for the record.

use super::host::Target;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A run that knocks at more hosts than this is counted under one heading beyond: the record must not grow
/// with what a run makes up.
const MAX_HOSTS: usize = 1000;

/// What went to one host and port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were made.
    pub connections: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those that were allowed and failed.
    pub failed: u64,
    /// Bytes to the host.
    pub sent_bytes: u64,
    /// Bytes from it.
    pub received_bytes: u64,
}

/// What a run reached and what it was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By host and port.
    pub hosts: BTreeMap<Target, Counts>,
    /// What is beyond the hosts that are told apart.
    pub beyond: Counts,
    /// Requests that were not understood, and so led nowhere.
    pub malformed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    connections: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
}

impl Tally {
    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            connections: read(&self.connections),
            refused: read(&self.refused),
            failed: read(&self.failed),
            sent_bytes: read(&self.sent),
            received_bytes: read(&self.received),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    hosts: Mutex<BTreeMap<Target, Arc<Tally>>>,
    beyond: Arc<Tally>,
    malformed: AtomicU64,
}

impl Book {
    pub(crate) fn tally(&self, target: &Target) -> Arc<Tally> {
        let mut hosts = self.lock();
        if let Some(tally) = hosts.get(target) {
            return Arc::clone(tally);
        }
        if hosts.len() >= MAX_HOSTS {
            return Arc::clone(&self.beyond);
        }
        Arc::clone(hosts.entry(target.clone()).or_default())
    }

    pub(crate) fn malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn traffic(&self) -> Traffic {
        let hosts = self.lock().iter().map(|(target, tally)| (target.clone(), tally.counts())).collect();
        Traffic { hosts, beyond: self.beyond.counts(), malformed: self.malformed.load(Ordering::Relaxed) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Target, Arc<Tally>>> {
        // A map that is only added to is whole whatever thread ended.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_does_not_grow_with_what_a_run_makes_up() {
        let book = Book::default();
        for at in 0..2 * MAX_HOSTS {
            book.tally(&Target::parse(&format!("h{at}.example:1"), None).unwrap()).refused();
        }
        let traffic = book.traffic();
        assert_eq!(traffic.hosts.len(), MAX_HOSTS);
        assert_eq!(traffic.beyond.refused, MAX_HOSTS as u64);
    }
}
