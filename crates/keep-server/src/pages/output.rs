//! What programs say, as a page shows it: text, without what only a terminal understands.

use super::words::visible;
use keep_exec::Heard;

/// Lines that a page shows at first; what came before is a click away.
const LINES: usize = 1_000;

/// Bytes of a program as text to be read.
pub(super) fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = without_sequences(&text).replace("\r\n", "\n").replace('\r', "\n");
    visible(&text)
}

/// Text without the sequences that colour it and move the cursor.
fn without_sequences(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\u{1b}' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            // To the letter that ends it.
            Some('[') => while letters.next_if(|c| !('@'..='~').contains(c)).is_some() {},
            // To the bell or to the sequence that ends it; what never ends is not swallowed whole.
            Some(']') => while letters.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\n')).is_some() {},
            Some(_) | None => continue,
        }
        letters.next_if(|c| *c != '\n');
    }
    plain
}

/// Output in two: what is read first, its end, and what came before.
pub(super) struct Cut {
    pub(super) shown: String,
    pub(super) earlier: Option<String>,
}

impl Cut {
    pub(super) fn of(text: &str) -> Self {
        let mut breaks = text.trim_end_matches('\n').rmatch_indices('\n');
        match breaks.nth(LINES - 1) {
            Some((at, _)) => Self { shown: text[at + 1..].to_owned(), earlier: Some(text[..at].to_owned()) },
            None => Self { shown: text.to_owned(), earlier: None },
        }
    }
}

/// What was heard of a run as text, and where to go on: a letter whose end has not come yet is left for the next time.
pub(super) fn heard(heard: &Heard) -> (String, u64) {
    let whole = match std::str::from_utf8(&heard.bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => heard.bytes.len(),
    };
    (readable(&heard.bytes[..whole]), heard.from + whole as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_understands_is_left_out() {
        for (given, want) in [
            ("plain\n", "plain\n"),
            ("\u{1b}[1;31mred\u{1b}[0m!", "red!"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}[", ""),
            ("\u{1b}", ""),
            ("tail\u{1b}[9", "tail"),
            ("rm\u{202e}x", "rm\\u{202e}x"),
        ] {
            assert_eq!(readable(given.as_bytes()), want, "{given:?}");
        }
    }

    #[test]
    fn a_letter_waits_for_its_end() {
        let half = Heard { bytes: "aä".as_bytes()[..2].to_vec(), from: 7, next: 9, withheld: false };
        assert_eq!(heard(&half), ("a".into(), 8));
        let broken = Heard { bytes: vec![b'a', 0xff, b'b'], from: 0, next: 3, withheld: false };
        assert_eq!(heard(&broken).1, 3, "bytes that are no text would be waited for without end");
    }

    #[test]
    fn long_output_is_cut_in_two() {
        let text: String = (0..LINES + 5).map(|n| format!("{n}\n")).collect();
        let cut = Cut::of(&text);
        assert!(cut.shown.starts_with("5\n") && cut.shown.ends_with(&format!("{}\n", LINES + 4)));
        assert_eq!(cut.earlier.unwrap(), "0\n1\n2\n3\n4");
        assert!(Cut::of("one\ntwo\n").earlier.is_none());
    }
}
