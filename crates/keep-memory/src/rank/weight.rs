//! How much each part of a score counts.

/// The weights of a score. The evaluation chose the defaults; each is relative to the best lexical match,
/// which counts one.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// A word in the memory before or after.
    pub context_near: f32,
    /// A word in the second before or after.
    pub context_far: f32,
    /// The meaning, against the words.
    pub meaning: f32,
    /// How much of the neighbours' meaning is mixed in.
    pub meaning_near: f32,
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
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            context_near: 0.5,
            context_far: 0.25,
            meaning: 0.7,
            meaning_near: 0.3,
            meaning_far: 0.15,
            speaker: 0.4,
            question: -0.1,
            time_word: 0.2,
            day: 0.7,
        }
    }
}
