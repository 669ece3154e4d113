//! Which of very many memories are worth comparing at all: what each leaves behind is some hundred bytes, so that
//! a million fit, and those that belong together are then read again and compared exactly.

use super::words::{HASHES, Words, hash};
use keep_embed::SignCode;

/// Minimum hashes in one band, as where the candidates of few are looked for.
const BAND: usize = 3;
const BANDS: usize = HASHES / BAND;
/// How many of those that follow in a bucket each is compared with.
const MOST_NEIGHBOURS: usize = 12;
/// A word that more memories have says little about any.
const MOST_HAVING: usize = 48;
/// How many of a memory's rarest words are looked up.
const RAREST: usize = 2;

/// What is kept of a memory while its like are looked for.
#[derive(Clone, Debug)]
pub struct Print {
    whole: u64,
    code: [u64; 4],
    bands: [u32; BANDS],
    /// The stems' hashes, sorted. Two that share one make a pair too many, which the comparison finds out.
    stems: Box<[u32]>,
}

impl Print {
    /// That of a text whose vector has this code.
    #[must_use]
    pub fn of(text: &str, code: SignCode) -> Self {
        let words = Words::of(text);
        let bands = std::array::from_fn(|band| hash(&words.least[band * BAND..(band + 1) * BAND]) as u32);
        let mut stems: Vec<u32> = words.stems.iter().map(|(stem, _)| *stem as u32).collect();
        stems.sort_unstable();
        stems.dedup();
        Self { whole: words.whole, code: code.0, bands, stems: stems.into() }
    }

    /// Whether an exact comparison may have anything to say: the same words, half of them, or nearly all of those
    /// that one has. Whatever is judged of a pair asks for one of these.
    fn may_be_like(&self, other: &Self) -> bool {
        if self.whole == other.whole {
            return true;
        }
        let (mut both, mut rest) = (0, other.stems.iter().peekable());
        for stem in &self.stems {
            while rest.next_if(|next| *next < stem).is_some() {}
            both += usize::from(rest.next_if_eq(&stem).is_some());
        }
        let (fewer, all) =
            (self.stems.len().min(other.stems.len()), self.stems.len() + other.stems.len() - both);
        both >= 2 && (2 * both >= all || 10 * both >= 9 * fewer)
    }
}

/// The memories, by their place in `prints`, that belong together: each set of more than one holds all that any
/// of it may be like.
#[must_use]
pub fn families(prints: &[Print]) -> Vec<Vec<u32>> {
    let mut sets = Sets((0..prints.len() as u32).collect());
    bucket(prints, &mut sets, |print| Some(print.whole));
    for band in 0..BANDS {
        bucket(prints, &mut sets, |print| (!print.stems.is_empty()).then_some(print.bands[band].into()));
    }
    for band in 0..16 {
        bucket(prints, &mut sets, |print| {
            (print.code != [0; 4]).then(|| print.code[band / 4] >> (16 * (band % 4)) & 0xffff)
        });
    }
    held(prints, &mut sets);
    sets.groups()
}

/// Joins what is alike in one kind of bucket.
fn bucket(prints: &[Print], sets: &mut Sets, key: impl Fn(&Print) -> Option<u64>) {
    let mut keyed: Vec<(u64, u64, u32)> =
        (0..).zip(prints).filter_map(|(at, print)| Some((key(print)?, print.whole, at))).collect();
    // Within a bucket equal texts lie together, so the limit cuts off the least alike.
    keyed.sort_unstable();
    for (place, &(key, _, at)) in keyed.iter().enumerate() {
        let near = keyed[place + 1..].iter().take(MOST_NEIGHBOURS);
        for &(_, _, other) in near.take_while(|next| next.0 == key) {
            if prints[at as usize].may_be_like(&prints[other as usize]) {
                sets.join(at, other);
            }
        }
    }
}

/// Joins what may hold all that another says: it has the other's rarest words, too.
fn held(prints: &[Print], sets: &mut Sets) {
    let mut having: Vec<(u32, u32)> = Vec::with_capacity(prints.iter().map(|print| print.stems.len()).sum());
    for (at, print) in (0..).zip(prints) {
        having.extend(print.stems.iter().map(|stem| (*stem, at)));
    }
    having.sort_unstable();
    let of = |stem: u32| {
        let from = having.partition_point(|(known, _)| *known < stem);
        let most = &having[from..having.len().min(from + MOST_HAVING + 1)];
        &most[..most.partition_point(|(known, _)| *known == stem)]
    };
    for (at, print) in (0..).zip(prints) {
        let mut rare: Vec<&[(u32, u32)]> = print
            .stems
            .iter()
            .map(|stem| of(*stem))
            .filter(|having| (2..=MOST_HAVING).contains(&having.len()))
            .collect();
        rare.sort_by_key(|having| having.len());
        for &(_, other) in rare.into_iter().take(RAREST).flatten() {
            if other != at && print.may_be_like(&prints[other as usize]) {
                sets.join(at, other);
            }
        }
    }
}

/// Sets that grow together.
struct Sets(Vec<u32>);

impl Sets {
    fn root(&mut self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            self.0[at as usize] = self.0[self.0[at as usize] as usize];
            at = self.0[at as usize];
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }

    /// Those of more than one, by their first.
    fn groups(&mut self) -> Vec<Vec<u32>> {
        let mut rooted: Vec<(u32, u32)> = (0..self.0.len() as u32).map(|at| (self.root(at), at)).collect();
        rooted.sort_unstable();
        let groups = rooted.chunk_by(|one, next| one.0 == next.0).filter(|group| group.len() > 1);
        groups.map(|group| group.iter().map(|(_, at)| *at).collect()).collect()
    }
}
