//! How likely it is that anything found answers the question.

use super::search::Found;
use crate::rank::Weights;

/// What speaks for an answer being there. Each is from about 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signs {
    /// How much of what the question's words are worth the best match has.
    pub words: f32,
    /// The cosine of the nearest.
    pub meaning: f32,
    /// How far what the named participant said is ahead of what others said; below zero where it is behind.
    pub lead: f32,
    /// One where the question names one participant.
    pub names_speaker: f32,
}

impl Signs {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// What memories that were found speak for. `words` is how much of the question's the best match has, and
    /// `meaning` how near the nearest is.
    pub(super) fn of(
        found: &[Found],
        [words, meaning]: [f32; 2],
        names_speaker: bool,
        weights: &Weights,
    ) -> Self {
        let content = |found: &Found| found.legs.words + weights.meaning * found.legs.meaning;
        let best = |said: bool| {
            let those = found.iter().filter(|found| (found.legs.speaker > 0.0) == said);
            those.map(content).fold(0.0, f32::max)
        };
        Self {
            words: words.min(1.0),
            meaning,
            lead: if names_speaker { best(true) - best(false) } else { 0.0 },
            names_speaker: f32::from(u8::from(names_speaker)),
        }
    }

    /// All of them in their order.
    #[must_use]
    pub fn numbers(&self) -> [f32; Self::COUNT] {
        [self.words, self.meaning, self.lead, self.names_speaker]
    }

    /// A number from 0 to 1.
    pub(super) fn confidence(&self) -> f32 {
        let sum: f32 = SHARES.iter().zip(self.numbers()).map(|(share, sign)| share * sign).sum();
        1.0 / (1.0 + (-(sum + BASE)).exp())
    }
}

/// What each sign counts. On conversations with questions that have no answer, shares fitted to the others did no
/// better than these round ones (`eval memory` prints both). What tells best is that someone else said what
/// the question asks of one participant; a question that names one is held to more, since a memory in other
/// words alone, such as a decision about Postgres for a question about databases, names nobody.
const SHARES: [f32; Signs::COUNT] = [2.0, 2.0, 3.0, -0.62];
const BASE: f32 = -1.0;
