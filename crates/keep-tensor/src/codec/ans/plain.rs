//! The rows, one byte at a time: what every machine can do. Whether a state is full or short is a throw of
//! dice that no processor foresees, so that nothing here branches on it.
//!
//! It takes half again as long as zstd's Huffman coder would, and to decode more than twice as long. Which of
//! the two codes a plane cannot depend on the machine, or packs of the same files would differ.

use super::shares::{PLACES, REST, Shares};
use super::{EMPTY, Ends, LANES, Stacks};
use std::hint::select_unpredictable;

/// Codes rows from the last to the first. Each row is gone through twice: what is looked up and what is given
/// off goes byte by byte, and what is computed is left to the compiler's vectors.
pub(super) fn encode(rows: &[[u8; LANES]], shares: &Shares, states: &mut [u16; LANES], stacks: &mut Stacks) {
    let inverses = shares.inverses();
    // The size and the inverse of a byte's share, where it starts, and whether it is the rest's.
    let steps = shares.of_bytes().map(|share| {
        let number = usize::from(share & !REST);
        let [size, start] = [shares.sizes[number], shares.starts[number]].map(u16::from);
        [size, inverses[number], start, u16::from(share & REST)]
    });
    let mut parts = [[0u16; LANES]; 3];
    for row in rows.iter().rev() {
        let [sizes, inverses, starts] = &mut parts;
        let mut any_rest = 0;
        let given = &mut stacks.bytes[stacks.bytes_len..][..LANES];
        let mut count = 0;
        for (at, byte) in row.iter().enumerate() {
            let [size, inverse, start, rest] = steps[usize::from(*byte)];
            (sizes[at], inverses[at], starts[at]) = (size, inverse, start);
            any_rest |= rest;
            // Written whether it is given off or not; what was not is overwritten.
            given[count % LANES] = states[at] as u8;
            count += usize::from(states[at] >= size << 8);
        }
        if any_rest != 0 {
            for byte in row.iter().filter(|byte| steps[usize::from(**byte)][3] != 0) {
                stacks.rest[stacks.rest_len] = *byte;
                stacks.rest_len += 1;
            }
        }
        stacks.bytes_len += count;
        for (at, state) in states.iter_mut().enumerate() {
            let (size, start) = (sizes[at], starts[at]);
            let left = if *state >= size << 8 { *state >> 8 } else { *state };
            let quotient = ((u32::from(left) * u32::from(inverses[at])) >> 16) as u16;
            let over = left.wrapping_sub(quotient.wrapping_mul(size));
            let one_less = u16::from(over >= size);
            let quotient = quotient.wrapping_add(one_less);
            *state = (quotient << 8)
                .wrapping_add(left.wrapping_sub(quotient.wrapping_mul(size)))
                .wrapping_add(start);
        }
    }
}

/// Decodes rows from the first on; says whether the stacks were enough for that.
pub(super) fn decode(
    rows: &mut [[u8; LANES]],
    shares: &Shares,
    states: &mut [u16; LANES],
    bytes: &mut &[u8],
    rest: &mut &[u8],
) -> bool {
    let mut values = [0u8; PLACES];
    // How far into its share each place is, above that the size of the share, and above that whether it is
    // the rest's.
    let mut steps = [0u32; PLACES];
    for (at, share) in (0..=u8::MAX).zip(shares.of_places()) {
        let number = usize::from(share & !REST);
        let within = at.wrapping_sub(shares.starts[number]);
        values[usize::from(at)] = shares.bytes[number];
        steps[usize::from(at)] = u32::from_le_bytes([within, 0, shares.sizes[number], share & REST]);
    }
    let mut ends = Ends::default();
    for row in rows {
        let before = ends.before(bytes);
        let mut left = LANES;
        for (byte, state) in row.iter_mut().zip(states.iter_mut()).rev() {
            let place = usize::from(*state as u8);
            let step = steps[place];
            *byte = values[place];
            if step >> 31 != 0 {
                let Some((top, below)) = rest.split_last() else { return false };
                (*byte, *rest) = (*top, below);
            }
            let next = u32::from(*state >> 8) * (step >> 16 & 0xff) + (step & 0xffff);
            let short = next < u32::from(EMPTY);
            let filled = next << 8 | u32::from(before[left.wrapping_sub(1) % LANES]);
            *state = select_unpredictable(short, filled, next) as u16;
            left -= usize::from(short);
        }
        let Some(kept) = bytes.len().checked_sub(LANES - left) else { return false };
        *bytes = &bytes[..kept];
    }
    true
}
