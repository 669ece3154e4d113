use super::Item;
use super::words::{HASHES, Words, hash};
use keep_types::Namespace;
use std::collections::HashMap;

/// Minimum hashes in one band. Two texts that share 0.6 of their words meet in some band with 86 in 100.
const BAND: usize = 3;
/// Bits of a sign code in one band. Two vectors with a cosine of 0.93 meet in some band with 92 in 100.
const BAND_BITS: u32 = 16;
/// How many of those that follow in a bucket each is compared with. A bucket with thousands holds texts that
/// are equal, or one made by a program; the chain of neighbours still joins them.
const MOST_NEIGHBOURS: usize = 12;
/// Codes that differ in more bits point in different directions, whatever band they share.
const MOST_BITS: u32 = 84;

/// A word that more memories have says little about any.
const MOST_HAVING: usize = 48;
/// How many of a memory's rarest words are looked up.
const RAREST: usize = 2;

/// Pairs that are worth comparing.
pub(super) struct Candidates<'m> {
    items: &'m [&'m Item<'m>],
    words: &'m [Words],
    spaces: Vec<u64>,
}

impl<'m> Candidates<'m> {
    pub(super) fn new(items: &'m [&'m Item<'m>], words: &'m [Words]) -> Self {
        let space = |namespace: &Namespace| hash(namespace);
        Self { items, words, spaces: items.iter().map(|item| space(&item.memory.namespace)).collect() }
    }

    /// Each pair once, in order.
    pub(super) fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        self.bucket(&mut pairs, |at| Some(self.words[at].whole));
        for band in 0..HASHES / BAND {
            self.bucket(&mut pairs, |at| {
                let least = &self.words[at].least[band * BAND..(band + 1) * BAND];
                (!self.words[at].stems.is_empty()).then(|| hash(&(band, least)))
            });
        }
        for band in 0..256 / BAND_BITS {
            let per_word = 64 / BAND_BITS;
            self.bucket(&mut pairs, |at| {
                let code = self.items[at].code.0;
                let bits = code[(band / per_word) as usize] >> (BAND_BITS * (band % per_word))
                    & ((1 << BAND_BITS) - 1);
                (code != [0; 4]).then(|| hash(&(band, bits)))
            });
        }
        self.held(&mut pairs);
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Adds pairs of which one may hold all that the other says, however much more it says. Then it has the
    /// other's rarest words, too, so that each is compared with those few that have one of these.
    fn held(&self, pairs: &mut Vec<(usize, usize)>) {
        let mut having: HashMap<(u64, u64), Vec<u32>> = HashMap::new();
        for (at, words) in (0u32..).zip(self.words) {
            for (stem, _) in &words.stems {
                let having = having.entry((self.spaces[at as usize], *stem)).or_default();
                // One over the limit says that the word is too common.
                if having.len() <= MOST_HAVING {
                    having.push(at);
                }
            }
        }
        for (at, words) in self.words.iter().enumerate() {
            let mut rare: Vec<&Vec<u32>> = words
                .stems
                .iter()
                .filter_map(|(stem, _)| having.get(&(self.spaces[at], *stem)))
                .filter(|having| (2..=MOST_HAVING).contains(&having.len()))
                .collect();
            rare.sort_by_key(|having| having.len());
            for &other in rare.into_iter().take(RAREST).flatten() {
                let other = other as usize;
                if other != at && words.mostly_in(&self.words[other]) {
                    pairs.push((at.min(other), at.max(other)));
                }
            }
        }
    }

    /// Adds the pairs of one kind of bucket.
    fn bucket(&self, pairs: &mut Vec<(usize, usize)>, key: impl Fn(usize) -> Option<u64>) {
        let mut keyed: Vec<(u64, u64, u64, usize)> = (0..self.items.len())
            .filter_map(|at| Some((self.spaces[at], key(at)?, self.words[at].whole, at)))
            .collect();
        // Within a bucket equal texts lie together, so the limit cuts off the least alike.
        keyed.sort_unstable();
        for (place, &(space, key, whole, at)) in keyed.iter().enumerate() {
            let near = keyed[place + 1..].iter().take(MOST_NEIGHBOURS);
            for &(_, _, other_whole, other) in near.take_while(|next| next.0 == space && next.1 == key) {
                if whole == other_whole
                    || self.items[at].code.distance(&self.items[other].code) <= MOST_BITS
                    || self.agree(at, other)
                {
                    pairs.push((at.min(other), at.max(other)));
                }
            }
        }
    }

    /// Whether half of the minimum hashes are the same.
    fn agree(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.words[a].least, &self.words[b].least);
        a.iter().zip(b).filter(|(a, b)| a == b).count() * 2 >= HASHES
    }
}
