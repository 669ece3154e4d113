//! Bytes that arrive in pieces.

use crate::Redactor;
use crate::paint::{self, Painted};
use crate::search::{Match, Search};
use std::fmt;
use zeroize::Zeroizing;

/// How much of a piece is taken in at a time, so that a large piece does not make a large buffer.
const SLICE_BYTES: usize = 64 * 1024;

/// Redacts bytes that arrive in pieces, as [`Redactor::bytes`] would the whole, however they are cut.
///
/// The last bytes are held back, as many as two of the longest forms have, until more arrive or
/// [`Stream::finish`] says that no more will.
pub struct Stream {
    redactor: Redactor,
    held: Zeroizing<Vec<u8>>,
    /// Windows before this were searched for.
    scanned: usize,
    /// Found, and start after what has been written.
    matches: Vec<Match>,
    painted: Painted,
}

impl Stream {
    pub(crate) fn new(redactor: Redactor) -> Self {
        // All the memory that is ever needed, so that growing leaves no unwiped copy behind.
        let capacity = redactor.search().map_or(0, |search| 4 * search.max_span() + 2 * SLICE_BYTES);
        Self {
            redactor,
            held: Zeroizing::new(Vec::with_capacity(capacity)),
            scanned: 0,
            matches: Vec::new(),
            painted: Painted::default(),
        }
    }

    /// Takes the next piece and appends to `out` what is certain by now.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let Some(max_span) = self.redactor.search().map(Search::max_span) else {
            out.extend_from_slice(chunk);
            return;
        };
        for slice in chunk.chunks(SLICE_BYTES) {
            self.held.extend_from_slice(slice);
            // A match whose window starts before `searchable` is held in full, and one that starts
            // before `certain` has its window before `searchable`.
            let searchable = self.held.len().saturating_sub(max_span);
            let certain = searchable.saturating_sub(max_span);
            self.advance(searchable, certain, out);
            // Moving the rest to the front costs its length, so it waits until as much is written.
            if certain >= (2 * max_span).max(4096) {
                self.held.drain(..certain);
                self.scanned -= certain;
                self.painted = self.painted.shifted(certain);
                for found in &mut self.matches {
                    found.start -= certain;
                    found.end -= certain;
                }
            }
        }
    }

    /// Appends the rest.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let len = self.held.len();
        self.advance(len, len, out);
    }

    /// Searches for windows before `searchable` and writes everything before `certain`.
    fn advance(&mut self, searchable: usize, certain: usize, out: &mut Vec<u8>) {
        let Some(search) = self.redactor.search() else { return };
        if searchable > self.scanned {
            let before = self.matches.len();
            search.matches(&self.held, self.scanned, searchable, |found| self.matches.push(found));
            self.scanned = searchable;
            if self.matches.len() > before {
                paint::sort(&mut self.matches);
            }
        }
        let sure = self.matches.partition_point(|found| found.start < certain);
        let replacement = |label| self.redactor.replacement(label);
        self.painted.paint(&self.held, &self.matches[..sure], certain, replacement, out);
        self.matches.drain(..sure);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("redactor", &self.redactor)
            .field("held_bytes", &self.held.len())
            .finish()
    }
}
