//! One plane of bytes: a tag for the way it is coded, and what that way says.

use super::entropy::{Effort, Entropy};
use super::sparse::Sparse;
use crate::TensorError;
use crate::wire::{Take, put_number};

const STORED: u8 = 0;
const CONSTANT: u8 = 1;
const FRAME: u8 = 2;
const SPARSE: u8 = 3;

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
    body: Vec<u8>,
}

impl PlaneCodec {
    pub(crate) fn new() -> Result<Self, TensorError> {
        Ok(Self { entropy: Entropy::new()?, sparse: Sparse::default(), body: Vec::new() })
    }

    /// Appends a plane. The way was guessed from a sample: where the whole turns out larger than it is
    /// stored, it is stored, so a wrong guess costs time and no more than the tag.
    pub(crate) fn encode(&mut self, plane: &[u8], way: Way, out: &mut Vec<u8>) -> Result<(), TensorError> {
        let start = out.len();
        match way {
            Way::Store => {}
            Way::Constant(usual) if plane.iter().all(|byte| *byte == usual) => {
                out.extend([CONSTANT, usual]);
                return Ok(());
            }
            Way::Constant(usual) | Way::Sparse(usual) => {
                self.body.clear();
                self.sparse.encode(plane, usual, &mut self.entropy, &mut self.body)?;
                put_body(out, SPARSE, &self.body);
            }
            Way::Frame(effort) => {
                self.body.clear();
                self.entropy.compress(plane, effort, &mut self.body)?;
                put_body(out, FRAME, &self.body);
            }
        }
        if out.len() == start || out.len() - start > plane.len() {
            out.truncate(start);
            out.push(STORED);
            out.extend_from_slice(plane);
        }
        Ok(())
    }

    /// Takes a plane of `room`'s length off the front. What is stored is not copied.
    pub(crate) fn decode<'a, 'b: 'a>(
        &mut self,
        take: &mut Take<'b>,
        room: &'a mut [u8],
    ) -> Result<&'a [u8], TensorError> {
        match take.byte()? {
            STORED => return take.bytes(room.len()),
            CONSTANT => room.fill(take.byte()?),
            FRAME => {
                let frame = take.string(zstd_safe::compress_bound(room.len()), "a plane's frame")?;
                self.entropy.decompress(frame, room)?;
            }
            SPARSE => {
                let body = take.string(room.len(), "a sparse plane")?;
                self.sparse.decode(body, room, &mut self.entropy)?;
            }
            _ => return take.fault("a plane is coded in an unknown way"),
        }
        Ok(room)
    }
}

fn put_body(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    out.push(tag);
    put_number(out, body.len() as u64);
    out.extend_from_slice(body);
}
