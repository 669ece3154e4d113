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

/// How long a code and a scale are.
const CODE_BYTES: usize = SignCode::BYTES;
const SCALE_BYTES: usize = 4;
/// The checksum, how many memories there are, and two bytes of nothing.
const HEAD: usize = 8;

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
        let fixed = Card::BYTES + CODE_BYTES + SCALE_BYTES;
        let room = HEAD + self.cards.len() * fixed + self.times.len() * (1 + Times::BYTES);
        let mut bytes = Vec::with_capacity(room);
        bytes.extend([0; 4]);
        bytes.extend((self.cards.len() as u32).to_le_bytes());
        for code in &self.codes {
            bytes.extend(code.0.iter().flat_map(|word| word.to_le_bytes()));
        }
        self.cards.iter().for_each(|card| card.append_to(&mut bytes));
        self.scales.iter().for_each(|scale| bytes.extend(scale.to_le_bytes()));
        for (slot, times) in &self.times {
            bytes.push(*slot);
            times.append_to(&mut bytes);
        }
        seal(&mut bytes);
        bytes
    }
}

/// A leaf as it lies in the database. A search looks at few of its cards, so each is taken apart when it is
/// looked at.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    bytes: Box<[u8]>,
    count: usize,
    /// Where the codes end and the cards begin; nought where the codes were left out.
    cards_at: usize,
}

impl Sheet {
    /// The leaf; none when the bytes are not what was written.
    pub(super) fn open(bytes: &[u8]) -> Option<Self> {
        let count = Self::count_of(bytes)?;
        Some(Self { bytes: bytes.into(), count, cards_at: HEAD + count * CODE_BYTES })
    }

    /// The same without its codes, which are handed out as they lie there: for a search that looks at each of them
    /// once. Memory that was never touched is slow to touch.
    pub(super) fn open_apart(bytes: &[u8]) -> Option<(&[[u8; CODE_BYTES]], Self)> {
        let count = Self::count_of(bytes)?;
        let (codes, rest) = bytes.get(HEAD..)?.split_at_checked(count * CODE_BYTES)?;
        Some((codes.as_chunks().0, Self { bytes: rest.into(), count, cards_at: 0 }))
    }

    /// How many places the leaf in these bytes has, when they are what was written.
    fn count_of(bytes: &[u8]) -> Option<usize> {
        let (count, rest) = opened(bytes)?.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let fixed = count.checked_mul(Card::BYTES + CODE_BYTES + SCALE_BYTES)?;
        let times = rest.len().checked_sub(fixed)?;
        let whole = count <= LEAF as usize && times.is_multiple_of(1 + Times::BYTES);
        whole.then_some(count)
    }

    /// How many places it has.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The codes as bytes, in the order of the places; none where they were left out.
    pub(super) fn code_bytes(&self) -> &[[u8; CODE_BYTES]] {
        self.bytes.get(HEAD..self.cards_at).unwrap_or_default().as_chunks::<CODE_BYTES>().0
    }

    /// The card at a slot.
    pub(super) fn card(&self, slot: usize) -> Card {
        if slot >= self.count {
            return Card::EMPTY;
        }
        let from = self.cards_at + slot * Card::BYTES;
        self.bytes.get(from..).and_then(|rest| rest.first_chunk()).map_or(Card::EMPTY, Card::read)
    }

    /// The length that the card at a slot says; of the card only this is read.
    pub(super) fn length(&self, slot: usize) -> u16 {
        if slot >= self.count {
            return Card::EMPTY.length;
        }
        let from = self.cards_at + slot * Card::BYTES + Card::LENGTH_AT;
        let length = self.bytes.get(from..).and_then(|rest| rest.first_chunk());
        length.map_or(0, |length| u16::from_le_bytes(*length))
    }

    /// All cards.
    pub(super) fn cards(&self) -> impl Iterator<Item = Card> {
        (0..self.count).map(|slot| self.card(slot))
    }

    /// The scale at a slot.
    pub(super) fn scale(&self, slot: usize) -> f32 {
        let from = self.cards_at + self.count * Card::BYTES + slot * SCALE_BYTES;
        let scale = self.bytes.get(from..).and_then(|rest| rest.first_chunk());
        scale.map_or(0.0, |scale| f32::from_le_bytes(*scale))
    }

    /// The times at a slot.
    pub(super) fn times(&self, slot: usize) -> Times {
        let mut rows = self.all_times();
        rows.find(|(at, _)| usize::from(*at) == slot).map(|(_, times)| times).unwrap_or_default()
    }

    fn all_times(&self) -> impl Iterator<Item = (u8, Times)> {
        let from = self.cards_at + self.count * (Card::BYTES + SCALE_BYTES);
        let rows = self.bytes.get(from..).unwrap_or_default().as_chunks::<{ 1 + Times::BYTES }>().0;
        rows.iter().filter_map(|row| {
            let (slot, times) = row.split_first()?;
            Some((*slot, Times::read(times.first_chunk()?)))
        })
    }

    /// The leaf, ready to be changed.
    pub(super) fn leaf(&self) -> Leaf {
        Leaf {
            cards: self.cards().collect(),
            codes: self.code_bytes().iter().map(code).collect(),
            scales: (0..self.count).map(|slot| self.scale(slot)).collect(),
            times: self.all_times().collect(),
        }
    }
}

/// A code from its bytes.
pub(super) fn code(bytes: &[u8; CODE_BYTES]) -> SignCode {
    let (words, _) = bytes.as_chunks::<8>();
    SignCode(std::array::from_fn(|at| u64::from_le_bytes(words[at])))
}
