use std::fmt;
use std::io::{BufRead, Read as _};

/// The longest line that is read: many times the longest memory, and little enough to hold in memory.
pub const MOST_LINE_BYTES: usize = 4 << 20;

/// A place in a file that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Damage {
    /// The line, counted from one.
    pub line: u64,
    /// The column, counted in characters from one.
    pub column: u64,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl Damage {
    pub(super) fn new(line: u64, column: u64, what: impl fmt::Display) -> Self {
        Self { line, column, what: what.to_string() }
    }

    /// What serde says of a piece of a file that starts in `line`. Its columns are bytes.
    pub(super) fn json(text: &str, line: u64, why: &serde_json::Error) -> Self {
        let inside = text.lines().nth(why.line().saturating_sub(1)).unwrap_or_default();
        let bytes = inside.floor_char_boundary(why.column().saturating_sub(1).min(inside.len()));
        let column = inside[..bytes].chars().count() as u64 + 1;
        let said = why.to_string();
        let what = said.rfind(" at line ").map_or(said.as_str(), |at| &said[..at]);
        Self::new(line + why.line().max(1) as u64 - 1, column, what)
    }
}

/// A file's lines with their numbers, none longer than [`MOST_LINE_BYTES`]. A longer one is passed over
/// without being held.
pub(super) struct Lines<R> {
    from: R,
    number: u64,
    failed: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, number: 0, failed: false }
    }

    fn pass_over(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let bytes = end.map_or(buffer.len(), |at| at + 1);
            self.from.consume(bytes);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn read(&mut self) -> std::io::Result<Option<Result<String, Damage>>> {
        let mut line = Vec::new();
        (&mut self.from).take(MOST_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if line.len() > MOST_LINE_BYTES && line.last() != Some(&b'\n') {
            self.pass_over()?;
            let what = format!("the line is longer than {MOST_LINE_BYTES} bytes");
            return Ok(Some(Err(Damage::new(self.number, 1, what))));
        }
        let mut line = match String::from_utf8(line) {
            Ok(line) => line,
            Err(why) => {
                let before = &why.as_bytes()[..why.utf8_error().valid_up_to()];
                let column = String::from_utf8_lossy(before).chars().count() as u64 + 1;
                return Ok(Some(Err(Damage::new(self.number, column, "these bytes are no UTF-8"))));
            }
        };
        if self.number == 1 && line.starts_with('\u{feff}') {
            line.drain(..'\u{feff}'.len_utf8());
        }
        Ok(Some(Ok(line)))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    /// The line's number, and the line with its end.
    type Item = (u64, Result<String, Damage>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.read() {
            Ok(line) => line.map(|line| (self.number, line)),
            Err(why) => {
                // What cannot be read now cannot be read on the next call either.
                self.failed = true;
                Some((
                    self.number + 1,
                    Err(Damage::new(self.number + 1, 1, format!("reading failed: {why}"))),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_too_long_or_broken_costs_itself_only() {
        let mut file = b"\xef\xbb\xbfone\n".to_vec();
        file.extend(vec![b'x'; MOST_LINE_BYTES + 10]);
        file.extend(b"\nthr\xffee\nfour");
        let read: Vec<_> = Lines::new(file.as_slice()).collect();
        assert_eq!(read[0], (1, Ok("one\n".to_owned())));
        assert!(read[1].1.as_ref().unwrap_err().what.contains("longer"));
        assert_eq!(read[2], (3, Err(Damage::new(3, 4, "these bytes are no UTF-8"))));
        assert_eq!(read[3], (4, Ok("four".to_owned())));
        assert_eq!(read.len(), 4);
    }
}
