//! The rows, one byte at a time: what every machine can do.

use super::shares::{REST, Shares};
use super::{EMPTY, LANES, Stacks};

/// Codes rows from the last to the first.
pub(super) fn encode(rows: &[[u8; LANES]], shares: &Shares, states: &mut [u16; LANES], stacks: &mut Stacks) {
    let of = shares.of_bytes();
    for row in rows.iter().rev() {
        for (byte, state) in row.iter().zip(states.iter_mut()) {
            let share = of[usize::from(*byte)];
            if share & REST != 0 {
                stacks.rest[stacks.rest_len] = *byte;
                stacks.rest_len += 1;
            }
            let share = usize::from(share & !REST);
            let (size, start) = (u16::from(shares.sizes[share]), u16::from(shares.starts[share]));
            if *state >= size << 8 {
                stacks.bytes[stacks.bytes_len] = *state as u8;
                stacks.bytes_len += 1;
                *state >>= 8;
            }
            *state = (*state / size) << 8 | (*state % size + start);
        }
    }
}

/// Decodes rows from the first on, until the stacks are empty or all rows are there; says how many are.
/// A stack that is too small is found out by whoever called: what was missing is read as zero.
pub(super) fn decode(
    rows: &mut [[u8; LANES]],
    shares: &Shares,
    states: &mut [u16; LANES],
    bytes: &mut &[u8],
    rest: &mut &[u8],
) -> bool {
    // The byte, the size of its share, and how far into it the place is.
    let mut places = [[0u8; 4]; 256];
    for (at, (place, share)) in places.iter_mut().zip(shares.of_places()).enumerate() {
        let number = usize::from(share & !REST);
        *place = [
            shares.bytes[number],
            shares.sizes[number],
            (at as u8).wrapping_sub(shares.starts[number]),
            share & REST,
        ];
    }
    for row in rows {
        for (byte, state) in row.iter_mut().zip(states.iter_mut()).rev() {
            let [value, size, within, is_rest] = places[usize::from(*state as u8)];
            *byte = value;
            if is_rest != 0 {
                let Some((last, before)) = rest.split_last() else { return false };
                (*byte, *rest) = (*last, before);
            }
            let mut next = (*state >> 8) * u16::from(size) + u16::from(within);
            if next < EMPTY {
                let Some((last, before)) = bytes.split_last() else { return false };
                next = next << 8 | u16::from(*last);
                *bytes = before;
            }
            *state = next;
        }
    }
    true
}
