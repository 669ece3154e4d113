//! Passes over most of a text with one look at every fifth byte.
//!
//! Every window of eight bytes, wherever it stands, holds a block of four at any fifth position. The
//! blocks of all windows are marked in a bit map that stays in the processor's nearest caches; where none
//! is marked no window can be, and nothing else is looked at.

use crate::window::{WINDOW, Window, key, mix};
use zeroize::Zeroize;

const BLOCK: usize = 4;
const STEP: usize = WINDOW - BLOCK + 1;
/// The map has so many bits for each marked block, so that about one look in so many is a false one.
const BITS_PER_BLOCK: usize = 24;
const MIN_MAP_BITS: usize = 1 << 12;
/// Four MiB: beyond that a look costs more than the false ones it saves.
const MAX_MAP_BITS: usize = 1 << 25;

/// Finds windows in a text, exactly, and says which stretch of the sorted list holds each.
#[derive(Default)]
pub(crate) struct Filter {
    map: Vec<u64>,
    map_shift: u32,
    slots: Vec<Slot>,
    slot_shift: u32,
}

/// The windows with one key: `first..end` in the sorted list; empty when nothing is there.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    first: u32,
    end: u32,
}

impl Filter {
    /// `windows` is sorted by key.
    pub(crate) fn new(windows: &[Window]) -> Self {
        let groups = windows.chunk_by(|one, next| one.key == next.key).count();
        let map_bits = (groups * STEP * BITS_PER_BLOCK).next_power_of_two().clamp(MIN_MAP_BITS, MAX_MAP_BITS);
        let slots = (groups * 2 + 2).next_power_of_two();
        let mut filter = Self {
            map: vec![0; map_bits / 64],
            map_shift: u32::BITS - map_bits.ilog2(),
            slots: vec![Slot::default(); slots],
            slot_shift: u64::BITS - slots.ilog2(),
        };
        let mut first = 0;
        for group in windows.chunk_by(|one, next| one.key == next.key) {
            let end = first + u32::try_from(group.len()).expect("windows are counted in 32 bits");
            filter.insert(Slot { key: group[0].key, first, end });
            first = end;
        }
        filter
    }

    fn insert(&mut self, slot: Slot) {
        let bytes = slot.key.to_le_bytes();
        for block in bytes.windows(BLOCK) {
            let bit = self.bit(block.first_chunk().expect("a block is four bytes"));
            self.map[bit / 64] |= 1 << (bit % 64);
        }
        let mut at = self.slot(slot.key);
        while self.slots[at].end != 0 {
            at = (at + 1) % self.slots.len();
        }
        self.slots[at] = slot;
    }

    #[inline]
    fn bit(&self, block: &[u8; BLOCK]) -> usize {
        (u32::from_le_bytes(*block).wrapping_mul(0x9e37_79b1) >> self.map_shift) as usize
    }

    #[inline]
    fn is_marked(&self, block: &[u8; BLOCK]) -> bool {
        let bit = self.bit(block);
        self.map.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }

    fn slot(&self, key: u64) -> usize {
        usize::try_from(mix(key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.slot_shift)
            .expect("a slot is below the number of slots")
    }

    fn look_up(&self, key: u64) -> Option<(usize, usize)> {
        let mut at = self.slot(key);
        loop {
            let slot = self.slots.get(at)?;
            if slot.end == 0 {
                return None;
            }
            if slot.key == key {
                return Some((slot.first as usize, slot.end as usize));
            }
            at = (at + 1) % self.slots.len();
        }
    }

    /// Calls `hit` with each position from `from` to before `to` at which a window stands, and with its
    /// stretch of the sorted list.
    pub(crate) fn scan(&self, text: &[u8], from: usize, to: usize, mut hit: impl FnMut(usize, usize, usize)) {
        let to = to.min((text.len() + 1).saturating_sub(WINDOW));
        if self.map.is_empty() || from >= to {
            return;
        }
        // The blocks looked at start at from + 4, from + 9, and so on; the last window that is asked for
        // starts at most four bytes before the block that stands for it.
        let looks = (to - from).div_ceil(STEP);
        let begin = from + BLOCK;
        let end = begin + (looks - 1) * STEP;
        let mut confirm = |at: usize| {
            for start in at - BLOCK..(at + 1).min(to) {
                if let Some((first, end)) = self.look_up(key(text, start)) {
                    hit(start, first, end);
                }
            }
        };
        let (steps, _) = text[begin..end].as_chunks::<STEP>();
        for (index, step) in steps.iter().enumerate() {
            if self.is_marked(&[step[0], step[1], step[2], step[3]]) {
                confirm(begin + index * STEP);
            }
        }
        if text[end..].first_chunk().is_some_and(|block| self.is_marked(block)) {
            confirm(end);
        }
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.map.zeroize();
        for slot in &mut self.slots {
            slot.key.zeroize();
        }
    }
}
