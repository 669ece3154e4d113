//! What can be said of a command line before it is parsed: its length, its nesting, and characters
//! that a reader does not see or takes for others.

use crate::limits::{MAX_BRACKETS, MAX_BYTES, MAX_OPENERS};
use serde::Serialize;

/// Something about the text itself that a person should know before they say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// Longer than is looked into.
    TooLong,
    /// Nested deeper than is looked into.
    TooDeep,
    /// A NUL byte: bash drops it, other programs end there.
    Nul,
    /// A control character, which can move a terminal's cursor over what was shown.
    Control,
    /// A character that reorders the text around it.
    Bidi,
    /// A character that is not shown.
    Invisible,
    /// A letter of another script that looks like a Latin one.
    Lookalike,
    /// Blanks that push what follows out of sight.
    Padding,
}

impl Oddity {
    /// What a person is told.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::TooLong => "the command is longer than can be checked",
            Self::TooDeep => "the command is nested deeper than can be checked",
            Self::Nul => "the command contains a NUL byte",
            Self::Control => "the command contains control characters, which can hide part of it",
            Self::Bidi => "the command contains characters that reorder the text that you see",
            Self::Invisible => "the command contains invisible characters",
            Self::Lookalike => "a word mixes Latin letters with look-alikes of another script",
            Self::Padding => "a long run of blanks pushes part of the command out of sight",
        }
    }
}

/// Blanks in a row that no layout needs; a line of the widest usual terminal.
const MAX_BLANKS: usize = 200;

/// What the first look found.
pub(crate) struct Look {
    /// Oddities, each once.
    pub(crate) oddities: Vec<Oddity>,
    /// Things that open something, to choose a stack.
    pub(crate) openers: usize,
}

impl Look {
    /// Whether parsing can be tried at all.
    pub(crate) fn parsable(&self) -> bool {
        !self.oddities.iter().any(|odd| matches!(odd, Oddity::TooLong | Oddity::TooDeep | Oddity::Nul))
    }
}

/// Looks at the text once.
pub(crate) fn look(text: &str) -> Look {
    let mut oddities = Vec::new();
    let mut note = |odd: Oddity| {
        if !oddities.contains(&odd) {
            oddities.push(odd);
        }
    };
    if text.len() > MAX_BYTES {
        note(Oddity::TooLong);
        return Look { oddities, openers: 0 };
    }
    let (openers, brackets) = nesting(text.as_bytes());
    if openers > MAX_OPENERS || brackets > MAX_BRACKETS {
        note(Oddity::TooDeep);
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') && !text.contains(PAD) {
        return Look { oddities, openers };
    }
    let mut blanks = 0;
    for letter in text.chars() {
        blanks = if letter.is_whitespace() { blanks + 1 } else { 0 };
        if blanks > MAX_BLANKS {
            note(Oddity::Padding);
        }
        if let Some(odd) = odd_letter(letter) {
            note(odd);
        }
    }
    if !text.is_ascii() && text.split(|c: char| !c.is_alphanumeric()).any(mixes_scripts) {
        note(Oddity::Lookalike);
    }
    Look { oddities, openers }
}

/// A run of blanks long enough to be worth counting.
const PAD: &str = "                                ";

/// Whether a letter is not shown as itself.
pub(crate) fn is_hidden(letter: char) -> bool {
    odd_letter(letter).is_some()
}

fn odd_letter(letter: char) -> Option<Oddity> {
    match letter {
        '\0' => Some(Oddity::Nul),
        '\t' | '\n' => None,
        // A carriage return before a line feed is a Windows file; alone it overwrites the line. Bash
        // keeps it as part of the word either way, which is nothing a person means.
        '\r' | '\u{1}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Some(Oddity::Control),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            Some(Oddity::Bidi)
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{2065}'
        | '\u{2800}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some(Oddity::Invisible),
        // Blanks that bash does not take for blanks: they become part of a word.
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            Some(Oddity::Invisible)
        }
        // Full-width and mathematical forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' | '\u{1d400}'..='\u{1d7ff}' | '\u{2044}' | '\u{2215}' | '\u{29f8}' => {
            Some(Oddity::Lookalike)
        }
        _ => None,
    }
}

/// A word that has both a Latin letter and one of a script whose letters pass for Latin ones. A word
/// wholly in Greek or Cyrillic is somebody's language.
fn mixes_scripts(word: &str) -> bool {
    let latin = word.chars().any(|c| c.is_ascii_alphabetic());
    let other = word.chars().any(|c| {
        matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{530}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}')
    });
    latin && other
}

/// How many things open in the text, and the most brackets open at once. Quotes are not looked at:
/// counting a bracket too many costs a question, counting one too few a stack.
fn nesting(text: &[u8]) -> (usize, usize) {
    let (mut openers, mut open, mut most, mut word) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut ticks = 0_usize;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'(' | b'{' | b'[' => {
                openers += 1;
                open += 1;
                most = most.max(open);
            }
            b')' | b'}' | b']' => open = open.saturating_sub(1),
            // Each backslash before a backtick is a level of its own.
            b'`' => ticks += 1,
            b'!' => openers += 1,
            _ => {}
        }
        if byte.is_ascii_lowercase() {
            continue;
        }
        openers += usize::from(opens(&text[word..at]));
        word = at + 1;
    }
    (openers + ticks / 2, most)
}

fn opens(word: &[u8]) -> bool {
    matches!(
        word,
        b"if" | b"for" | b"while" | b"until" | b"case" | b"function" | b"coproc" | b"time" | b"elif"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_in_any_language_is_not_odd() {
        for text in ["ls -la", "echo 'привет мир'", "cat 你好.txt", "echo 🚀", "printf 'α β'\n\techo é"]
        {
            assert!(look(text).oddities.is_empty(), "{text:?}: {:?}", look(text).oddities);
        }
    }

    #[test]
    fn what_hides_or_deceives_is_noticed() {
        let cases: &[(&str, Oddity)] = &[
            ("ls\0-la", Oddity::Nul),
            ("ls \u{1b}[2K rm", Oddity::Control),
            ("ls\rrm x", Oddity::Control),
            ("echo \u{202e}txt", Oddity::Bidi),
            ("r\u{200b}m x", Oddity::Invisible),
            ("rm\u{a0}x", Oddity::Invisible),
            ("с\u{75}rl x", Oddity::Lookalike),
            ("ｒｍ x", Oddity::Lookalike),
        ];
        for (text, expected) in cases {
            assert!(look(text).oddities.contains(expected), "{text:?}");
        }
        assert!(look(&format!("ls{}; rm x", " ".repeat(300))).oddities.contains(&Oddity::Padding));
        assert!(look(&"a".repeat(MAX_BYTES + 1)).oddities.contains(&Oddity::TooLong));
        assert!(look(&"(".repeat(100)).oddities.contains(&Oddity::TooDeep));
    }
}
