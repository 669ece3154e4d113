//! The syntax of `.env` files: from bytes to assignments.

use super::DotenvError;
use crate::name::SecretName;
use crate::value::Value;
use std::ops::Range;

/// One assignment and the bytes it takes up, its line end included.
pub(super) struct Assignment {
    pub(super) name: SecretName,
    pub(super) value: Value,
    pub(super) reference: bool,
    pub(super) line: usize,
    pub(super) range: Range<usize>,
}

/// The assignments of a file in order. After a line that is none, with its number, comes the next line.
pub(super) fn scan(bytes: &[u8]) -> Scanner<'_> {
    let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    Scanner { bytes, at, line: 1 }
}

pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The line, from 1, that `at` lies in.
    line: usize,
}

impl Iterator for Scanner<'_> {
    type Item = Result<Assignment, (usize, DotenvError)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (start, line) = (self.at, self.line);
            self.skip_blanks();
            match self.peek() {
                None if self.at == self.bytes.len() => return None,
                None | Some(b'#') => self.skip_line(),
                Some(_) => {
                    let read = self.assignment();
                    if read.is_err() {
                        // What a quote had swallowed is looked at again, line by line.
                        (self.at, self.line) = (start, line);
                    }
                    self.skip_line();
                    return Some(read.map_err(|error| (line, error)).map(|(name, value, reference)| {
                        Assignment { name, value, reference, line, range: start..self.at }
                    }));
                }
            }
        }
    }
}

impl Scanner<'_> {
    fn assignment(&mut self) -> Result<(SecretName, Value, bool), DotenvError> {
        let line = self.line;
        let length =
            self.rest_of_line().iter().position(|b| *b == b'=').ok_or(DotenvError::NoAssignment { line })?;
        let left = self.rest_of_line()[..length].trim_ascii();
        let left = match left.strip_prefix(b"export") {
            Some(name) if name.first().is_some_and(u8::is_ascii_whitespace) => name.trim_ascii(),
            _ => left,
        };
        let name = std::str::from_utf8(left).ok().and_then(|name| name.parse().ok());
        let name = name.ok_or(DotenvError::BadName { line })?;
        self.at += length + 1;
        self.skip_blanks();
        let (value, reference) = match self.peek() {
            Some(quote @ (b'\'' | b'`')) => (self.quoted(quote)?, false),
            Some(b'"') => self.escaped()?,
            _ => self.bare(),
        };
        Ok((name, value, reference))
    }

    /// Up to the line's end or to a `#` behind a blank, without the blanks around it.
    fn bare(&self) -> (Value, bool) {
        let rest = self.rest_of_line();
        // The byte before is the `=` at least, so there is one.
        let is_comment = |at: &usize| rest[*at] == b'#' && self.bytes[self.at + at - 1].is_ascii_whitespace();
        let end = (0..rest.len()).find(is_comment).unwrap_or(rest.len());
        let value = rest[..end].trim_ascii();
        (Value::new(value.to_vec()), has_reference(value))
    }

    /// Everything up to the same quote, as it is.
    fn quoted(&mut self, quote: u8) -> Result<Value, DotenvError> {
        let line = self.line;
        let inside = &self.bytes[self.at + 1..];
        let length = inside.iter().position(|b| *b == quote);
        let length = length.ok_or(DotenvError::Unclosed { line, quote: char::from(quote) })?;
        let mut value = Vec::with_capacity(length);
        let raw = &inside[..length];
        for (at, byte) in raw.iter().enumerate() {
            if !is_line_end(raw, at) {
                value.push(*byte);
            }
        }
        let value = Value::new(value);
        self.line += raw.iter().filter(|b| **b == b'\n').count();
        self.at += length + 2;
        self.end_after_quote().map(|()| value)
    }

    /// Up to the next `"` without a backslash before it; an escape that is none stays as it is.
    fn escaped(&mut self) -> Result<(Value, bool), DotenvError> {
        let inside = &self.bytes[self.at + 1..];
        let unclosed = DotenvError::Unclosed { line: self.line, quote: '"' };
        let length = closing(inside).ok_or(unclosed)?;
        let raw = &inside[..length];
        let (mut value, mut reference, mut at) = (Vec::with_capacity(length), false, 0);
        while at < raw.len() {
            let escape = if raw[at] == b'\\' { raw.get(at + 1).and_then(|b| unescape(*b)) } else { None };
            match escape {
                Some(byte) => {
                    value.push(byte);
                    at += 1;
                }
                None if is_line_end(raw, at) => {}
                None => {
                    reference |= starts_reference(&raw[at..]);
                    value.push(raw[at]);
                }
            }
            at += 1;
        }
        let value = Value::new(value);
        self.line += raw.iter().filter(|b| **b == b'\n').count();
        self.at += length + 2;
        self.end_after_quote().map(|()| (value, reference))
    }

    fn end_after_quote(&mut self) -> Result<(), DotenvError> {
        self.skip_blanks();
        match self.peek() {
            None | Some(b'#') => Ok(()),
            Some(_) => Err(DotenvError::AfterQuote { line: self.line }),
        }
    }

    /// The next byte of this line.
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied().filter(|b| *b != b'\n')
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn rest_of_line(&self) -> &[u8] {
        let rest = &self.bytes[self.at..];
        &rest[..rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())]
    }

    fn skip_line(&mut self) {
        self.at += self.rest_of_line().len();
        if self.at < self.bytes.len() {
            (self.at, self.line) = (self.at + 1, self.line + 1);
        }
    }
}

/// Whether the CR at this place belongs to a line end, which is read as LF alone.
fn is_line_end(raw: &[u8], at: usize) -> bool {
    raw[at..].starts_with(b"\r\n")
}

/// Where the first `"` stands that no backslash escapes.
fn closing(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match inside.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn unescape(byte: u8) -> Option<u8> {
    match byte {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'"' | b'\\' | b'$' => Some(byte),
        _ => None,
    }
}

fn has_reference(value: &[u8]) -> bool {
    (0..value.len()).any(|at| starts_reference(&value[at..]))
}

/// `$NAME` or `${`: what readers with substitution would replace.
fn starts_reference(text: &[u8]) -> bool {
    let [b'$', next, ..] = text else { return false };
    *next == b'{' || *next == b'_' || next.is_ascii_alphabetic()
}
