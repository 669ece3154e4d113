//! Chunks: a few hundred kilobytes of a tensor or of other bytes, coded on their own, optionally as the
//! difference to the same place of another file.

mod ans;
mod choose;
mod elements;
mod entropy;
mod groups;
mod kernel;
mod lanes;
mod plane;
mod sparse;

use crate::wire::Take;
use crate::{Dtype, Hash, TensorError};
use elements::{ElementCodec, Form};
use entropy::Effort;
use lanes::Lanes;
use plane::PlaneCodec;

/// The largest chunk that is written or read. A decoder makes room for one before it knows whether the
/// bytes are good, so this bounds what a hostile file can make it allocate.
pub const MAX_CHUNK_BYTES: usize = 4 << 20;

const RAW: u8 = 0;
const FRAME: u8 = 1;
const PLANES: u8 = 2;
/// This and higher methods need the base; its check follows the method.
const SAME: u8 = 0x80;
const STEPS: u8 = 0x81;
const FLIPS: u8 = 0x82;
const GROUPED_STEPS: u8 = 0x83;

/// Bytes of the base's hash that a difference carries: whoever applies it to other bytes is told so
/// instead of getting other bytes back.
const CHECK_BYTES: usize = 8;

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
    elements: ElementCodec,
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
        Ok(Self { elements: ElementCodec::new(PlaneCodec::new()?) })
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
        let base = base.filter(|base| base.len() == raw.len() && !raw.is_empty());
        match (content, base) {
            (_, Some(base)) if base == raw => {
                out.clear();
                out.push(SAME);
                out.extend_from_slice(&check(base));
            }
            (Content::Bytes, _) => {
                out.clear();
                out.push(FRAME);
                self.elements.planes().entropy.compress(raw, Effort::Text, out)?;
            }
            (Content::Elements(dtype), base) => {
                self.elements.encode(Lanes::of(dtype), raw, base, method, out)?;
            }
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
            (FRAME, _) => self.elements.planes().entropy.decompress(take.rest(), out)?,
            (SAME, Some(base)) => out.copy_from_slice(base),
            (PLANES, _) => self.elements.decode(Form::Alone, &mut take, None, out)?,
            (STEPS, base) => self.elements.decode(Form::Steps, &mut take, base, out)?,
            (GROUPED_STEPS, base) => self.elements.decode(Form::GroupedSteps, &mut take, base, out)?,
            (FLIPS, base) => self.elements.decode(Form::Flips, &mut take, base, out)?,
            _ => return take.fault("it is coded in an unknown way"),
        }
        if take.is_empty() { Ok(()) } else { take.fault("bytes follow it") }
    }
}

fn method(form: Form) -> u8 {
    match form {
        Form::Alone => PLANES,
        Form::Steps => STEPS,
        Form::Flips => FLIPS,
        Form::GroupedSteps => GROUPED_STEPS,
    }
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
