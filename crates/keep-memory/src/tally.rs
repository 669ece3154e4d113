//! How often memories were recalled, gathered until it is worth a write. Each write makes all readers forget the
//! pages that they hold, and a server that is asked a thousand times in a second would write a thousand times.

use keep_types::{Duration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Counts are written this often while memories are recalled; the first at once, which is all that a command does.
const EVERY: Duration = Duration::from_ms(1_000);
/// More memories than these are not waited for.
const MOST: usize = 4_096;

/// What one memory's recalls came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recalls {
    /// The memory.
    pub(crate) seq: i64,
    pub(crate) count: u32,
    /// When the last of them was.
    pub(crate) last: Timestamp,
}

/// Recalls that are not written yet.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    counts: HashMap<i64, (u32, Timestamp)>,
    written: Option<Timestamp>,
}

impl Tally {
    /// Adds a recall of these memories; what is to be written now, if it is time.
    pub(crate) fn add(&self, seqs: &[i64], now: Timestamp) -> Vec<Recalls> {
        let mut inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for seq in seqs {
            let count = inside.counts.entry(*seq).or_insert((0, now));
            *count = (count.0 + 1, now.max(count.1));
        }
        // A clock that was set back is no reason to wait.
        let waits = inside.written.is_some_and(|last| last <= now && now < last.plus(EVERY));
        if waits && inside.counts.len() < MOST {
            return Vec::new();
        }
        inside.written = Some(now);
        inside.take()
    }

    /// All that is not written yet.
    pub(crate) fn take(&self) -> Vec<Recalls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Inside {
    fn take(&mut self) -> Vec<Recalls> {
        let counts = self.counts.drain();
        counts.map(|(seq, (count, last))| Recalls { seq, count, last }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn the_first_is_written_at_once_and_others_together() {
        let tally = Tally::default();
        let recalls = |seq, count, ms| Recalls { seq, count, last: at(ms) };
        assert_eq!(tally.add(&[7], at(0)), [recalls(7, 1, 0)]);
        assert_eq!(tally.add(&[7, 8], at(10)), []);
        assert_eq!(tally.add(&[7], at(20)), []);
        let mut all = tally.add(&[9], at(1_000));
        all.sort_by_key(|one| one.seq);
        assert_eq!(all, [recalls(7, 2, 20), recalls(8, 1, 10), recalls(9, 1, 1_000)]);
        assert_eq!(tally.take(), []);
        assert_eq!(tally.add(&[1], at(500)), [recalls(1, 1, 500)], "the clock was set back");
        tally.add(&[2], at(501));
        assert_eq!(tally.take(), [recalls(2, 1, 501)]);
    }

    #[test]
    fn it_stays_small() {
        let tally = Tally::default();
        tally.add(&[0], at(0));
        let written: usize = (0..3 * MOST as i64).map(|seq| tally.add(&[seq], at(1)).len()).sum();
        assert!(written >= 2 * MOST, "{written}");
    }
}
