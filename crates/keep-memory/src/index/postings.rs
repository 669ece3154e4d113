//! Lists of where a word occurs. One occurrence is two bytes: the place within the block in twelve bits, and
//! in four how often the memory has the word, from 1 to 16; more says nothing more. Two bytes of fixed width
//! are no longer than packed differences would be, and adding to a list is appending to it.

use super::BLOCK;

/// How often a word is counted in one memory.
pub(crate) const MOST: u8 = 16;

/// Where in its block, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posting(u16);

impl Posting {
    pub(super) fn new(place: u32, count: u8) -> Self {
        let slot = (place % BLOCK) as u16;
        Self(slot << 4 | u16::from(count.clamp(1, MOST) - 1))
    }

    pub(super) fn slot(self) -> u32 {
        u32::from(self.0 >> 4)
    }

    pub(super) fn count(self) -> f32 {
        f32::from((self.0 & 15) + 1)
    }
}

/// A list as bytes, its checksum first.
pub(super) fn encode(list: &[Posting]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + 2 * list.len());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend(list.iter().flat_map(|posting| posting.0.to_le_bytes()));
    seal(&mut bytes);
    bytes
}

/// The list; none when the bytes are not what was written.
pub(super) fn decode(bytes: &[u8]) -> Option<impl Iterator<Item = Posting>> {
    let (pairs, []) = opened(bytes)?.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|&pair| Posting(u16::from_le_bytes(pair))))
}

/// Puts the checksum of what follows into the first four bytes.
pub(super) fn seal(bytes: &mut [u8]) {
    let sum = checksum(&bytes[4..]);
    bytes[..4].copy_from_slice(&sum.to_le_bytes());
}

/// What follows the checksum, when it is right.
pub(super) fn opened(bytes: &[u8]) -> Option<&[u8]> {
    let (sum, body) = bytes.split_first_chunk::<4>()?;
    (u32::from_le_bytes(*sum) == checksum(body)).then_some(body)
}

/// Notices every change of a single word, and all others but one in four thousand millions. It guards against
/// faults, not against forgers: whoever can write here can write the memories.
fn checksum(bytes: &[u8]) -> u32 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    // Each step can be undone, so that two texts that differ in one word never meet again. Four sums side by
    // side, since each step waits for the one before.
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(STEP).rotate_left(29);
    let (rows, rest) = bytes.as_chunks::<32>();
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    let mut sums = [bytes.len() as u64, 1, 2, 3];
    for row in rows.iter().chain([&last]) {
        for (sum, word) in sums.iter_mut().zip(row.as_chunks::<8>().0) {
            *sum = step(*sum, u64::from_le_bytes(*word));
        }
    }
    let sum = step(sums.into_iter().fold(0, step), 0);
    (sum ^ sum >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_and_no_flipped_bit_goes_unseen() {
        let list: Vec<Posting> = (0..100).map(|n| Posting::new(n * 40 + 8_192, (n % 20) as u8)).collect();
        let bytes = encode(&list);
        assert_eq!(decode(&bytes).unwrap().collect::<Vec<_>>(), list);
        assert_eq!((list[3].slot(), list[3].count()), (120, 3.0));
        assert_eq!(list[19].count(), 16.0);
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(decode(&flipped).is_none(), "bit {at}");
        }
        assert!(decode(&bytes[..bytes.len() - 2]).is_none());
        assert!(decode(&[]).is_none());
    }
}
