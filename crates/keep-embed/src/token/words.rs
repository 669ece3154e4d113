//! Text to words: cleaned, without accents, in lower case, cut at white space and punctuation.

use super::class::{is_accent, is_dropped, is_ideograph, is_punctuation};
use unicode_normalization::UnicodeNormalization;

/// Calls `found` with each word of `text`, in order.
pub(super) fn each_word(text: &str, found: impl FnMut(&str)) {
    let mut words = Words { word: String::with_capacity(32), found };
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        if is_plain(first) {
            words.plain(first);
            rest = &rest[1..];
        } else {
            // Controls belong to the run: they vanish before characters are decomposed, and accents on
            // either side of one come together.
            let end = rest.bytes().position(is_plain).unwrap_or(rest.len());
            words.foreign(&rest[..end]);
            rest = &rest[end..];
        }
    }
    words.close();
}

/// ASCII that is not dropped. All of it is its own decomposition and starts a new character, so a run of
/// anything else can be normalised by itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

struct Words<F> {
    word: String,
    found: F,
}

impl<F: FnMut(&str)> Words<F> {
    fn plain(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.word.push(byte.to_ascii_lowercase() as char);
        } else if byte.is_ascii_punctuation() {
            self.alone(byte as char);
        } else {
            self.close();
        }
    }

    fn foreign(&mut self, run: &str) {
        run.chars()
            .filter(|&c| !is_dropped(c))
            .flat_map(|c| {
                let blank = is_ideograph(c).then_some(' ');
                blank.into_iter().chain([c]).chain(blank)
            })
            .nfd()
            .filter(|&c| !is_accent(c))
            .flat_map(char::to_lowercase)
            .for_each(|c| self.character(c));
    }

    fn character(&mut self, c: char) {
        if c.is_whitespace() {
            self.close();
        } else if is_punctuation(c) {
            self.alone(c);
        } else {
            self.word.push(c);
        }
    }

    fn alone(&mut self, c: char) {
        self.close();
        self.word.push(c);
        self.close();
    }

    fn close(&mut self) {
        if !self.word.is_empty() {
            (self.found)(&self.word);
            self.word.clear();
        }
    }
}
