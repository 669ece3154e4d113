//! The lexical leg: BM25 where a memory's neighbours lend it their words.

use super::weight::Weights;
use std::collections::HashMap;

/// How text is read.
struct Manner {
    /// How quickly more of a word stops counting.
    saturation: f32,
    /// How much of the length is held against a long memory.
    penalty: f32,
    /// The usual length.
    average: f32,
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
                Some((last, count)) if *last == at => *count += 1.0,
                _ => list.push((at, 1.0)),
            }
        }
    }

    /// How text of this length is read: short turns and documents differ in what a word more, and a text
    /// twice as long, are worth.
    fn manner(&self) -> Manner {
        let average = (self.total / self.lengths.len().max(1) as f64) as f32;
        let document = ((average - 30.0) / 70.0).clamp(0.0, 1.0);
        Manner { saturation: 1.2 + 0.4 * document, penalty: 0.9 * document, average: average.max(1.0) }
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
        let Manner { saturation, penalty, average } = self.manner();
        let mut lent = Vec::new();
        for term in terms {
            let Some(list) = self.terms.get(term) else { continue };
            let holders = list.len() as f32;
            let rarity = (1.0 + (count - holders + 0.5) / (holders + 0.5)).ln();
            lend(list, neighbours, weights, &mut lent);
            for &(at, frequency) in &lent {
                let length = self.lengths[at as usize];
                let k = saturation * (1.0 - penalty + penalty * length / average);
                scores[at as usize] += rarity * frequency * (saturation + 1.0) / (frequency + k);
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
