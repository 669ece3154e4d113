//! How the meaning of a memory takes up that of the turns around it.

use super::Place;
use super::card::{ASKS, Card, NOBODY};
use super::leaf::Mixed;
use crate::rank::Weights;
use keep_embed::{Quantised, SignCode, dot};

/// Who lends meaning or words to a memory, and how much: the turn before, the turn after, and the second ones.
/// What a question says belongs to its answer more than to another turn.
pub(super) fn lenders(
    place: Place,
    card: impl Fn(Place) -> Card,
    [near, answer, far]: [f32; 3],
) -> impl Iterator<Item = (Place, f32)> {
    let here = card(place);
    let neighbour = |place: Place| (place != NOBODY).then(|| (place, card(place)));
    let (before, after) = (neighbour(here.before), neighbour(here.after));
    let first = before.map(|(at, card)| (at, if card.is(ASKS) { answer } else { near }));
    let second = before.map(|(_, card)| (card.before, far));
    let next = after.map(|(at, _)| (at, near));
    let last = after.map(|(_, card)| (card.after, far));
    [first, next, second, last].into_iter().flatten().filter(|(at, _)| *at != NOBODY)
}

/// The shares of the neighbours' meaning.
pub(super) fn meaning(weights: &Weights) -> [f32; 3] {
    [weights.meaning_near, weights.meaning_answer, weights.meaning_far]
}

/// Mixes vectors, the own one first with a share of one.
pub(super) fn mix<'a>(parts: impl Iterator<Item = (&'a Quantised, f32)>) -> Mixed {
    let mut sum: Vec<f32> = Vec::new();
    for (vector, share) in parts {
        sum.resize(sum.len().max(vector.codes.len()), 0.0);
        let factor = share * vector.scale;
        for (sum, &code) in sum.iter_mut().zip(&vector.codes) {
            *sum += factor * f32::from(code);
        }
    }
    let length = dot(&sum, &sum).sqrt();
    Mixed { code: SignCode::of(&sum), scale: if length > 0.0 { 1.0 / length } else { 0.0 } }
}
