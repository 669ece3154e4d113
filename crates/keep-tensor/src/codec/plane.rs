//! One plane of bytes: a tag for the way it is coded, and what that way says.

use super::ans::Ans;
use super::choose::{Matches, guess};
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
/// Each group with a tag and a body of its own.
const GROUPS: u8 = 5;
/// Shares of 256 places.
const SHARES: u8 = 6;

/// Bytes of the length in front of a plane's body: enough for any chunk.
const LENGTH_BYTES: usize = 3;

/// Bytes of a group that a guess looks at.
const GROUP_SAMPLE: usize = 2048;

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
    ans: Ans,
    trial: Vec<u8>,
}

impl PlaneCodec {
    pub(crate) fn new() -> Result<Self, TensorError> {
        Ok(Self { entropy: Entropy::new()?, sparse: Sparse::default(), ans: Ans::new(), trial: Vec::new() })
    }

    /// Appends a plane's body and says which tag it has. The way was guessed from a sample: where the
    /// whole turns out larger than it is stored, it is stored, so a wrong guess costs time and no bytes.
    /// `ends` are where its groups end; there is at least one group unless the plane is empty.
    pub(crate) fn encode(
        &mut self,
        plane: &[u8],
        ends: &[usize],
        way: Way,
        out: &mut Vec<u8>,
    ) -> Result<u8, TensorError> {
        let start = out.len();
        let tag = match way {
            Way::Store => STORED,
            Way::Constant(usual) if plane.iter().all(|byte| *byte == usual) => {
                out.push(usual);
                return Ok(CONSTANT);
            }
            Way::Frame(_) if ends.len() > 1 => {
                self.encode_groups(plane, ends, out)?;
                GROUPS
            }
            Way::Constant(usual) | Way::Sparse(usual) => {
                out.extend([0; LENGTH_BYTES]);
                self.sparse.encode(plane, ends, usual, &mut self.entropy, out)?;
                SPARSE
            }
            Way::Frame(effort) => {
                out.extend([0; LENGTH_BYTES]);
                if effort == Effort::Huffman && self.ans.encode(plane, out) {
                    SHARES
                } else {
                    self.entropy.compress(plane, effort, out)?;
                    FRAME
                }
            }
        };
        let size = out.len() - start;
        if tag == STORED || size >= plane.len() {
            out.truncate(start);
            out.extend_from_slice(plane);
            return Ok(STORED);
        }
        if tag != GROUPS {
            let length = (size - LENGTH_BYTES).to_le_bytes();
            out[start..][..LENGTH_BYTES].copy_from_slice(&length[..LENGTH_BYTES]);
        }
        Ok(tag)
    }

    fn encode_groups(&mut self, plane: &[u8], ends: &[usize], out: &mut Vec<u8>) -> Result<(), TensorError> {
        let mut start = 0;
        for end in ends {
            let group = &plane[start..*end];
            let sample = &group[..group.len().min(GROUP_SAMPLE)];
            let guess = guess(sample, Matches::IfRepeating, &mut self.entropy, &mut self.trial)?;
            let tag_at = out.len();
            out.push(0);
            out[tag_at] = self.encode(group, &[group.len()], guess.way, out)?;
            start = *end;
        }
        Ok(())
    }

    /// Takes a plane of `room`'s length off the front. What is stored is not copied.
    pub(crate) fn decode<'a, 'b: 'a>(
        &mut self,
        tag: u8,
        ends: &[usize],
        take: &mut Take<'b>,
        room: &'a mut [u8],
    ) -> Result<&'a [u8], TensorError> {
        match tag {
            STORED => return take.bytes(room.len()),
            CONSTANT => room.fill(take.byte()?),
            FRAME => self.entropy.decompress(body(take)?, room)?,
            SHARES => self.ans.decode(body(take)?, room)?,
            SPARSE => self.sparse.decode(body(take)?, ends, room, &mut self.entropy)?,
            // One group has no groups: that bounds how deep this goes.
            GROUPS if ends.len() > 1 => {
                let mut start = 0;
                for end in ends {
                    let group = &mut room[start..*end];
                    match take.byte()? {
                        STORED => group.copy_from_slice(take.bytes(group.len())?),
                        tag => _ = self.decode(tag, &[group.len()], take, group)?,
                    }
                    start = *end;
                }
            }
            _ => return take.fault("a plane is coded in an unknown way"),
        }
        Ok(room)
    }
}

fn body<'b>(take: &mut Take<'b>) -> Result<&'b [u8], TensorError> {
    let [low, middle, high] = take.array::<LENGTH_BYTES>()?;
    take.bytes(u32::from_le_bytes([low, middle, high, 0]) as usize)
}
