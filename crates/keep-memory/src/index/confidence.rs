//! How likely it is that anything found answers the question.

use super::search::Found;
use crate::rank::Weights;

/// What speaks for an answer being there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs {
    /// How much of what the question's words are worth the best match has.
    pub(super) words: f32,
    /// The cosine of the nearest.
    pub(super) meaning: f32,
    /// Whether the question names one participant.
    pub(super) names_speaker: bool,
}

/// A number from 0 to 1. The shares were chosen by hand on conversations with questions that have no answer;
/// what tells those apart best is that someone else said what the question asks of one participant.
pub(super) fn confidence(found: &[Found], signs: Signs, weights: &Weights) -> f32 {
    if found.is_empty() {
        return 0.0;
    }
    let content = |found: &Found| found.legs.words + weights.meaning * found.legs.meaning;
    let best = |said: bool| {
        let those = found.iter().filter(|found| (found.legs.speaker > 0.0) == said);
        those.map(content).fold(0.0, f32::max)
    };
    let lead = if signs.names_speaker { best(true) - best(false) } else { 0.0 };
    let sum = -1.0 + 2.0 * signs.words.min(1.0) + 2.0 * signs.meaning + 3.0 * lead;
    1.0 / (1.0 + (-sum).exp())
}
