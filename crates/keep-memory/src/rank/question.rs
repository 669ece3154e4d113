//! What a question asks for, beside its words.

use super::cue;
use super::date::{self, Named};
use super::term::terms;

/// A question taken apart once.
#[derive(Clone, Debug)]
pub struct Question {
    pub(crate) terms: Vec<String>,
    pub(crate) words: Vec<String>,
    pub(crate) text: String,
    pub(crate) days: Vec<Named>,
    pub(crate) wants_time: bool,
}

impl Question {
    /// Takes any text for a question.
    pub fn new(text: &str) -> Self {
        let mut terms = terms(text);
        let mut seen = Vec::new();
        terms.retain(|term| {
            let new = !seen.contains(term);
            seen.push(term.clone());
            new
        });
        let lower = text.to_lowercase();
        let words = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        Self {
            terms,
            words,
            text: text.to_owned(),
            days: date::named(text),
            wants_time: cue::asks_for_a_time(text),
        }
    }

    /// The text without the names of those who took part: they say who to ask, not what about.
    pub(crate) fn without(&self, names: impl Fn(&str) -> bool) -> String {
        let is_name = |word: &str| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let bare = bare.strip_suffix("'s").or_else(|| bare.strip_suffix("\u{2019}s")).unwrap_or(&bare);
            names(bare)
        };
        let kept: Vec<&str> = self.text.split_whitespace().filter(|word| !is_name(word)).collect();
        if kept.is_empty() { self.text.clone() } else { kept.join(" ") }
    }
}
