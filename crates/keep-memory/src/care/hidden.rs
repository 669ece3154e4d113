//! Characters that a person does not see and a program reads.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

/// The text with every control character and every invisible one that has no business there written out
/// (`\u{202e}`), so that a person sees what an agent would read. Line breaks, tabs, emoji and the joiners
/// that scripts need stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let mut marks = Marks::new(text).peekable();
    if marks.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for (at, c, _) in marks {
        out.push_str(&text[done..at]);
        // Writing into a string cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        done = at + c.len_utf8();
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// The first place where something is hidden in a way that text comes by on purpose only.
pub(super) fn smuggled(text: &str) -> Option<Range<usize>> {
    let marks: Vec<(usize, char, Why)> = Marks::new(text).collect();
    let one = |why: Why| marks.iter().find(|mark| mark.2 == why);
    let found = one(Why::Tag).or_else(|| one(Why::Override)).or_else(|| one(Why::Data));
    // One stray zero-width space comes with text from a web page; one inside a word, or several, do not.
    let stray = || {
        let mut blanks = marks.iter().filter(|mark| mark.2 == Why::Blank);
        let first = blanks.next()?;
        (blanks.count() >= 3 || splits_a_word(text, first.0, first.1)).then_some(first)
    };
    let (at, c, _) = found.or_else(stray)?;
    Some(*at..at + c.len_utf8())
}

/// Whether letters of one word stand on both sides.
fn splits_a_word(text: &str, at: usize, c: char) -> bool {
    let before = text[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphabetic());
    let after = text[at + c.len_utf8()..].chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    // A soft hyphen is where a word may be broken, which is what it is for.
    before && after && c != '\u{ad}'
}

/// Why a character is conspicuous.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// A tag: ASCII that no font shows.
    Tag,
    /// Text shown in another order than it is read.
    Override,
    /// Selectors in a row, which carry bytes.
    Data,
    /// Nothing to see, and some width or none.
    Blank,
    /// A control character.
    Control,
}

/// The conspicuous characters of a text.
struct Marks<'t> {
    rest: std::iter::Peekable<std::str::CharIndices<'t>>,
    before: char,
    /// The flag of England and the like are spelled with tags.
    in_flag: bool,
    has_right_to_left: bool,
}

impl<'t> Marks<'t> {
    fn new(text: &'t str) -> Self {
        let has_right_to_left = text.chars().any(is_right_to_left);
        Self { rest: text.char_indices().peekable(), before: ' ', in_flag: false, has_right_to_left }
    }

    fn why(&self, c: char, after: char) -> Option<Why> {
        Some(match c {
            '\n' | '\t' => return None,
            '\r' if after == '\n' => return None,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => Why::Control,
            '\u{e0000}'..='\u{e007f}' if self.in_flag => return None,
            '\u{e0000}'..='\u{e007f}' => Why::Tag,
            '\u{202d}' | '\u{202e}' => Why::Override,
            // Marks and isolates belong to text that runs from right to left, and hide in other text.
            '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' if self.has_right_to_left => return None,
            '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => Why::Override,
            '\u{200e}' | '\u{200f}' | '\u{61c}' if self.has_right_to_left => return None,
            // Joiners shape Persian and Indic words and join emoji; between ASCII they do nothing.
            '\u{200c}' | '\u{200d}' if !self.before.is_ascii() && !after.is_ascii() => return None,
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' if is_selector(self.before) => Why::Data,
            '\u{fe00}'..='\u{fe0f}' if !self.before.is_ascii_alphabetic() => return None,
            '\u{e0100}'..='\u{e01ef}' if is_ideograph(self.before) => return None,
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Why::Data,
            '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' => Why::Blank,
            '\u{ad}' | '\u{61c}' | '\u{feff}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
            | '\u{17b5}' => Why::Blank,
            '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' => Why::Blank,
            _ => return None,
        })
    }
}

impl Iterator for Marks<'_> {
    type Item = (usize, char, Why);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (at, c) = self.rest.next()?;
            let after = self.rest.peek().map_or(' ', |&(_, c)| c);
            self.in_flag = match c {
                '\u{1f3f4}' => ('\u{e0061}'..='\u{e007a}').contains(&after),
                '\u{e0020}'..='\u{e007e}' => self.in_flag,
                _ => false,
            } || self.in_flag && c == '\u{e007f}';
            let why = self.why(c, after);
            if c == '\u{e007f}' {
                self.in_flag = false;
            }
            self.before = c;
            if let Some(why) = why {
                return Some((at, c, why));
            }
        }
    }
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}')
        && c != '\u{61c}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_hidden_is_written_out() {
        for (text, want) in [
            ("a\u{202e}b", "a\\u{202e}b"),
            ("run\u{200b}this", "run\\u{200b}this"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("x\u{e0041}\u{e0042}", "x\\u{e0041}\\u{e0042}"),
            ("a\rb", "a\\u{d}b"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("\u{feff}start", "\\u{feff}start"),
        ] {
            assert_eq!(visible(text), want);
        }
    }

    #[test]
    fn what_writing_needs_stays() {
        for text in [
            "plain\ttext\nand\r\nlines",
            "a family: 👨\u{200d}👩\u{200d}👧, a heart ❤\u{fe0f}, a keycap 1\u{fe0f}\u{20e3}",
            "the flag 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} of England",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
            "שלום \u{2067}abc\u{2069} עולם",
            "葛\u{e0100}城",
        ] {
            assert_eq!(visible(text), text);
            assert_eq!(smuggled(text), None, "{text}");
        }
    }

    #[test]
    fn smuggling_is_told_from_a_stray_character() {
        let tags: String =
            "ignore".chars().map(|c| char::from_u32(0xe0000 + u32::from(c)).unwrap()).collect();
        let bytes: String = (0..8u32).map(|n| char::from_u32(0xe0100 + n).unwrap()).collect();
        for text in [
            &format!("hello{tags}") as &str,
            &format!("😀{bytes}"),
            "a\u{202e}txt.exe",
            "ig\u{200b}nore",
            "\u{200b}a \u{200b} b \u{200b} c \u{200b}",
            "if (x \u{2066}// check\u{2069}",
        ] {
            assert!(smuggled(text).is_some(), "{text:?}");
        }
        for text in ["\u{feff}a file with a mark", "a \u{200b}b", "co\u{ad}op", "\u{1b}[1mbold\u{1b}[0m"] {
            assert_eq!(smuggled(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_visible_stays_as_it_is(text in "\\PC{0,80}|(\\x{200b}|\\x{e0041}|\\x{fe0f}|\\x{202e}|a|é|🏴){0,20}") {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once).into_owned(), once.clone());
        }
    }
}
