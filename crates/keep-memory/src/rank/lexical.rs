//! The lexical leg: BM25 where a memory's neighbours lend it their words.

use super::weight::Weights;
use std::collections::HashMap;

/// More of one word in one text says nothing more.
const MOST: f32 = 16.0;

/// How text is read: short turns and documents differ in what a word more, and a text twice as long, are worth.
pub(crate) struct Manner {
    /// How quickly more of a word stops counting.
    saturation: f32,
    /// How much of the length is held against a long memory.
    penalty: f32,
    /// The usual length.
    average: f32,
}

impl Manner {
    /// For texts of this length together, and so many of them.
    pub(crate) fn of(total: f64, count: f64) -> Self {
        let average = (total / count.max(1.0)) as f32;
        let document = ((average - 30.0) / 70.0).clamp(0.0, 1.0);
        Self { saturation: 1.2 + 0.4 * document, penalty: 0.9 * document, average: average.max(1.0) }
    }

    /// What a word is worth, before its rarity, in a text of this length that has it so often.
    pub(crate) fn gain(&self, frequency: f32, length: f32) -> f32 {
        let k = self.saturation * (1.0 - self.penalty + self.penalty * length / self.average);
        frequency * (self.saturation + 1.0) / (frequency + k)
    }

    /// What it is worth in a text that has it once and is of the usual length.
    pub(crate) fn most(&self) -> f32 {
        self.gain(1.0, self.average)
    }
}

/// What it says to have a word that so many of all have.
pub(crate) fn rarity(count: f32, holders: f32) -> f32 {
    (1.0 + (count - holders + 0.5) / (holders + 0.5)).ln()
}

/// Where each stem occurs, and how often.
#[derive(Debug, Default)]
pub(super) struct Postings {
    terms: HashMap<String, Vec<(u32, f32)>>,
    lengths: Vec<f32>,
    total: f64,
}

/// Who stands next to whom.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Neighbours {
    pub(super) before: Option<u32>,
    pub(super) after: Option<u32>,
    /// Whether it asks something, which what comes next most likely answers.
    pub(super) asks: bool,
}

impl Postings {
    /// Adds the next memory: its own stems, and those that count without making it longer.
    pub(super) fn push(&mut self, own: Vec<String>, extra: Vec<String>) {
        let at = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        self.lengths.push(own.len() as f32);
        self.total += own.len() as f64;
        for term in own.into_iter().chain(extra) {
            let list = self.terms.entry(term).or_default();
            match list.last_mut() {
                Some((last, count)) if *last == at => *count = (*count + 1.0).min(MOST),
                _ => list.push((at, 1.0)),
            }
        }
    }

    /// Adds each memory's score to `scores`.
    pub(super) fn score(
        &self,
        terms: &[String],
        neighbours: &[Neighbours],
        weights: &Weights,
        scores: &mut [f32],
    ) {
        let count = self.lengths.len() as f32;
        let manner = Manner::of(self.total, f64::from(count));
        let mut lent = Vec::new();
        for term in terms {
            let Some(list) = self.terms.get(term) else { continue };
            let holders = list.len() as f32;
            let rarity = rarity(count, holders);
            lend(list, neighbours, weights, &mut lent);
            for &(at, frequency) in &lent {
                scores[at as usize] += rarity * manner.gain(frequency, self.lengths[at as usize]);
            }
        }
    }
}

/// The frequencies of one stem, those of neighbours mixed in.
fn lend(list: &[(u32, f32)], neighbours: &[Neighbours], weights: &Weights, out: &mut Vec<(u32, f32)>) {
    out.clear();
    for &(at, count) in list {
        out.push((at, count));
        let here = neighbours[at as usize];
        let next = if here.asks { weights.context_answer } else { weights.context_near };
        if let Some(first) = here.before {
            out.push((first, weights.context_near * count));
            out.extend(neighbours[first as usize].before.map(|second| (second, weights.context_far * count)));
        }
        if let Some(first) = here.after {
            out.push((first, next * count));
            out.extend(neighbours[first as usize].after.map(|second| (second, weights.context_far * count)));
        }
    }
    out.sort_unstable_by_key(|&(at, _)| at);
    out.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    out.retain(|&(_, frequency)| frequency > 0.0);
}
