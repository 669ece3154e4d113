//! One plane of bytes: a tag for the way it is coded, and what that way says.

use super::entropy::{Effort, Entropy};
use super::sparse::Sparse;
use crate::TensorError;
use crate::wire::Take;

/// As it is, before all planes that are coded.
pub(crate) const STORED_FIRST: u8 = 0;
const CONSTANT: u8 = 1;
const FRAME: u8 = 2;
const SPARSE: u8 = 3;
/// As it is, in its turn among those that are coded.
const STORED: u8 = 4;

/// Bytes of the length in front of a plane's body: enough for any chunk.
const LENGTH_BYTES: usize = 3;

/// A way to code a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Store,
    /// Nothing but this byte.
    Constant(u8),
    /// A zstd frame.
    Frame(Effort),
    /// Mostly this byte.
    Sparse(u8),
}

/// What planes are coded with.
pub(crate) struct PlaneCodec {
    pub(crate) entropy: Entropy,
    sparse: Sparse,
}

impl PlaneCodec {
    pub(crate) fn new() -> Result<Self, TensorError> {
        Ok(Self { entropy: Entropy::new()?, sparse: Sparse::default() })
    }

    /// Appends a plane's body and says which tag it has. The way was guessed from a sample: where the
    /// whole turns out larger than it is stored, it is stored, so a wrong guess costs time and no bytes.
    pub(crate) fn encode(&mut self, plane: &[u8], way: Way, out: &mut Vec<u8>) -> Result<u8, TensorError> {
        let start = out.len();
        let tag = match way {
            Way::Store => STORED,
            Way::Constant(usual) if plane.iter().all(|byte| *byte == usual) => {
                out.push(usual);
                return Ok(CONSTANT);
            }
            Way::Constant(usual) | Way::Sparse(usual) => {
                out.extend([0; LENGTH_BYTES]);
                self.sparse.encode(plane, usual, &mut self.entropy, out)?;
                SPARSE
            }
            Way::Frame(effort) => {
                out.extend([0; LENGTH_BYTES]);
                self.entropy.compress(plane, effort, out)?;
                FRAME
            }
        };
        let size = out.len() - start;
        if tag == STORED || size >= plane.len() {
            out.truncate(start);
            out.extend_from_slice(plane);
            return Ok(STORED);
        }
        let length = (size - LENGTH_BYTES).to_le_bytes();
        out[start..][..LENGTH_BYTES].copy_from_slice(&length[..LENGTH_BYTES]);
        Ok(tag)
    }

    /// Takes a plane of `room`'s length off the front. What is stored is not copied.
    pub(crate) fn decode<'a, 'b: 'a>(
        &mut self,
        tag: u8,
        take: &mut Take<'b>,
        room: &'a mut [u8],
    ) -> Result<&'a [u8], TensorError> {
        match tag {
            STORED => return take.bytes(room.len()),
            CONSTANT => room.fill(take.byte()?),
            FRAME => self.entropy.decompress(body(take)?, room)?,
            SPARSE => self.sparse.decode(body(take)?, room, &mut self.entropy)?,
            _ => return take.fault("a plane is coded in an unknown way"),
        }
        Ok(room)
    }
}

fn body<'b>(take: &mut Take<'b>) -> Result<&'b [u8], TensorError> {
    let [low, middle, high] = take.array::<LENGTH_BYTES>()?;
    take.bytes(u32::from_le_bytes([low, middle, high, 0]) as usize)
}
