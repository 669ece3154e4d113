//! Compares a form with a text in which it may be broken over lines.

use crate::window::WINDOW;

/// The longest break: the line's end and the indentation of the next.
const MAX_GAP: usize = 32;
/// Lines are at least so long, apart from the first and the last.
const MIN_LINE: usize = 16;

/// How far a form of this length can stretch.
pub(crate) fn max_span(form_len: usize) -> usize {
    form_len + max_gaps(form_len) * MAX_GAP
}

fn max_gaps(form_len: usize) -> usize {
    form_len / MIN_LINE + 2
}

/// Where the form stands, when the window at `offset` in it stands at `at` in the text and there is at
/// least one break. A break also stands for a blank of the form, so that `aa bb` may be wrapped.
pub(crate) fn find(form: &[u8], offset: usize, text: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut gaps = 0;
    let mut end = at + WINDOW;
    let mut next = offset + WINDOW;
    while next < form.len() {
        if text.get(end)? == &form[next] {
            end += 1;
        } else {
            end += gap_after(text, end)?;
            gaps += 1;
            if form[next] != b' ' {
                continue;
            }
        }
        next += 1;
    }
    let mut start = at;
    let mut left = offset;
    while left > 0 {
        let last = *text.get(start.checked_sub(1)?)?;
        if last == form[left - 1] && !ends_in_escape(&text[..start]) {
            start -= 1;
        } else {
            start -= gap_before(text, start)?;
            gaps += 1;
            if form[left - 1] != b' ' {
                continue;
            }
        }
        left -= 1;
    }
    (gaps > 0 && gaps <= max_gaps(form.len())).then_some((start, end))
}

/// How far the nearest bytes that a break could be made of are from a window.
pub(crate) struct Breaks {
    before: usize,
    after: usize,
}

impl Breaks {
    /// Looks no further than `reach` on either side.
    pub(crate) fn around(text: &[u8], at: usize, reach: usize) -> Self {
        let is_break = |byte: &u8| is_blank(*byte) || *byte == b'\\';
        let after = text[at + WINDOW..].iter().take(reach).position(is_break);
        let before = text[..at].iter().rev().take(reach).position(is_break);
        Self { before: before.unwrap_or(usize::MAX), after: after.unwrap_or(usize::MAX) }
    }

    /// Whether a form with its window at `offset` could be broken here. An escaped break before the
    /// window ends in a letter, so its backslash is one byte further off than the form's own bytes.
    pub(crate) fn may_stand_in(&self, form_len: usize, offset: usize) -> bool {
        self.after < form_len - offset - WINDOW || self.before <= offset
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A line break as JSON and source code write it.
fn is_escape(pair: &[u8]) -> bool {
    matches!(pair, b"\\n" | b"\\r")
}

fn ends_in_escape(text: &[u8]) -> bool {
    text.last_chunk::<2>().is_some_and(|pair| is_escape(pair))
}

fn gap_after(text: &[u8], at: usize) -> Option<usize> {
    let mut len = 0;
    while len <= MAX_GAP {
        let rest = text.get(at + len..)?;
        match rest {
            [first, ..] if is_blank(*first) => len += 1,
            [first, second, ..] if is_escape(&[*first, *second]) => len += 2,
            _ => break,
        }
    }
    (1..=MAX_GAP).contains(&len).then_some(len)
}

fn gap_before(text: &[u8], at: usize) -> Option<usize> {
    let mut len = 0;
    while len <= MAX_GAP {
        let rest = text.get(..at.checked_sub(len)?)?;
        match rest {
            _ if ends_in_escape(rest) => len += 2,
            [.., last] if is_blank(*last) => len += 1,
            _ => break,
        }
    }
    (1..=MAX_GAP).contains(&len).then_some(len)
}
