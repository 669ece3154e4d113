//! The rows, one byte at a time: what every machine can do. Whether a state is full or short is a throw of
//! dice that no processor foresees, so that nothing here branches on it.
//!
//! Where registers are not wide this takes half again to twice as long as zstd's Huffman coder would. Which
//! of the two codes a plane cannot depend on the machine, or packs of the same files would differ.

use super::shares::{REST, Shares};
use super::{EMPTY, LANES, Stacks};

/// Codes rows from the last to the first. Each row is gone through several times, once for each thing to do:
/// what is looked up, what is counted and what is computed then wait for nothing but their own kind, and the
/// last is left to the compiler's vectors.
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
        for (at, byte) in row.iter().enumerate() {
            let [size, inverse, start, rest] = steps[usize::from(*byte)];
            (sizes[at], inverses[at], starts[at]) = (size, inverse, start);
            any_rest |= rest;
        }
        if any_rest != 0 {
            for byte in row.iter().filter(|byte| steps[usize::from(**byte)][3] != 0) {
                stacks.rest[stacks.rest_len] = *byte;
                stacks.rest_len += 1;
            }
        }
        let end = stacks.bytes_len;
        let given = &mut stacks.bytes[end..end + LANES];
        let mut count = 0;
        for (state, size) in states.iter().zip(sizes.iter()) {
            // Written whether it is given off or not; what was not is overwritten.
            given[count % LANES] = *state as u8;
            count += usize::from(*state >= size << 8);
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
    // The byte, the size of its share, how far into it the place is, and whether it is the rest's.
    let mut places = [[0u8; 4]; 256];
    for (at, (place, share)) in (0..=u8::MAX).zip(places.iter_mut().zip(shares.of_places())) {
        let number = usize::from(share & !REST);
        let within = at.wrapping_sub(shares.starts[number]);
        *place = [shares.bytes[number], shares.sizes[number], within, share & REST];
    }
    // So that a row near the end finds as many bytes before it as it could take.
    let mut last = [0; 2 * LANES];
    for row in rows {
        let near_end = bytes.len() < LANES;
        let before = if near_end {
            last[LANES..LANES + bytes.len()].copy_from_slice(bytes);
            &last[bytes.len()..LANES + bytes.len()]
        } else {
            &bytes[bytes.len() - LANES..]
        };
        let mut left = LANES;
        for (byte, state) in row.iter_mut().zip(states.iter_mut()).rev() {
            let [value, size, within, is_rest] = places[usize::from(*state as u8)];
            *byte = value;
            if is_rest != 0 {
                let Some((top, below)) = rest.split_last() else { return false };
                (*byte, *rest) = (*top, below);
            }
            let next = (*state >> 8) * u16::from(size) + u16::from(within);
            let short = next < EMPTY;
            let filled = next << 8 | u16::from(before[left - 1]);
            *state = if short { filled } else { next };
            left -= usize::from(short);
        }
        let Some(kept) = bytes.len().checked_sub(LANES - left) else { return false };
        *bytes = &bytes[..kept];
    }
    true
}
