//! Lanes put together by the exponent that the base has at their place.
//!
//! A step of training moves all weights by about as much, so how far one moves, counted in its own last
//! bits, depends on how large it was: small weights nearly always change and large ones hardly ever.
//! Both sides know the base, so the order costs nothing, and each group is then coded by itself. On
//! consecutive steps that saves a quarter to a third.

use super::kernel;
use super::lanes::Lanes;

/// Fewer lanes than this are not worth a group's own codes.
const LEAST: usize = 512;
/// A group has at least this part of a chunk, so there are at most as many groups.
const MOST_GROUPS: usize = 64;
/// Each loop goes through as many parts of the lanes at once: one place in a group follows from the one
/// before, and a processor that waits for one can work on another.
const PARTS: usize = 4;

/// Which group each exponent belongs to, and where in the new order each group lies.
pub(crate) struct Groups {
    of: [u8; 256],
    /// For each part of the lanes, where its first lane of each group goes.
    starts: Nexts,
    /// Where each group ends, counted in lanes.
    pub(crate) ends: Vec<usize>,
}

type Nexts = [[u32; 256]; PARTS];

impl Groups {
    /// The groups of these lanes, and for each lane in `tops` what says which one. Whoever decodes finds
    /// the same.
    pub(crate) fn new(lanes: Lanes, base: &[u8], tops: &mut Vec<u8>) -> Self {
        tops.resize(base.len() / lanes.width, 0);
        kernel::tops(lanes.width, base, tops);
        let counts = count(tops);
        let least = LEAST.max(tops.len().div_ceil(MOST_GROUPS));
        let mut groups = Self { of: [0; 256], starts: [[0; 256]; PARTS], ends: Vec::new() };
        let mut sizes: Nexts = [[0; 256]; PARTS];
        let (mut held, mut end) = (0, 0);
        for exponent in 0..256 {
            let group = groups.ends.len();
            groups.of[exponent] = group as u8;
            for (sizes, counts) in sizes.iter_mut().zip(&counts) {
                sizes[group] += counts[exponent];
                held += counts[exponent] as usize;
            }
            if held >= least {
                end += held;
                groups.ends.push(end);
                held = 0;
            }
        }
        if held > 0 {
            groups.ends.push(end + held);
        }
        let mut next = 0;
        // One more than there are groups, for exponents after the last that occurs.
        for group in 0..=MOST_GROUPS {
            for (starts, sizes) in groups.starts.iter_mut().zip(&sizes) {
                starts[group] = next;
                next += sizes[group];
            }
        }
        groups
    }

    /// Puts lanes into the order of their groups.
    pub(crate) fn gather(&self, lanes: Lanes, tops: &[u8], from: &[u8], to: &mut [u8]) {
        match lanes.width {
            2 => self.gather_lanes::<2>(tops, from, to),
            4 => self.gather_lanes::<4>(tops, from, to),
            _ => self.gather_lanes::<8>(tops, from, to),
        }
    }

    /// Puts lanes back to their places.
    pub(crate) fn spread(&self, lanes: Lanes, tops: &[u8], from: &[u8], to: &mut [u8]) {
        match lanes.width {
            2 => self.spread_lanes::<2>(tops, from, to),
            4 => self.spread_lanes::<4>(tops, from, to),
            _ => self.spread_lanes::<8>(tops, from, to),
        }
    }

    fn gather_lanes<const WIDTH: usize>(&self, tops: &[u8], from: &[u8], to: &mut [u8]) {
        let (to, _) = to.as_chunks_mut::<WIDTH>();
        let from = &from.as_chunks::<WIDTH>().0[..tops.len()];
        self.each(tops, |place, ordered| to[ordered] = from[place]);
    }

    fn spread_lanes<const WIDTH: usize>(&self, tops: &[u8], from: &[u8], to: &mut [u8]) {
        let (from, _) = from.as_chunks::<WIDTH>();
        let to = &mut to.as_chunks_mut::<WIDTH>().0[..tops.len()];
        self.each(tops, |place, ordered| to[place] = from[ordered]);
    }

    /// Calls with the place of each lane and its place in the order of the groups.
    #[inline(always)]
    fn each(&self, tops: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut next = self.starts;
        let size = tops.len() / PARTS;
        for at in 0..size {
            for (part, next) in next.iter_mut().enumerate() {
                let place = part * size + at;
                let next = &mut next[usize::from(self.of[usize::from(tops[place])])];
                found(place, *next as usize);
                *next += 1;
            }
        }
        for place in PARTS * size..tops.len() {
            let next = &mut next[PARTS - 1][usize::from(self.of[usize::from(tops[place])])];
            found(place, *next as usize);
            *next += 1;
        }
    }
}

fn count(tops: &[u8]) -> Nexts {
    let mut counts = [[0; 256]; PARTS];
    let size = tops.len() / PARTS;
    for at in 0..size {
        for (part, counts) in counts.iter_mut().enumerate() {
            counts[usize::from(tops[part * size + at])] += 1;
        }
    }
    for top in &tops[PARTS * size..] {
        counts[PARTS - 1][usize::from(*top)] += 1;
    }
    counts
}
