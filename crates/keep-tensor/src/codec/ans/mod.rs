//! Planes of few values, coded at close to their entropy: each byte as a share of 256 places, in a state
//! that grows and shrinks (range asymmetric numeral systems, with 8-bit shares and 16-bit states).
//!
//! A row of 128 bytes has as many states, so that a processor with wide registers works on 64 of them at
//! once; all states give to and take from one stack of bytes. Huffman codes need a whole number of bits
//! for each byte and a table look-up that waits for the one before; this needs neither, and on the exponents
//! of weights is both smaller and several times as fast. docs/pack-format.md says it byte by byte.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod plain;
mod shares;
#[cfg(target_arch = "x86_64")]
mod wide;

use super::choose::log2;
use crate::TensorError;
use crate::wire::{Take, put_number};
use shares::Shares;

/// States, and bytes of a row.
const LANES: usize = 128;
/// What a state is at the beginning, and what it is again at the end. A smaller one takes a byte.
const EMPTY: u16 = 256;
/// Bytes that the stacks have beyond what they can come to, so that a whole register may be written at their
/// end.
const SLACK: usize = 64;
/// Under this, the states weigh more than the shares save.
const LEAST_BYTES: usize = 16 << 10;
/// What is counted to find the shares: this many pieces of this many bytes, evenly spread.
const SAMPLE_PIECES: usize = 32;
const SAMPLE_PIECE: usize = 256;

/// What the states give off when they are full, and the bytes that have no share of their own. The first to
/// be taken is the last that was put.
#[derive(Default)]
struct Stacks {
    bytes: Vec<u8>,
    bytes_len: usize,
    rest: Vec<u8>,
    rest_len: usize,
}

impl Stacks {
    /// Empties them and makes room for a plane.
    fn clear(&mut self, plane: usize) {
        (self.bytes_len, self.rest_len) = (0, 0);
        for stack in [&mut self.bytes, &mut self.rest] {
            if stack.len() < plane + SLACK {
                stack.resize(plane + SLACK, 0);
            }
        }
    }
}

/// The bytes that a row may take, one for each lane: the last of those that are left. Where fewer are left
/// they are copied to a place that has others before them.
struct Ends {
    copy: [u8; 2 * LANES],
}

impl Default for Ends {
    fn default() -> Self {
        Self { copy: [0; 2 * LANES] }
    }
}

impl Ends {
    fn before<'a>(&'a mut self, bytes: &'a [u8]) -> &'a [u8; LANES] {
        if let Some(before) = bytes.last_chunk() {
            return before;
        }
        self.copy[LANES..LANES + bytes.len()].copy_from_slice(bytes);
        let (_, before) = self.copy.split_at(bytes.len());
        before.first_chunk().unwrap_or(&[0; LANES])
    }
}

/// How many bytes shares and states take beyond a frame's own head.
const MORE_BYTES: f32 = 220.0;
/// From here on a plane may come out larger than with Huffman codes, for the time that it saves. Below, as
/// groups of a difference are, what counts is the size.
const FAST_BYTES: usize = 64 << 10;
/// By how many bits for a byte it may then be worse than the entropy; Huffman codes are by a few hundredths.
const NEAR: f32 = 0.08;
/// By how much a plane may be larger than its sample promised.
const CLEARLY: f32 = 1.02;
/// About what shares and states come to.
const HEAD_BYTES: f32 = 350.0;

/// Which loops a machine can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Loops {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Wide,
}

impl Loops {
    /// Those that this machine can run, the fastest last.
    fn here() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let wider = [avx2::can().then_some(Self::Avx2), wide::can().then_some(Self::Wide)];
        #[cfg(not(target_arch = "x86_64"))]
        let wider: [Option<Self>; 0] = [];
        std::iter::once(Self::Plain).chain(wider.into_iter().flatten()).collect()
    }

    fn best() -> Self {
        Self::here().pop().unwrap_or(Self::Plain)
    }

    fn encode(self, rows: &[[u8; LANES]], shares: &Shares, states: &mut [u16; LANES], stacks: &mut Stacks) {
        match self {
            Self::Plain => plain::encode(rows, shares, states, stacks),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::encode(rows, shares, states, stacks),
            #[cfg(target_arch = "x86_64")]
            Self::Wide => wide::encode(rows, shares, states, stacks),
        }
    }

    fn decode(
        self,
        rows: &mut [[u8; LANES]],
        shares: &Shares,
        states: &mut [u16; LANES],
        bytes: &mut &[u8],
        rest: &mut &[u8],
    ) -> bool {
        match self {
            Self::Plain => plain::decode(rows, shares, states, bytes, rest),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::decode(rows, shares, states, bytes, rest),
            #[cfg(target_arch = "x86_64")]
            Self::Wide => wide::decode(rows, shares, states, bytes, rest),
        }
    }
}

/// Codes planes in this way.
pub(super) struct Ans {
    loops: Loops,
    stacks: Stacks,
}

impl Ans {
    pub(super) fn new() -> Self {
        Self { loops: Loops::best(), stacks: Stacks::default() }
    }

    /// Appends a plane, unless it is too short or its values are too many to be coded well in this way.
    pub(super) fn encode(&mut self, plane: &[u8], out: &mut Vec<u8>) -> bool {
        if plane.len() < LEAST_BYTES {
            return false;
        }
        let start = out.len();
        let counts = sample(plane);
        let shares = Shares::of(&counts);
        let bits = shares.bits(&counts);
        let length = plane.len() as f32 / 8.0;
        if bits * length + MORE_BYTES > huffman(&counts) * length
            && (plane.len() < FAST_BYTES || bits > entropy(&counts) + NEAR)
        {
            return false;
        }
        self.put(plane, &shares, out);
        // What the sample did not show costs eight bits and more for each byte; then all are counted.
        let expected = bits / 8.0 * plane.len() as f32 * CLEARLY + HEAD_BYTES;
        if (out.len() - start) as f32 > expected {
            out.truncate(start);
            self.put(plane, &Shares::of(&count(plane)), out);
        }
        true
    }

    fn put(&mut self, plane: &[u8], shares: &Shares, out: &mut Vec<u8>) {
        let (rows, tail) = plane.as_chunks::<LANES>();
        let mut states = [EMPTY; LANES];
        self.stacks.clear(plane.len());
        self.loops.encode(rows, shares, &mut states, &mut self.stacks);
        shares.put(out);
        out.extend(states.iter().flat_map(|state| state.to_le_bytes()));
        out.extend_from_slice(tail);
        put_number(out, self.stacks.rest_len as u64);
        out.extend_from_slice(&self.stacks.rest[..self.stacks.rest_len]);
        out.extend_from_slice(&self.stacks.bytes[..self.stacks.bytes_len]);
    }

    /// Restores a plane into `plane`, which is as long as it was.
    pub(super) fn decode(&self, body: &[u8], plane: &mut [u8]) -> Result<(), TensorError> {
        let mut take = Take::new(body, TensorError::Chunk);
        let shares = Shares::take(&mut take)?;
        let mut states = [EMPTY; LANES];
        for state in &mut states {
            *state = u16::from_le_bytes(take.array()?);
        }
        let (rows, tail) = plane.as_chunks_mut::<LANES>();
        tail.copy_from_slice(take.bytes(tail.len())?);
        let mut rest = take.string(rows.len() * LANES, "the bytes without a share")?;
        let mut bytes = take.rest();
        if !self.loops.decode(rows, &shares, &mut states, &mut bytes, &mut rest) {
            return take.fault("a plane ends too early");
        }
        if !bytes.is_empty() || !rest.is_empty() || states != [EMPTY; LANES] {
            return take.fault("a plane does not end where it began");
        }
        Ok(())
    }
}

fn sample(plane: &[u8]) -> [u32; 256] {
    let last = plane.len() - SAMPLE_PIECE;
    let piece = |at| {
        let start = last * at / (SAMPLE_PIECES - 1);
        &plane[start..start + SAMPLE_PIECE]
    };
    counts((0..SAMPLE_PIECES).map(piece))
}

fn count(plane: &[u8]) -> [u32; 256] {
    counts(std::iter::once(plane))
}

/// In four tables, since a run of one byte would otherwise wait for itself.
fn counts<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> [u32; 256] {
    let mut tables = [[0u32; 256]; 4];
    for piece in pieces {
        let (fours, tail) = piece.as_chunks::<4>();
        for four in fours {
            for (table, byte) in tables.iter_mut().zip(four) {
                table[usize::from(*byte)] += 1;
            }
        }
        for byte in tail {
            tables[0][usize::from(*byte)] += 1;
        }
    }
    std::array::from_fn(|byte| tables.iter().map(|table| table[byte]).sum())
}

/// About the bits of a byte in Huffman codes, of which the shortest is one bit, however usual a byte is.
fn huffman(counts: &[u32; 256]) -> f32 {
    let total: u32 = counts.iter().sum();
    let most = counts.iter().max().copied().unwrap_or_default();
    let usual = most as f32 / total as f32;
    if usual <= 0.5 || most == total {
        return entropy(counts) + 0.03;
    }
    let which = -usual * log2(usual) - (1.0 - usual) * log2(1.0 - usual);
    1.0 + (entropy(counts) - which).max(1.0 - usual)
}

/// Bits of a byte, by how often each occurs.
fn entropy(counts: &[u32; 256]) -> f32 {
    let mut total = 0.0;
    let mut sum = 0.0;
    for count in counts.iter().filter(|count| **count > 0) {
        total += *count as f32;
        sum += *count as f32 * log2(*count as f32);
    }
    log2(total) - sum / total
}

#[cfg(test)]
mod tests;
