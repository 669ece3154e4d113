//! Runs of one byte with a few others between them: how far it is to each of the others, and what they
//! are. Of a fine-tuning step that moves one weight in a hundred, this is nearly all there is to say.
//!
//! Distances are Rice codes: of geometric distances, which these are when changes fall where they may,
//! they lose a few hundredths of a bit, and need no table.

use super::entropy::{Effort, Entropy};
use crate::TensorError;
use crate::wire::{Take, put_number};

/// As many ones in a row say that the distance follows in 32 bits; a stray far value then costs eight
/// bytes and not thousands.
const ESCAPE: u32 = 24;
/// The most low bits a Rice code keeps apart: what half a byte holds.
const MAX_LOW_BITS: u32 = 15;

const VALUES_STORED: u8 = 0;
const VALUES_CONSTANT: u8 = 1;
const VALUES_FRAME: u8 = 2;

/// Buffers that are kept from plane to plane.
#[derive(Default)]
pub(crate) struct Sparse {
    values: Vec<u8>,
    bits: Vec<u8>,
    low_bits: Vec<u8>,
}

impl Sparse {
    /// Appends a plane of mostly `usual`. It is made of groups that end at `ends`, the last of them with the
    /// plane; each has distances of its own length.
    pub(crate) fn encode(
        &mut self,
        plane: &[u8],
        ends: &[usize],
        usual: u8,
        entropy: &mut Entropy,
        out: &mut Vec<u8>,
    ) -> Result<(), TensorError> {
        self.low_bits.clear();
        let (mut start, mut others) = (0, 0);
        for end in ends {
            let found = plane[start..*end].iter().filter(|byte| **byte != usual).count();
            self.low_bits.push(low_bits(end - start, found) as u8);
            others += found;
            start = *end;
        }
        self.values.clear();
        self.bits.clear();
        let mut bits = BitWriter { out: &mut self.bits, held: 0, count: 0 };
        let mut group = Group { ends, low_bits: &self.low_bits, at: 0 };
        let mut next = 0;
        each_other(plane, usual, |at| {
            bits.distance((at - next) as u32, group.low_bits(next));
            self.values.push(plane[at]);
            next = at + 1;
        });
        bits.finish();
        out.push(usual);
        out.extend(self.low_bits.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |second| second << 4)));
        put_number(out, others as u64);
        put_number(out, self.bits.len() as u64);
        out.extend_from_slice(&self.bits);
        put_values(&self.values, entropy, out)
    }

    /// Restores a plane into `plane`, which is as long as it was.
    pub(crate) fn decode(
        &mut self,
        body: &[u8],
        ends: &[usize],
        plane: &mut [u8],
        entropy: &mut Entropy,
    ) -> Result<(), TensorError> {
        let mut take = Take::new(body, TensorError::Chunk);
        let usual = take.byte()?;
        let pairs = take.bytes(ends.len().div_ceil(2))?;
        self.low_bits.clear();
        self.low_bits.extend(pairs.iter().flat_map(|pair| [pair & 0x0f, pair >> 4]));
        if self.low_bits.drain(ends.len()..).any(|filling| filling != 0) {
            return take.fault("a group too many has distances");
        }
        let others = take.size(plane.len(), "a plane's unusual bytes")?;
        let bits = take.string(body.len(), "a plane's distances")?;
        take_values(take, others, &mut self.values, entropy)?;
        plane.fill(usual);
        let mut bits = BitReader { bytes: bits, held: 0, count: 0 };
        let mut group = Group { ends, low_bits: &self.low_bits, at: 0 };
        let mut next = 0;
        for value in &self.values {
            let at = next + bits.distance(group.low_bits(next))? as usize;
            let Some(place) = plane.get_mut(at) else {
                return Err(TensorError::Chunk("a distance leads out of its plane"));
            };
            *place = *value;
            next = at + 1;
        }
        bits.end()
    }
}

/// Which group a place is in; places are asked for in order.
struct Group<'a> {
    ends: &'a [usize],
    low_bits: &'a [u8],
    at: usize,
}

impl Group<'_> {
    #[inline(always)]
    fn low_bits(&mut self, place: usize) -> u32 {
        while self.at + 1 < self.ends.len() && place >= self.ends[self.at] {
            self.at += 1;
        }
        self.low_bits.get(self.at).copied().map_or(0, u32::from)
    }
}

/// Calls for each place of a byte other than `usual`, looking at eight at a time.
#[inline(always)]
fn each_other(plane: &[u8], usual: u8, mut found: impl FnMut(usize)) {
    let pattern = u64::from_le_bytes([usual; 8]);
    let (words, tail) = plane.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let mut different = u64::from_le_bytes(*word) ^ pattern;
        while different != 0 {
            let byte = different.trailing_zeros() / 8;
            found(at * 8 + byte as usize);
            different &= !(0xff << (byte * 8));
        }
    }
    for (at, byte) in tail.iter().enumerate().filter(|(_, byte)| **byte != usual) {
        let _ = byte;
        found(words.len() * 8 + at);
    }
}

/// How many low bits of a distance are kept apart: about the logarithm of the median distance.
fn low_bits(count: usize, others: usize) -> u32 {
    let median = count.saturating_mul(69) / 100 / others.max(1);
    median.checked_ilog2().unwrap_or(0).min(MAX_LOW_BITS)
}

fn put_values(values: &[u8], entropy: &mut Entropy, out: &mut Vec<u8>) -> Result<(), TensorError> {
    if let Some(first) = values.first()
        && values.iter().all(|value| value == first)
    {
        out.extend([VALUES_CONSTANT, *first]);
        return Ok(());
    }
    let start = out.len();
    out.push(VALUES_FRAME);
    if entropy.compress(values, Effort::Huffman, out)? >= values.len() {
        out.truncate(start);
        out.push(VALUES_STORED);
        out.extend_from_slice(values);
    }
    Ok(())
}

fn take_values(
    mut take: Take<'_>,
    count: usize,
    values: &mut Vec<u8>,
    entropy: &mut Entropy,
) -> Result<(), TensorError> {
    values.clear();
    match take.byte()? {
        VALUES_STORED => values.extend_from_slice(take.bytes(count)?),
        VALUES_CONSTANT => values.resize(count, take.byte()?),
        VALUES_FRAME => {
            values.resize(count, 0);
            entropy.decompress(take.rest(), values)?;
        }
        _ => return take.fault("the values of a plane are coded in an unknown way"),
    }
    if take.is_empty() { Ok(()) } else { take.fault("bytes follow the values of a plane") }
}

/// Bits, lowest first.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter<'_> {
    #[inline(always)]
    fn put(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    #[inline(always)]
    fn distance(&mut self, distance: u32, low_bits: u32) {
        let ones = distance >> low_bits;
        if ones >= ESCAPE {
            self.put((1 << ESCAPE) - 1, ESCAPE);
            self.put(u64::from(distance), 32);
        } else {
            self.put((1 << ones) - 1, ones + 1);
            self.put(u64::from(distance) & ((1 << low_bits) - 1), low_bits);
        }
    }

    fn finish(mut self) {
        while self.count > 0 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    held: u64,
    count: u32,
}

impl BitReader<'_> {
    /// Holds at least 32 bits, or all that are left.
    #[inline(always)]
    fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some((word, rest)) = self.bytes.split_first_chunk::<4>() {
            self.held |= u64::from(u32::from_le_bytes(*word)) << self.count;
            self.count += 32;
            self.bytes = rest;
        } else {
            for byte in std::mem::take(&mut self.bytes) {
                self.held |= u64::from(*byte) << self.count;
                self.count += 8;
            }
        }
    }

    #[inline(always)]
    fn get(&mut self, count: u32) -> Result<u64, TensorError> {
        self.refill();
        if self.count < count {
            return Err(TensorError::Chunk("the distances of a plane end too early"));
        }
        let bits = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        Ok(bits)
    }

    #[inline(always)]
    fn distance(&mut self, low_bits: u32) -> Result<u32, TensorError> {
        self.refill();
        let ones = self.held.trailing_ones();
        if ones >= ESCAPE {
            self.get(ESCAPE)?;
            return Ok(self.get(32)? as u32);
        }
        self.get(ones + 1)?;
        Ok((ones << low_bits) | self.get(low_bits)? as u32)
    }

    /// What is left is the filling of the last byte.
    fn end(mut self) -> Result<(), TensorError> {
        self.refill();
        if self.count >= 8 || self.held != 0 {
            return Err(TensorError::Chunk("bits follow the distances of a plane"));
        }
        Ok(())
    }
}
