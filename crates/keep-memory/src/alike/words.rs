use crate::rank::terms;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many minimum hashes a text has: eight bands of three.
pub(super) const HASHES: usize = 24;

/// A text as what is compared of it.
pub(super) struct Words {
    /// Its stems, each once, sorted by their hashes.
    pub(super) stems: Vec<(u64, Box<str>)>,
    /// Of all its words in their order, so that equal texts are told at once.
    pub(super) whole: u64,
    /// Of its stems in their order.
    pub(super) order: u64,
    /// How often it says no.
    pub(super) negations: usize,
    /// The least value that any stem has under each of several hashes.
    pub(super) least: [u32; HASHES],
}

const NEGATIONS: &[&str] = &[
    "no",
    "not",
    "never",
    "dont",
    "doesnt",
    "didnt",
    "isnt",
    "arent",
    "wasnt",
    "werent",
    "wont",
    "cant",
    "cannot",
    "shouldnt",
    "mustnt",
    "without",
    "neither",
    "nor",
    "stop",
    "stopped",
    "avoid",
    "unsupported",
    "disabled",
];

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let small: String =
            text.chars().filter(|c| !matches!(c, '\'' | '\u{2019}')).flat_map(char::to_lowercase).collect();
        let plain: Vec<&str> =
            small.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let negations = plain.iter().filter(|word| NEGATIONS.contains(word)).count();
        let stems = terms(text);
        let order = hash(&stems);
        let unique: HashSet<String> = stems.into_iter().collect();
        let mut stems: Vec<(u64, Box<str>)> =
            unique.into_iter().map(|stem| (hash(&stem), stem.into_boxed_str())).collect();
        stems.sort();
        let mut least = [u32::MAX; HASHES];
        for (stem, _) in &stems {
            for (number, least) in (1u64..).zip(&mut least) {
                *least = (*least).min(mix(stem ^ mix(number)) as u32);
            }
        }
        Self { stems, whole: hash(&plain), order, negations, least }
    }

    /// Whether nine of ten stems of this are in the other.
    pub(super) fn mostly_in(&self, other: &Self) -> bool {
        let mut rest = other.stems.as_slice();
        let mut missing = 0;
        for (stem, _) in &self.stems {
            let at = rest.partition_point(|(known, _)| known < stem);
            missing += usize::from(rest.get(at).is_none_or(|(known, _)| known != stem));
            rest = &rest[at..];
            if missing * 10 > self.stems.len() {
                return false;
            }
        }
        true
    }

    /// How many stems both have, and those that only one has.
    pub(super) fn compare<'w>(&'w self, other: &'w Self) -> (usize, Vec<&'w str>, Vec<&'w str>) {
        let (mut both, mut only_a, mut only_b) = (0, Vec::new(), Vec::new());
        let (mut a, mut b) = (self.stems.iter().peekable(), other.stems.iter().peekable());
        loop {
            match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x == y => {
                    both += 1;
                    a.next();
                    b.next();
                }
                (Some(x), y) if y.is_none_or(|y| x < y) => {
                    only_a.push(&*x.1);
                    a.next();
                }
                (_, Some(y)) => {
                    only_b.push(&*y.1);
                    b.next();
                }
                _ => return (both, only_a, only_b),
            }
        }
    }
}

/// The same within one run, which is as long as a hash is kept here.
pub(super) fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Spreads a number over all its bits, as the generator splitmix64 does.
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
