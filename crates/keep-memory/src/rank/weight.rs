//! How much each part of a score counts.

use super::shelf::Legs;

/// The weights of a score. The evaluation chose the defaults; each is relative to the best lexical match,
/// which counts one.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// A word in the memory before or after.
    pub context_near: f32,
    /// A word in the question before.
    pub context_answer: f32,
    /// A word in the second before or after.
    pub context_far: f32,
    /// The meaning, against the words.
    pub meaning: f32,
    /// How much of the neighbours' meaning is mixed in.
    pub meaning_near: f32,
    /// And of the question's before.
    pub meaning_answer: f32,
    /// And of the second neighbours'.
    pub meaning_far: f32,
    /// The one participant that the question names said it.
    pub speaker: f32,
    /// It is a question itself, which rarely holds an answer.
    pub question: f32,
    /// The question asks when, and this speaks of a time.
    pub time_word: f32,
    /// It was said on or shortly after the day that the question names.
    pub day: f32,
    /// It matters more than is usual. Too little to lift what does not answer the question.
    pub importance: f32,
    /// It is new. As little: enough to decide between two that say much the same.
    pub recency: f32,
}

impl Weights {
    /// The sum of a score's parts.
    pub(crate) fn score(&self, legs: &Legs) -> f32 {
        legs.words
            + self.meaning * legs.meaning
            + self.speaker * legs.speaker
            + self.question * legs.question
            + self.time_word * legs.time_word
            + self.day * legs.day
            + self.importance * legs.importance
            + self.recency * legs.recency
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            context_near: 0.4,
            context_answer: 1.0,
            context_far: 0.25,
            meaning: 0.75,
            meaning_near: 0.25,
            meaning_answer: 0.5,
            meaning_far: 0.1,
            speaker: 0.5,
            question: -0.2,
            time_word: 0.2,
            day: 0.85,
            importance: 0.1,
            recency: 0.05,
        }
    }
}
