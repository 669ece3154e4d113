//! 256 memories side by side: their cards, the codes of their meaning, and the times that few have.

use super::LEAF;
use super::card::{Card, Times};
use super::postings::{opened, seal};
use keep_embed::SignCode;

/// The short form of a memory's meaning, its neighbours' mixed in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Mixed {
    pub(super) code: SignCode,
    /// One over the length of the sum before it was brought to one, so that a product with the mixed
    /// vector can be made from products with its parts.
    pub(super) scale: f32,
}

const MIXED_BYTES: usize = 36;

/// The memories of 256 places. Places that nothing was written to yet are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Leaf {
    pub(super) cards: Vec<Card>,
    pub(super) codes: Vec<SignCode>,
    pub(super) scales: Vec<f32>,
    /// By place in the leaf, which they are sorted by.
    pub(super) times: Vec<(u8, Times)>,
}

impl Leaf {
    /// Makes room up to and with this slot.
    pub(super) fn reach(&mut self, slot: usize) {
        if self.cards.len() <= slot {
            self.cards.resize(slot + 1, Card::EMPTY);
            self.codes.resize(slot + 1, SignCode::default());
            self.scales.resize(slot + 1, 0.0);
        }
    }

    pub(super) fn set_mixed(&mut self, slot: usize, mixed: Mixed) {
        self.codes[slot] = mixed.code;
        self.scales[slot] = mixed.scale;
    }

    pub(super) fn times(&self, slot: usize) -> Times {
        let found = self.times.binary_search_by_key(&slot, |(at, _)| usize::from(*at));
        found.map(|at| self.times[at].1).unwrap_or_default()
    }

    pub(super) fn set_times(&mut self, slot: usize, times: Times) {
        let found = self.times.binary_search_by_key(&slot, |(at, _)| usize::from(*at));
        match (found, times.is_empty()) {
            (Ok(at), true) => drop(self.times.remove(at)),
            (Ok(at), false) => self.times[at].1 = times,
            (Err(_), true) => {}
            (Err(at), false) => self.times.insert(at, (slot as u8, times)),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let room = 6 + self.cards.len() * (Card::BYTES + MIXED_BYTES) + self.times.len() * (1 + Times::BYTES);
        let mut bytes = Vec::with_capacity(room);
        bytes.extend([0; 4]);
        bytes.extend((self.cards.len() as u16).to_le_bytes());
        self.cards.iter().for_each(|card| card.append_to(&mut bytes));
        for (code, scale) in self.codes.iter().zip(&self.scales) {
            bytes.extend(code.0.iter().flat_map(|word| word.to_le_bytes()));
            bytes.extend(scale.to_le_bytes());
        }
        for (slot, times) in &self.times {
            bytes.push(*slot);
            times.append_to(&mut bytes);
        }
        seal(&mut bytes);
        bytes
    }

    /// The leaf; none when the bytes are not what was written.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = opened(bytes)?.split_first_chunk::<2>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        if count > LEAF as usize {
            return None;
        }
        let (cards, rest) = rest.split_at_checked(count * Card::BYTES)?;
        let (mixed, times) = rest.split_at_checked(count * MIXED_BYTES)?;
        let mut leaf = Self {
            cards: cards.as_chunks().0.iter().map(Card::read).collect(),
            codes: Vec::with_capacity(count),
            scales: Vec::with_capacity(count),
            times: Vec::new(),
        };
        for mixed in mixed.as_chunks::<MIXED_BYTES>().0 {
            let (words, scale) = mixed.as_chunks::<8>();
            leaf.codes.push(SignCode(std::array::from_fn(|at| u64::from_le_bytes(words[at]))));
            leaf.scales.push(f32::from_le_bytes(scale.try_into().ok()?));
        }
        let (times, []) = times.as_chunks::<{ 1 + Times::BYTES }>() else { return None };
        for row in times {
            let (slot, times) = row.split_first()?;
            leaf.times.push((*slot, Times::read(times.try_into().ok()?)));
        }
        Some(leaf)
    }
}
