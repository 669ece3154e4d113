//! The lexical leg: BM25 where a memory's neighbours lend it their words.

use std::collections::HashMap;

/// How quickly more of a word stops counting.
const SATURATION: f32 = 1.2;

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

    /// How much of the length is held against a long memory: nothing among short turns, the usual among
    /// documents.
    fn length_penalty(&self) -> (f32, f32) {
        let average = (self.total / self.lengths.len().max(1) as f64) as f32;
        (0.75 * ((average - 30.0) / 70.0).clamp(0.0, 1.0), average.max(1.0))
    }

    /// Adds each memory's score to `scores`.
    pub(super) fn score(
        &self,
        terms: &[String],
        neighbours: &[Neighbours],
        near: f32,
        far: f32,
        scores: &mut [f32],
    ) {
        let count = self.lengths.len() as f32;
        let (b, average) = self.length_penalty();
        let mut lent = Vec::new();
        for term in terms {
            let Some(list) = self.terms.get(term) else { continue };
            let holders = list.len() as f32;
            let rarity = (1.0 + (count - holders + 0.5) / (holders + 0.5)).ln();
            lend(list, neighbours, near, far, &mut lent);
            for &(at, frequency) in &lent {
                let length = self.lengths[at as usize];
                let k = SATURATION * (1.0 - b + b * length / average);
                scores[at as usize] += rarity * frequency * (SATURATION + 1.0) / (frequency + k);
            }
        }
    }
}

/// The frequencies of one stem, those of neighbours mixed in.
fn lend(list: &[(u32, f32)], neighbours: &[Neighbours], near: f32, far: f32, out: &mut Vec<(u32, f32)>) {
    out.clear();
    for &(at, count) in list {
        out.push((at, count));
        for step in [|n: Neighbours| n.before, |n: Neighbours| n.after] {
            let Some(first) = step(neighbours[at as usize]) else { continue };
            out.push((first, near * count));
            if let Some(second) = step(neighbours[first as usize]) {
                out.push((second, far * count));
            }
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
