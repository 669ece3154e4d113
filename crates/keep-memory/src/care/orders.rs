//! Text that addresses whoever reads it as an agent and tells it what to do.

use super::hidden::smuggled;
use super::phrase::{Phrases, Word, words};
use std::fmt;
use std::sync::LazyLock;

mod markup;
mod tables;

/// Why a text reads like orders, and where. It shows the reason and never the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders {
    /// What the text does, as a sentence without its end.
    pub why: &'static str,
    /// The byte at which it starts to.
    pub start: usize,
    /// The byte before which it ends.
    pub end: usize,
}

impl fmt::Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.why)
    }
}

/// Whether a text reads like orders to an agent, and why.
///
/// It knows the usual phrasings, in English and a dozen other languages, through accents, full-width letters,
/// lookalikes and characters without width; the marks that chats with models are put together from; and
/// ASCII hidden in tags. A text that speaks *about* such phrases is found as well. A new phrasing is not:
/// this lowers what a text may do, and what protects is that a recalled memory is never an instruction.
#[must_use]
pub fn reads_like_orders(text: &str) -> Option<Orders> {
    if let Some(hidden) = smuggled(text) {
        let why = "it hides characters that a person does not see";
        return Some(Orders { why, start: hidden.start, end: hidden.end });
    }
    if let Some(found) = markup::find(text) {
        return Some(found);
    }
    static PHRASES: LazyLock<Phrases> =
        LazyLock::new(|| Phrases::new(&tables::GROUPS.map(|(_, phrases)| phrases)));
    let words = words(text);
    if let Some((group, first, last)) = PHRASES.find(&words) {
        let (start, end) = (words[first].start, words[last].end);
        return Some(Orders { why: tables::GROUPS[group].0, start, end });
    }
    spelled(&words).or_else(|| without_spaces(text))
}

/// Letters with blanks between them: `i g n o r e  p r e v i o u s`.
fn spelled(words: &[Word]) -> Option<Orders> {
    let mut from = 0;
    while from < words.len() {
        let run = words[from..].iter().take_while(|word| word.text.chars().count() == 1).count();
        if run >= 12 {
            let joined: String = words[from..from + run].iter().map(|word| word.text.as_str()).collect();
            if tables::SPELLED.iter().any(|known| joined.contains(known)) {
                let (start, end) = (words[from].start, words[from + run - 1].end);
                return Some(Orders { why: tables::GROUPS[0].0, start, end });
            }
        }
        from += run.max(1);
    }
    None
}

/// How far apart, in bytes, the parts of a phrase may stand where no spaces part the words.
const NEAR: usize = 48;

/// Phrases of languages that are written without spaces, or whose endings hide the word: each of the parts
/// in its order, near each other.
fn without_spaces(text: &str) -> Option<Orders> {
    if text.is_ascii() {
        return None;
    }
    tables::JOINED.iter().find_map(|parts| {
        let (first, others) = parts.split_first()?;
        first.iter().find_map(|word| {
            text.match_indices(word).find_map(|(start, _)| {
                let mut end = start + word.len();
                for part in others {
                    let window = &text[end..text.ceil_char_boundary((end + NEAR).min(text.len()))];
                    let found = part.iter().find_map(|word| Some(window.find(word)? + word.len()))?;
                    end += found;
                }
                Some(Orders { why: tables::GROUPS[0].0, start, end })
            })
        })
    })
}

#[cfg(test)]
mod tests;
