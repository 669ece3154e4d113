//! Sets of record numbers as inclusive ranges.

use serde_json::{Value, json};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds a number; cheap when numbers come in order.
    pub(crate) fn add(&mut self, seq: u64) {
        match self.0.last_mut() {
            Some((_, last)) if seq > 0 && *last == seq - 1 => *last = seq,
            _ => self.0.push((seq, seq)),
        }
    }

    /// Adds the ranges of a record's detail; what is no range is passed over.
    pub(crate) fn add_all(&mut self, ranges: &Value) {
        let pairs = ranges.as_array().into_iter().flatten();
        self.0.extend(pairs.filter_map(|pair| Some((pair.get(0)?.as_u64()?, pair.get(1)?.as_u64()?))));
    }

    pub(crate) fn to_json(&self) -> Value {
        self.0.iter().map(|(first, last)| json!([first, last])).collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// The first number of these that is not among the others.
    pub(crate) fn first_outside(&self, others: &Self) -> Option<u64> {
        let mut others = others.0.clone();
        others.sort_unstable();
        let mut next = others.into_iter().peekable();
        // The end of what the others cover from the left without a gap around the number at hand.
        let mut covered: Option<(u64, u64)> = None;
        for &(first, last) in &self.0 {
            let mut at = first;
            loop {
                while let Some((from, to)) = next.next_if(|(from, _)| *from <= at) {
                    covered = Some(covered.map_or((from, to), |(f, t)| (f, t.max(to))));
                }
                match covered {
                    Some((_, to)) if to >= last => break,
                    Some((_, to)) if to >= at => at = to + 1,
                    _ => return Some(at),
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pairs: &[(u64, u64)]) -> Ranges {
        Ranges(pairs.to_vec())
    }

    #[test]
    fn what_lies_outside() {
        let check = |mine: &[_], others: &[_], expected| {
            assert_eq!(ranges(mine).first_outside(&ranges(others)), expected, "{mine:?} {others:?}");
        };
        check(&[], &[], None);
        check(&[(3, 5)], &[], Some(3));
        check(&[(3, 5)], &[(0, 9)], None);
        check(&[(3, 5)], &[(4, 9), (0, 3)], None);
        check(&[(3, 5)], &[(3, 3), (5, 5)], Some(4));
        check(&[(1, 1), (8, 9)], &[(0, 2), (8, 8)], Some(9));
        check(&[(1, 1), (8, 9)], &[(0, 20)], None);
        check(&[(0, 0)], &[(1, 2)], Some(0));
    }

    #[test]
    fn neighbours_make_one_range() {
        let mut set = Ranges::default();
        [0, 1, 2, 7, 8].into_iter().for_each(|seq| set.add(seq));
        assert_eq!(set, ranges(&[(0, 2), (7, 8)]));
        assert_eq!(set.count(), 5);
        let mut read = Ranges::default();
        read.add_all(&set.to_json());
        assert_eq!(read, set);
    }
}
