use super::Damage;
use super::lines::{Lines, MOST_LINE_BYTES};
use std::io::BufRead;

/// Cuts a file into its JSON objects: those of an array, spread over lines as one likes, or one a line. An
/// object is cut out by its braces alone, so one that is damaged inside does not keep the next from being
/// read, as long as its braces and quotation marks are whole.
pub(super) struct Pieces<R> {
    lines: Lines<R>,
    line: Option<(u64, String)>,
    at: usize,
}

impl<R: BufRead> Pieces<R> {
    pub(super) fn new(from: R) -> Self {
        Self { lines: Lines::new(from), line: None, at: 0 }
    }

    /// The object that starts in the line at hand.
    fn object(&mut self, number: u64, mut line: String) -> Result<(u64, String), Damage> {
        let start =
            Damage::new(number, line[..self.at].chars().count() as u64 + 1, "the object does not end");
        let mut piece = String::new();
        let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
        let mut last = number;
        loop {
            let from = self.at;
            for (offset, byte) in line.bytes().enumerate().skip(from) {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if in_string => escaped = true,
                    b'"' => in_string = !in_string,
                    b'{' if !in_string => depth += 1,
                    b'}' if !in_string => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    piece.push_str(&line[from..=offset]);
                    self.at = offset + 1;
                    self.line = Some((last, line));
                    return Ok((number, piece));
                }
            }
            piece.push_str(&line[from..]);
            // A string that runs over a line's end is damage; the next object starts a line of its own.
            if in_string || piece.len() > MOST_LINE_BYTES {
                return Err(start);
            }
            match self.lines.next() {
                Some((next, text)) => (last, line, self.at) = (next, text?, 0),
                None => return Err(start),
            }
        }
    }
}

impl<R: BufRead> Iterator for Pieces<R> {
    /// The line in which an object starts, and its text.
    type Item = Result<(u64, String), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, line) = match self.line.take() {
                Some(line) => line,
                None => {
                    self.at = 0;
                    match self.lines.next()? {
                        (number, Ok(line)) => (number, line),
                        (_, Err(damage)) => return Some(Err(damage)),
                    }
                }
            };
            let rest = &line[self.at..];
            self.at = line.len()
                - rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | ',')).len();
            match line[self.at..].chars().next() {
                None => {}
                Some('{') => return Some(self.object(number, line)),
                Some(_) => {
                    let column = line[..self.at].chars().count() as u64 + 1;
                    return Some(Err(Damage::new(number, column, "an object was expected")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object with the line it starts in, or the place of the damage.
    type Want = Result<(u64, &'static str), (u64, u64)>;

    fn check(text: &str, want: &[Want]) {
        let read: Vec<_> = Pieces::new(text.as_bytes()).collect();
        let read: Vec<_> = read
            .iter()
            .map(|piece| match piece {
                Ok((line, text)) => Ok((*line, text.as_str())),
                Err(damage) => Err((damage.line, damage.column)),
            })
            .collect();
        assert_eq!(read, want);
    }

    #[test]
    fn arrays_and_lines() {
        check("[]", &[]);
        check("{\"a\":1}\n{\"b\":\"}{\\\"\"}\n", &[Ok((1, "{\"a\":1}")), Ok((2, "{\"b\":\"}{\\\"\"}"))]);
        check(
            "[\n  {\n \"a\": {\"b\": 1}\n  }, {}\n]\n",
            &[Ok((2, "{\n \"a\": {\"b\": 1}\n  }")), Ok((4, "{}"))],
        );
    }

    #[test]
    fn damage_is_passed() {
        check("[\nx\n{}\n]", &[Err((2, 1)), Ok((3, "{}"))]);
        check("{\"a\n{}\n", &[Err((1, 1)), Ok((2, "{}"))]);
        check("[{}, {\"a\": 1", &[Ok((1, "{}")), Err((1, 6))]);
    }
}
