//! Chunks: a few hundred kilobytes of a tensor or of other bytes, coded on their own, optionally as the
//! difference to the same place of another file.

mod choose;
mod entropy;
mod lanes;
mod plane;
mod sparse;

use crate::wire::Take;
use crate::{Dtype, Hash, TensorError};
use choose::{Matches, guess};
use entropy::Effort;
use lanes::Lanes;
use plane::{PlaneCodec, Way};

/// The largest chunk that is written or read. A decoder makes room for one before it knows whether the
/// bytes are good, so this bounds what a hostile file can make it allocate.
pub const MAX_CHUNK_BYTES: usize = 4 << 20;

const RAW: u8 = 0;
const FRAME: u8 = 1;
const PLANES: u8 = 2;
/// This and higher methods need the base; its check follows the method.
const SAME: u8 = 0x80;
const STEPS: u8 = 0x81;
const XOR: u8 = 0x82;

/// Bytes of the base's hash that a difference carries: whoever applies it to other bytes is told so
/// instead of getting other bytes back.
const CHECK_BYTES: usize = 8;
/// Lanes that a guess looks at, in as many pieces.
const SAMPLE_LANES: usize = 4096;
const SAMPLE_PIECES: usize = 4;

/// What a chunk's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Headers, padding, text.
    Bytes,
    /// The elements of a tensor, from an element's first byte on.
    Elements(Dtype),
}

/// Encodes and decodes chunks. Holds the contexts and buffers, so that one per thread is made once.
pub struct Codec {
    planes: PlaneCodec,
    cut: Vec<u8>,
    steps: Vec<u8>,
    sample: Vec<u8>,
    sample_base: Vec<u8>,
    trial: Vec<u8>,
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codec").finish_non_exhaustive()
    }
}

/// Whether a stored chunk is a difference, and to be decoded needs the bytes it was made against.
#[must_use]
pub fn needs_base(stored: &[u8]) -> bool {
    stored.first().is_some_and(|method| *method >= SAME)
}

impl Codec {
    /// Makes the contexts.
    ///
    /// # Errors
    /// When memory for them cannot be had.
    pub fn new() -> Result<Self, TensorError> {
        Ok(Self {
            planes: PlaneCodec::new()?,
            cut: Vec::new(),
            steps: Vec::new(),
            sample: Vec::new(),
            sample_base: Vec::new(),
            trial: Vec::new(),
        })
    }

    /// Encodes a chunk of at most [`MAX_CHUNK_BYTES`] into `out`, replacing what it holds. The same input
    /// gives the same output, always. A base of another length is not used.
    ///
    /// # Errors
    /// When the chunk is too large.
    pub fn encode(
        &mut self,
        content: Content,
        raw: &[u8],
        base: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), TensorError> {
        if raw.len() > MAX_CHUNK_BYTES {
            let limit = MAX_CHUNK_BYTES as u64;
            return Err(TensorError::Limit { what: "a chunk", size: raw.len() as u64, limit });
        }
        out.clear();
        let base = base.filter(|base| base.len() == raw.len() && !raw.is_empty());
        match (content, base) {
            (_, Some(base)) if base == raw => {
                out.push(SAME);
                out.extend_from_slice(&check(base));
            }
            (Content::Bytes, _) => {
                out.push(FRAME);
                self.planes.entropy.compress(raw, Effort::Text, out)?;
            }
            (Content::Elements(dtype), base) => self.encode_lanes(Lanes::of(dtype), raw, base, out)?,
        }
        if out.len() > raw.len() {
            out.clear();
            out.push(RAW);
            out.extend_from_slice(raw);
        }
        Ok(())
    }

    /// Decodes a chunk into `out`, which has the length of the chunk as it was.
    ///
    /// # Errors
    /// When the chunk is damaged, or is a difference and `base` is not what it was made against. What
    /// `out` then holds is of no meaning.
    pub fn decode(&mut self, stored: &[u8], base: Option<&[u8]>, out: &mut [u8]) -> Result<(), TensorError> {
        let mut take = Take::new(stored, TensorError::Chunk);
        let method = take.byte()?;
        let base = if method >= SAME { Some(checked(take.array()?, base, out.len())?) } else { None };
        match (method, base) {
            (RAW, _) => out.copy_from_slice(take.bytes(out.len())?),
            (FRAME, _) => self.planes.entropy.decompress(take.rest(), out)?,
            (SAME, Some(base)) => out.copy_from_slice(base),
            (PLANES | STEPS | XOR, base) => self.decode_lanes(method, &mut take, base, out)?,
            _ => return take.fault("it is coded in an unknown way"),
        }
        if take.is_empty() { Ok(()) } else { take.fault("bytes follow it") }
    }

    fn encode_lanes(
        &mut self,
        lanes: Lanes,
        raw: &[u8],
        base: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), TensorError> {
        let (whole, tail) = raw.split_at(raw.len() - raw.len() % lanes.width);
        let plan = self.plan(lanes, whole, base)?;
        out.push(plan.method);
        if let (Some(base), true) = (base, plan.method >= SAME) {
            out.extend_from_slice(&check(base));
        }
        out.push(lanes.code());
        self.cut.resize(whole.len(), 0);
        match (plan.method, base) {
            (STEPS, Some(base)) => {
                self.steps.resize(whole.len(), 0);
                lanes::subtract(lanes.width, whole, base, &mut self.steps);
                lanes::split(Lanes { turn: false, ..lanes }, &self.steps, &mut self.cut);
            }
            (XOR, Some(base)) => {
                xor(whole, base, &mut self.steps);
                lanes::split(lanes, &self.steps, &mut self.cut);
            }
            _ => lanes::split(lanes, whole, &mut self.cut),
        }
        let count = whole.len() / lanes.width;
        for (at, way) in plan.ways.iter().take(lanes.width).enumerate() {
            self.planes.encode(&self.cut[at * count..][..count], *way, out)?;
        }
        out.extend_from_slice(tail);
        Ok(())
    }

    fn decode_lanes(
        &mut self,
        method: u8,
        take: &mut Take<'_>,
        base: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), TensorError> {
        let Some(lanes) = Lanes::from_code(take.byte()?) else {
            return take.fault("its elements have an unknown width");
        };
        let whole = out.len() - out.len() % lanes.width;
        let count = whole / lanes.width;
        self.cut.resize(whole, 0);
        let mut planes: [&[u8]; 8] = [&[]; 8];
        let mut rest = self.cut.as_mut_slice();
        for plane in planes.iter_mut().take(lanes.width) {
            let (room, after) = rest.split_at_mut(count);
            rest = after;
            *plane = self.planes.decode(take, room)?;
        }
        let (whole, tail) = out.split_at_mut(whole);
        match (method, base) {
            (STEPS, Some(base)) => {
                lanes::join(Lanes { turn: false, ..lanes }, &planes, whole);
                lanes::add(lanes.width, whole, base);
            }
            (XOR, Some(base)) => {
                lanes::join(lanes, &planes, whole);
                whole.iter_mut().zip(base).for_each(|(byte, base)| *byte ^= base);
            }
            _ => lanes::join(lanes, &planes, whole),
        }
        tail.copy_from_slice(take.bytes(tail.len())?);
        Ok(())
    }

    /// Guesses the smallest of the ways to code these lanes.
    fn plan(&mut self, lanes: Lanes, whole: &[u8], base: Option<&[u8]>) -> Result<Plan, TensorError> {
        let matches = if lanes.turn { Matches::IfRepeating } else { Matches::Try };
        sample(whole, lanes.width, &mut self.sample);
        let mut best = self.planned(PLANES, lanes, matches)?;
        if let Some(base) = base {
            sample(base, lanes.width, &mut self.sample_base);
            let steps = self.planned(STEPS, lanes, matches)?;
            let flips = self.planned(XOR, lanes, matches)?;
            for other in [steps, flips] {
                if other.bits < best.bits {
                    best = other;
                }
            }
        }
        Ok(best)
    }

    fn planned(&mut self, method: u8, lanes: Lanes, matches: Matches) -> Result<Plan, TensorError> {
        let size = self.sample.len();
        self.cut.resize(size, 0);
        match method {
            STEPS => {
                self.steps.resize(size, 0);
                lanes::subtract(lanes.width, &self.sample, &self.sample_base, &mut self.steps);
                lanes::split(Lanes { turn: false, ..lanes }, &self.steps, &mut self.cut);
            }
            XOR => {
                xor(&self.sample, &self.sample_base, &mut self.steps);
                lanes::split(lanes, &self.steps, &mut self.cut);
            }
            _ => lanes::split(lanes, &self.sample, &mut self.cut),
        }
        let count = size / lanes.width;
        let mut plan = Plan { method, ways: [Way::Store; 8], bits: 0.0 };
        for at in 0..lanes.width {
            let guess =
                guess(&self.cut[at * count..][..count], matches, &mut self.planes.entropy, &mut self.trial)?;
            plan.ways[at] = guess.way;
            plan.bits += guess.bits;
        }
        Ok(plan)
    }
}

/// How a chunk is to be coded, and how many bits each lane is then guessed to need.
struct Plan {
    method: u8,
    ways: [Way; 8],
    bits: f32,
}

/// Takes evenly spread pieces of whole lanes; all of them when there are few.
fn sample(whole: &[u8], width: usize, out: &mut Vec<u8>) {
    let whole = &whole[..whole.len() - whole.len() % width];
    out.clear();
    if whole.len() <= SAMPLE_LANES * width {
        out.extend_from_slice(whole);
        return;
    }
    let piece = SAMPLE_LANES / SAMPLE_PIECES * width;
    let lanes = (whole.len() - piece) / width;
    for at in 0..SAMPLE_PIECES {
        let start = lanes * at / (SAMPLE_PIECES - 1) * width;
        out.extend_from_slice(&whole[start..start + piece]);
    }
}

fn xor(bytes: &[u8], others: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend(bytes.iter().zip(others).map(|(byte, other)| byte ^ other));
}

fn check(base: &[u8]) -> [u8; CHECK_BYTES] {
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&Hash::of(base).as_bytes()[..CHECK_BYTES]);
    check
}

fn checked(expected: [u8; CHECK_BYTES], base: Option<&[u8]>, size: usize) -> Result<&[u8], TensorError> {
    let base = base.ok_or(TensorError::BaseNeeded)?;
    if base.len() != size || check(base) != expected {
        return Err(TensorError::BaseDiffers);
    }
    Ok(base)
}
