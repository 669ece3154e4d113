//! Texts as words, and phrases as patterns of words. A phrase is written as a line:
//!
//! `ignore|disregard ..3 previous|prior ..2 instruct*`
//!
//! Each piece is one word of the text, with `|` between those that will do and `*` for any ending; `..3`
//! lets up to three words stand between. A sentence's end is a word of its own that no piece and no gap
//! takes, so a phrase lies within one sentence.

use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;

/// A word of a text and where it stands.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What stands for a sentence's end.
const STOP: &str = ".";

/// The words of a text: small letters without accents, full-width forms and the like made plain,
/// apostrophes and invisible characters left out, and letters of other scripts that stand among Latin ones
/// replaced by what they look like.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        if c.is_alphanumeric() {
            let word = word.get_or_insert_with(|| Word { text: String::new(), start: at, end: at });
            let plain = std::iter::once(c).nfkd().filter(|c| !is_accent(*c));
            word.text.extend(plain.flat_map(char::to_lowercase));
            word.end = at + c.len_utf8();
            continue;
        }
        if is_accent(c) || is_unseen(c) || matches!(c, '\'' | '\u{2019}') {
            continue;
        }
        words.extend(word.take().map(unmasked));
        let next = letters.peek().map_or(' ', |&(_, c)| c);
        let stops = matches!(c, '.' | '!' | '?' | ';') && next.is_whitespace()
            || matches!(c, '。' | '！' | '？' | '।')
            || c == '\n' && matches!(next, '\n' | '-' | '*' | '#' | '>');
        if stops {
            words.push(Word { text: STOP.to_owned(), start: at, end: at + c.len_utf8() });
        }
    }
    words.extend(word.take().map(unmasked));
    words
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// What splits a word for a program and not for a reader.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// A word that mixes Latin letters with Cyrillic or Greek ones that look alike, in Latin.
fn unmasked(mut word: Word) -> Word {
    let has_latin = word.text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if has_latin && !word.text.is_ascii() {
        word.text = word
            .text
            .chars()
            .map(|c| LOOKALIKES.iter().find(|pair| pair.0 == c).map_or(c, |pair| pair.1))
            .collect();
    }
    word
}

const LOOKALIKES: &[(char, char)] = &[
    ('а', 'a'),
    ('е', 'e'),
    ('і', 'i'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('ѕ', 's'),
    ('ԁ', 'd'),
    ('һ', 'h'),
    ('ј', 'j'),
    ('ո', 'n'),
    ('α', 'a'),
    ('ε', 'e'),
    ('ι', 'i'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('υ', 'u'),
    ('ν', 'v'),
    ('ı', 'i'),
    ('ɡ', 'g'),
    ('к', 'k'),
    ('м', 'm'),
    ('т', 't'),
    ('в', 'b'),
    ('н', 'h'),
];

/// A piece of a phrase: the words that will do, and how many others may stand before it.
struct Piece {
    gap: usize,
    words: Vec<&'static str>,
}

impl Piece {
    fn takes(&self, word: &str) -> bool {
        self.words.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => word.starts_with(beginning),
            None => word == *known,
        })
    }
}

/// Many phrases, found by their first word.
pub(super) struct Phrases {
    pieces: Vec<(Vec<Piece>, usize)>,
    by_first: HashMap<&'static str, Vec<usize>>,
}

impl Phrases {
    /// Reads groups of phrases; a phrase found gives its group's number. The first piece of a phrase
    /// consists of whole words.
    pub(super) fn new(groups: &[&'static [&'static str]]) -> Self {
        let mut phrases = Self { pieces: Vec::new(), by_first: HashMap::new() };
        for (group, lines) in groups.iter().enumerate() {
            for line in *lines {
                let mut gap = 0;
                let mut pieces = Vec::new();
                for part in line.split_ascii_whitespace() {
                    match part.strip_prefix("..") {
                        Some(count) => gap = count.parse().expect("a gap is a number of words"),
                        None => pieces
                            .push(Piece { gap: std::mem::take(&mut gap), words: part.split('|').collect() }),
                    }
                }
                for &word in &pieces.first().expect("a phrase has words").words {
                    phrases.by_first.entry(word).or_default().push(phrases.pieces.len());
                }
                phrases.pieces.push((pieces, group));
            }
        }
        phrases
    }

    /// The first phrase in these words: its group, and its first and last word.
    pub(super) fn find(&self, words: &[Word]) -> Option<(usize, usize, usize)> {
        words.iter().enumerate().find_map(|(first, word)| {
            let numbers = self.by_first.get(word.text.as_str())?;
            numbers.iter().find_map(|&number| {
                let (pieces, group) = &self.pieces[number];
                Some((*group, first, rest(&pieces[1..], words, first)?))
            })
        })
    }
}

/// Where the rest of a phrase ends, of which the word before stands at `at`. Phrases are short and gaps are
/// narrow, so trying every place costs little.
fn rest(pieces: &[Piece], words: &[Word], at: usize) -> Option<usize> {
    let Some((piece, further)) = pieces.split_first() else { return Some(at) };
    let window = words.iter().enumerate().skip(at + 1).take(piece.gap + 1);
    for (place, word) in window.take_while(|(_, word)| word.text != STOP) {
        if piece.takes(&word.text)
            && let Some(end) = rest(further, words, place)
        {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_plain() {
        assert_eq!(texts("Don’t IGNORE, précédentes"), ["dont", "ignore", "precedentes"]);
        assert_eq!(texts("ｉｇｎｏｒｅ 𝐢𝐠𝐧𝐨𝐫𝐞 ig\u{200b}nore"), ["ignore", "ignore", "ignore"]);
        assert_eq!(texts("ignоrе"), ["ignore"], "with a Cyrillic o and e");
        assert_eq!(texts("старые правила"), ["старые", "правила"]);
        assert_eq!(texts("one. Two.three"), ["one", ".", "two", "three"]);
    }

    #[test]
    fn pieces_gaps_and_sentences() {
        let phrases = Phrases::new(&[&["a|b ..2 c* d"], &["x y"]]);
        let find = |text: &str| phrases.find(&words(text));
        assert_eq!(find("a c d"), Some((0, 0, 2)));
        assert_eq!(find("b one two cats d"), Some((0, 0, 4)));
        assert_eq!(find("b one two three cats d"), None);
        assert_eq!(find("a. c d"), None);
        assert_eq!(find("a c c d"), Some((0, 0, 3)), "the second c is tried, too");
        assert_eq!(find("so x y"), Some((1, 1, 2)));
        assert_eq!(find(""), None);
    }
}
