//! Sums of literal numbers. Whatever else stands in an arithmetic expression makes it unknown.

/// The value of an expression of numbers, `+ - * / %` and parentheses; names are looked up.
pub(crate) fn value(text: &str, look_up: &dyn Fn(&str) -> Option<i64>) -> Option<i64> {
    let mut sum = Sum { text: text.as_bytes(), at: 0, look_up };
    let value = sum.terms(0)?;
    sum.blanks();
    (sum.at == text.len()).then_some(value)
}

struct Sum<'a> {
    text: &'a [u8],
    at: usize,
    look_up: &'a dyn Fn(&str) -> Option<i64>,
}

impl Sum<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn terms(&mut self, depth: usize) -> Option<i64> {
        let mut value = self.factors(depth)?;
        loop {
            self.blanks();
            match self.text.get(self.at) {
                Some(b'+') => {
                    self.at += 1;
                    value = value.checked_add(self.factors(depth)?)?;
                }
                Some(b'-') => {
                    self.at += 1;
                    value = value.checked_sub(self.factors(depth)?)?;
                }
                _ => return Some(value),
            }
        }
    }

    fn factors(&mut self, depth: usize) -> Option<i64> {
        let mut value = self.atom(depth)?;
        loop {
            self.blanks();
            let operator = self.text.get(self.at).copied();
            // `**` is a power, which this does not know.
            if !matches!(operator, Some(b'*' | b'/' | b'%')) || self.text.get(self.at + 1) == Some(&b'*') {
                return Some(value);
            }
            self.at += 1;
            let other = self.atom(depth)?;
            value = match operator {
                Some(b'*') => value.checked_mul(other)?,
                Some(b'/') => value.checked_div(other)?,
                _ => value.checked_rem(other)?,
            };
        }
    }

    fn atom(&mut self, depth: usize) -> Option<i64> {
        self.blanks();
        let from = self.at;
        match self.text.get(self.at)? {
            b'(' if depth < 16 => {
                self.at += 1;
                let value = self.terms(depth + 1)?;
                self.blanks();
                let closed = self.text.get(self.at) == Some(&b')');
                self.at += 1;
                closed.then_some(value)
            }
            b'0'..=b'9' => {
                while self.text.get(self.at).is_some_and(u8::is_ascii_alphanumeric) {
                    self.at += 1;
                }
                let digits = std::str::from_utf8(&self.text[from..self.at]).ok()?;
                // A leading zero means octal or hexadecimal.
                if digits.len() > 1 && digits.starts_with('0') {
                    return None;
                }
                digits.parse().ok()
            }
            b'$' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let name_from = self.at + usize::from(self.text[self.at] == b'$');
                self.at = name_from;
                while self.text.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                    self.at += 1;
                }
                (self.look_up)(std::str::from_utf8(&self.text[name_from..self.at]).ok()?)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_known_and_everything_else_is_not() {
        let two = |name: &str| (name == "x").then_some(2);
        for (text, expected) in [
            ("1 + 2*3", Some(7)),
            ("(1+2)*3", Some(9)),
            ("x + $x", Some(4)),
            ("y", None),
            ("x++", None),
            ("010", None),
            ("1/0", None),
            ("a[$(id)]", None),
            ("2**3", None),
        ] {
            assert_eq!(value(text, &two), expected, "{text}");
        }
    }
}
