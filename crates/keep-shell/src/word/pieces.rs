//! A word as written, taken apart: quotes, escapes, expansions.

use super::close;
use std::borrow::Cow;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Unquoted text; patterns in it are patterns.
    Bare(&'a str),
    /// Text that stands for itself.
    Quoted(Cow<'a, str>),
    /// Pieces between double quotes.
    Double(Vec<Piece<'a>>),
    /// `~` or `~name` at the start of a word.
    Tilde(&'a str),
    /// `$x`, `${x…}`: the name and whatever stands behind it.
    Variable { name: &'a str, rest: &'a str },
    /// `$(…)` or backticks: a script.
    Command(Cow<'a, str>),
    /// `$((…))` or `$[…]`.
    Arithmetic(&'a str),
}

/// How a text is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// A word of a command.
    Word,
    /// The value of an assignment: a tilde counts after each colon too.
    Value,
    /// Between double quotes.
    Double,
    /// A here-document: quotes are letters.
    Document,
}

/// Takes a text apart; `None` where something that opens does not close.
pub(crate) fn pieces(text: &str, inside: Inside) -> Option<Vec<Piece<'_>>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut at, mut from) = (0, 0);
    let bare = matches!(inside, Inside::Word | Inside::Value);
    if bare && bytes.first() == Some(&b'~') {
        at = tilde(text, 0, &mut out);
        from = at;
    }
    while at < bytes.len() {
        let start = at;
        let piece = match bytes[at] {
            b'\\' => escape(text, &mut at, inside),
            b'\'' if bare => {
                let end = close::single_quote(bytes, at + 1)?;
                let piece = Piece::Quoted(Cow::Borrowed(&text[at + 1..end]));
                at = end + 1;
                Some(piece)
            }
            b'"' if bare => {
                let end = close::double_quote(bytes, at + 1)?;
                let piece = Piece::Double(pieces(&text[at + 1..end], Inside::Double)?);
                at = end + 1;
                Some(piece)
            }
            b'`' => {
                let end = close::backtick(bytes, at + 1)?;
                let piece = Piece::Command(unescape_backticks(&text[at + 1..end], inside));
                at = end + 1;
                Some(piece)
            }
            b'$' => dollar(text, &mut at, bare)?,
            b':' if inside == Inside::Value && bytes.get(at + 1) == Some(&b'~') => {
                flush(&mut out, &text[from..=at], bare);
                at = tilde(text, at + 1, &mut out);
                from = at;
                continue;
            }
            _ => None,
        };
        match piece {
            Some(piece) => {
                flush(&mut out, &text[from..start], bare);
                out.push(piece);
                from = at;
            }
            None => at += 1,
        }
    }
    flush(&mut out, text.get(from..)?, bare);
    Some(out)
}

fn flush<'a>(out: &mut Vec<Piece<'a>>, text: &'a str, bare: bool) {
    if !text.is_empty() {
        out.push(if bare { Piece::Bare(text) } else { Piece::Quoted(Cow::Borrowed(text)) });
    }
}

/// A tilde prefix; returns the position behind it.
fn tilde<'a>(text: &'a str, at: usize, out: &mut Vec<Piece<'a>>) -> usize {
    let rest = &text[at + 1..];
    let end = rest.find(['/', ':']).unwrap_or(rest.len());
    let name = &rest[..end];
    // A quoted or expanded name makes the tilde an ordinary letter.
    if name.contains(['\\', '\'', '"', '$', '`']) {
        return at;
    }
    out.push(Piece::Tilde(name));
    at + 1 + end
}

/// A backslash; `None` where it is a letter of the text.
fn escape<'a>(text: &'a str, at: &mut usize, inside: Inside) -> Option<Piece<'a>> {
    let next = text[*at + 1..].chars().next()?;
    let special = match inside {
        Inside::Word | Inside::Value => true,
        Inside::Double => matches!(next, '$' | '`' | '"' | '\\' | '\n'),
        Inside::Document => matches!(next, '$' | '`' | '\\' | '\n'),
    };
    if !special {
        return None;
    }
    let from = *at + 1;
    *at = from + next.len_utf8();
    // A backslash before a line's end joins the lines.
    Some(Piece::Quoted(Cow::Borrowed(if next == '\n' { "" } else { &text[from..*at] })))
}

/// What a dollar begins; `Some(None)` where it is a letter.
#[expect(clippy::option_option, reason = "a dollar that opens nothing is no error")]
fn dollar<'a>(text: &'a str, at: &mut usize, bare: bool) -> Option<Option<Piece<'a>>> {
    let bytes = text.as_bytes();
    let open = *at + 2;
    Some(match bytes.get(*at + 1) {
        Some(b'(') => {
            let end = close::parenthesis(bytes, open)?;
            *at = end + 1;
            let inner = &text[open..end];
            // `$((a); (b))` is no sum: its first parenthesis does not close at the end.
            let sum =
                inner.starts_with('(') && close::parenthesis(inner.as_bytes(), 1) == Some(inner.len() - 1);
            match inner.get(1..inner.len().saturating_sub(1)).filter(|_| sum) {
                Some(sum) => Some(Piece::Arithmetic(sum)),
                None => Some(Piece::Command(Cow::Borrowed(inner))),
            }
        }
        Some(b'[') => {
            let end = close::bracket(bytes, open)?;
            *at = end + 1;
            Some(Piece::Arithmetic(&text[open..end]))
        }
        Some(b'{') => {
            let end = close::brace(bytes, open)?;
            *at = end + 1;
            let (name, rest) = name_of(&text[open..end]);
            Some(Piece::Variable { name, rest })
        }
        Some(b'\'') if bare => {
            let end = close::ansi_quote(bytes, open)?;
            *at = end + 1;
            Some(Piece::Quoted(Cow::Owned(ansi(&text[open..end]))))
        }
        Some(b'"') if bare => {
            let end = close::double_quote(bytes, open)?;
            *at = end + 1;
            Some(Piece::Double(pieces(&text[open..end], Inside::Double)?))
        }
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => {
            let rest = &text[*at + 1..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            *at += 1 + end;
            Some(Piece::Variable { name: &rest[..end], rest: "" })
        }
        Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => {
            let name = &text[*at + 1..*at + 2];
            *at += 2;
            Some(Piece::Variable { name, rest: "" })
        }
        _ => None,
    })
}

/// Splits `x:-word` into `x` and `:-word`; a leading `!` or `#` that is an operator stays with the name.
fn name_of(text: &str) -> (&str, &str) {
    let skip = usize::from(text.len() > 1 && text.starts_with(['!', '#']));
    let body = &text[skip..];
    let end = match body.chars().next() {
        Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
        Some('0'..='9') => body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len()),
        _ => body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len()),
    };
    text.split_at(skip + end)
}

fn unescape_backticks(text: &str, inside: Inside) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escapes =
            |next: char| matches!(next, '$' | '`' | '\\') || (next == '"' && inside == Inside::Double);
        match letters.peek() {
            Some(&next) if letter == '\\' && escapes(next) => {
                out.push(next);
                letters.next();
            }
            _ => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// The text of `$'…'`.
pub(crate) fn ansi(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' || at + 1 == bytes.len() {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        at += 2;
        let digits = |from: usize, most: usize, base: u32| {
            let count =
                bytes[from..].iter().take(most).take_while(|b| char::from(**b).is_digit(base)).count();
            (u32::from_str_radix(&text[from..from + count], base).ok(), from + count)
        };
        match bytes[at - 1] {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' | b'E' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'0'..=b'7' => {
                let (code, end) = digits(at - 1, 3, 8);
                out.push(code.unwrap_or_default() as u8);
                at = end;
            }
            b'x' => {
                let (code, end) = digits(at, 2, 16);
                out.push(code.unwrap_or_default() as u8);
                at = end;
            }
            letter @ (b'u' | b'U') => {
                let (code, end) = digits(at, if letter == b'u' { 4 } else { 8 }, 16);
                let letter = code.and_then(char::from_u32).unwrap_or('\u{fffd}');
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                at = end;
            }
            b'c' => {
                out.push(bytes.get(at).map_or(0, |byte| byte & 0x1f));
                at += 1;
            }
            other @ (b'\\' | b'\'' | b'"' | b'?') => out.push(other),
            other => out.extend([b'\\', other]),
        }
    }
    // A NUL ends the text, as in bash.
    let end = out.iter().position(|&byte| byte == 0).unwrap_or(out.len());
    String::from_utf8_lossy(&out[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_apart_as_bash_reads_them() {
        let quoted = |text| Piece::Quoted(Cow::Borrowed(text));
        let cases: &[(&str, Vec<Piece<'_>>)] = &[
            ("a'b c'\\d", vec![Piece::Bare("a"), quoted("b c"), quoted("d")]),
            ("~/x", vec![Piece::Tilde(""), Piece::Bare("/x")]),
            ("\"a$x\"", vec![Piece::Double(vec![quoted("a"), Piece::Variable { name: "x", rest: "" }])]),
            ("${x:-y}z", vec![Piece::Variable { name: "x", rest: ":-y" }, Piece::Bare("z")]),
            ("${#x}", vec![Piece::Variable { name: "#x", rest: "" }]),
            ("$#", vec![Piece::Variable { name: "#", rest: "" }]),
            ("$(ls)", vec![Piece::Command(Cow::Borrowed("ls"))]),
            ("$((1+2))", vec![Piece::Arithmetic("1+2")]),
            ("a$", vec![Piece::Bare("a$")]),
            ("$'a\\x41\\n'", vec![quoted("aA\n")]),
        ];
        for (text, expected) in cases {
            assert_eq!(pieces(text, Inside::Word).as_ref(), Some(expected), "{text:?}");
        }
        assert_eq!(pieces("'a", Inside::Word), None);
    }
}
