//! Text from anywhere, made safe for a terminal.

use keep_types::is_hidden;
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// The text with everything visible that would move the cursor, change colours, turn the reading
/// direction or hide: control characters, ANSI escapes, bidirectional and zero-width marks.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push('⏎'),
            '\t' => shown.push(' '),
            c if is_hidden(c) => shown.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => shown.push(c),
        }
    }
    shown
}

/// So many of a thing: `1 file`, `2 files`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The text, made visible, in lines of at most this width, broken between words where it can be.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in visible(text).split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Writes text behind its head, in lines of this width; all but the first start at the column, where the
/// head ends.
pub(crate) fn hang(
    out: &mut dyn Write,
    head: &str,
    column: usize,
    text: &str,
    width: usize,
) -> std::io::Result<()> {
    for (number, line) in wrap(text, width.saturating_sub(column)).iter().enumerate() {
        match number {
            0 => writeln!(out, "{head}{line}")?,
            _ => writeln!(out, "{:column$}{line}", "")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{visible, wrap};

    #[test]
    fn nothing_hides() {
        for (text, want) in [
            ("plain ✓", "plain ✓"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\r\nb", "a\\u{d}⏎b"),
            ("x\u{202e}y", "x\\u{202e}y"),
            ("z\u{2028}", "z\\u{2028}"),
        ] {
            assert_eq!(visible(text), want);
        }
    }

    #[test]
    fn breaks_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable-word x", 5), ["unbreakable-word", "x"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
