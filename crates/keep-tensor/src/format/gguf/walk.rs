//! Goes through a header whose length nothing says.

use crate::format::bytes::Bytes;
use crate::format::source::Source;
use crate::format::stop::{Stop, unfit};

/// How much is read at once.
const BLOCK: u64 = 64 << 10;
/// How deep lists may lie in lists. Real files have no list of lists.
const DEPTH: usize = 4;
const TEXT: u32 = 8;
const LIST: u32 = 9;
const U32: u32 = 4;

/// A place in the header.
pub(super) struct Walk<'w, 'a> {
    source: &'w mut Source<'a>,
    at: u64,
    /// Where the header must have ended.
    end: u64,
    block: Vec<u8>,
    /// Where the block lies in the file.
    block_at: u64,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(source: &'w mut Source<'a>, at: u64, most: u64) -> Self {
        let end = source.len().min(most);
        Self { source, at, end, block: Vec::new(), block_at: 0 }
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next bytes, which are few or have been bounded.
    pub(super) fn bytes(&mut self, len: usize) -> Result<Vec<u8>, Stop> {
        let from = self.at;
        self.skip(len as u64)?;
        let held = self.block_at..self.block_at + self.block.len() as u64;
        if from < held.start || self.at > held.end {
            let want = (self.end - from).min(BLOCK.max(len as u64));
            self.block = self.source.read(from, want, "the header")?;
            self.block_at = from;
        }
        let start = usize::try_from(from - self.block_at).ok();
        let held = start.and_then(|start| self.block.get(start..start + len));
        held.map(<[u8]>::to_vec).ok_or_else(cut_off)
    }

    fn skip(&mut self, len: u64) -> Result<(), Stop> {
        let next = self.at.checked_add(len).filter(|next| *next <= self.end);
        self.at = next.ok_or_else(cut_off)?;
        Ok(())
    }

    pub(super) fn u32(&mut self) -> Result<u32, Stop> {
        Bytes::new(&self.bytes(4)?).u32().ok_or_else(cut_off)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Stop> {
        Bytes::new(&self.bytes(8)?).u64().ok_or_else(cut_off)
    }

    /// A text of at most so many bytes.
    pub(super) fn text(&mut self, most: u64) -> Result<Vec<u8>, Stop> {
        let len = self.u64()?;
        match usize::try_from(len) {
            Ok(short) if len <= most => self.bytes(short),
            _ => Err(unfit(format!("the header holds a name of {len} bytes"))),
        }
    }

    /// Passes over a value and gives it where it is a whole number of 32 bits, as the alignment is.
    pub(super) fn value(&mut self) -> Result<Option<u32>, Stop> {
        match self.u32()? {
            U32 => self.u32().map(Some),
            kind => self.pass(kind, DEPTH).map(|()| None),
        }
    }

    fn pass(&mut self, kind: u32, depth: usize) -> Result<(), Stop> {
        match kind {
            TEXT => {
                let len = self.u64()?;
                self.skip(len)
            }
            LIST if depth == 0 => Err(unfit("the header nests lists too deep")),
            LIST => {
                let (kind, count) = (self.u32()?, self.u64()?);
                match width(kind) {
                    Some(width) => self.skip(count.checked_mul(width).ok_or_else(cut_off)?),
                    // Each takes bytes from the header, so a count that lies ends soon.
                    None => (0..count).try_for_each(|_| self.pass(kind, depth - 1)),
                }
            }
            kind => match width(kind) {
                Some(width) => self.skip(width),
                None => Err(unfit(format!("the header holds a value of the unknown kind {kind}"))),
            },
        }
    }
}

/// Bytes of a value of a kind that always has as many.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn cut_off() -> Stop {
    unfit("the header is cut off, or longer than any that is read")
}
