//! Writes a text with its matches replaced.

use crate::search::Match;
use std::cmp::Reverse;

/// How far a text has been written. Positions count from the start of the buffer at hand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Painted {
    /// Everything before is written or replaced.
    pub(crate) done: usize,
    /// Where the last replaced stretch ends; it may lie beyond `done`.
    pub(crate) covered: usize,
}

/// Puts matches into the order in which they are painted: leftmost first, of these the longest.
pub(crate) fn sort(matches: &mut [Match]) {
    matches.sort_unstable_by_key(|found| (found.start, Reverse(found.end), found.label));
}

impl Painted {
    /// Writes everything up to `limit`. `matches` are sorted and hold all that start before `limit`;
    /// overlapping ones become one replacement, named by the first.
    pub(crate) fn paint<'r>(
        &mut self,
        text: &[u8],
        matches: &[Match],
        limit: usize,
        replacement: impl Fn(u32) -> &'r str,
        out: &mut Vec<u8>,
    ) {
        for found in matches {
            if found.start >= self.covered {
                self.plain(text, found.start, out);
                out.extend_from_slice(replacement(found.label).as_bytes());
            }
            self.covered = self.covered.max(found.end);
        }
        self.plain(text, limit, out);
    }

    fn plain(&mut self, text: &[u8], until: usize, out: &mut Vec<u8>) {
        let from = self.done.max(self.covered);
        if from < until {
            out.extend_from_slice(&text[from..until]);
        }
        self.done = self.done.max(until);
    }

    /// The same progress after so many bytes were taken from the front of the buffer.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self { done: self.done.saturating_sub(by), covered: self.covered.saturating_sub(by) }
    }
}
