//! Where a quote, a brace or a substitution ends. Written anew because the parser hands out words as
//! text, and its own reading of that text can take time that doubles with each level.
//!
//! All functions take the position after what opened and return the position of what closes.

/// The closing quote of `"…"`.
pub(crate) fn double_quote(text: &[u8], mut at: usize) -> Option<usize> {
    while at < text.len() {
        match text[at] {
            b'"' => return Some(at),
            b'\\' => at += 2,
            b'`' => at = backtick(text, at + 1)? + 1,
            b'$' => at = dollar(text, at)?,
            _ => at += 1,
        }
    }
    None
}

/// The next backtick that is not escaped.
pub(crate) fn backtick(text: &[u8], mut at: usize) -> Option<usize> {
    while at < text.len() {
        match text[at] {
            b'`' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// The closing quote of `'…'`.
pub(crate) fn single_quote(text: &[u8], at: usize) -> Option<usize> {
    text.get(at..)?.iter().position(|&byte| byte == b'\'').map(|found| at + found)
}

/// The closing quote of `$'…'`.
pub(crate) fn ansi_quote(text: &[u8], mut at: usize) -> Option<usize> {
    while at < text.len() {
        match text[at] {
            b'\'' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// Steps over what follows a `$`; the position behind it.
fn dollar(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at + 1) {
        Some(b'{') => Some(brace(text, at + 2)? + 1),
        Some(b'(') => Some(parenthesis(text, at + 2)? + 1),
        Some(b'[') => Some(bracket(text, at + 2)? + 1),
        _ => Some(at + 1),
    }
}

/// The `}` of `${…}`.
pub(crate) fn brace(text: &[u8], mut at: usize) -> Option<usize> {
    while at < text.len() {
        match text[at] {
            b'}' => return Some(at),
            b'\\' => at += 2,
            b'\'' => at = single_quote(text, at + 1)? + 1,
            b'"' => at = double_quote(text, at + 1)? + 1,
            b'`' => at = backtick(text, at + 1)? + 1,
            b'$' if text.get(at + 1) == Some(&b'\'') => at = ansi_quote(text, at + 2)? + 1,
            b'$' => at = dollar(text, at)?,
            _ => at += 1,
        }
    }
    None
}

/// The `]` of `$[…]`.
pub(crate) fn bracket(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 1;
    while at < text.len() {
        match text[at] {
            b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
                at += 1;
            }
            b'[' => {
                open += 1;
                at += 1;
            }
            b'\\' => at += 2,
            b'`' => at = backtick(text, at + 1)? + 1,
            b'$' => at = dollar(text, at)?,
            _ => at += 1,
        }
    }
    None
}

/// The `)` of `$(…)`, `<(…)` or `$((…)`: commands, with comments and here-documents.
pub(crate) fn parenthesis(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 1;
    let mut documents: Vec<Document> = Vec::new();
    while at < text.len() {
        match text[at] {
            b')' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
                at += 1;
            }
            b'(' => {
                open += 1;
                at += 1;
            }
            b'\\' => at += 2,
            b'\'' => at = single_quote(text, at + 1)? + 1,
            b'"' => at = double_quote(text, at + 1)? + 1,
            b'`' => at = backtick(text, at + 1)? + 1,
            b'$' if text.get(at + 1) == Some(&b'\'') => at = ansi_quote(text, at + 2)? + 1,
            b'$' => at = dollar(text, at)?,
            b'#' if at == 0 || matches!(text[at - 1], b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b'(') => {
                at = text[at..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |end| at + end);
            }
            b'<' if text[at..].starts_with(b"<<<") => at += 3,
            b'<' if text[at..].starts_with(b"<<") => {
                let (document, after) = Document::read(text, at + 2);
                documents.extend(document);
                at = after;
            }
            b'\n' => {
                at += 1;
                for document in documents.drain(..) {
                    at = document.skip(text, at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// A here-document that was announced and whose lines are still to come.
struct Document {
    end: Vec<u8>,
    tabs: bool,
}

impl Document {
    /// Reads the delimiter; none in `1 << 2`, where what follows is no word.
    fn read(text: &[u8], mut at: usize) -> (Option<Self>, usize) {
        let tabs = text.get(at) == Some(&b'-');
        at += usize::from(tabs);
        while matches!(text.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let mut end = Vec::new();
        while let Some(&byte) = text.get(at) {
            match byte {
                b'\'' | b'"' => {
                    let close = text[at + 1..].iter().position(|&other| other == byte);
                    let Some(close) = close else { return (None, at + 1) };
                    end.extend_from_slice(&text[at + 1..at + 1 + close]);
                    at += close + 2;
                }
                b'\\' => {
                    end.extend(text.get(at + 1));
                    at += 2;
                }
                b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b'(' | b')' | b'<' | b'>' => break,
                _ => {
                    end.push(byte);
                    at += 1;
                }
            }
        }
        ((!end.is_empty()).then_some(Self { end, tabs }), at)
    }

    /// The position behind the line that ends the document; of the last line when none does.
    fn skip(&self, text: &[u8], mut at: usize) -> usize {
        while at < text.len() {
            let line_end =
                text[at..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |end| at + end);
            let mut line = &text[at..line_end];
            while self.tabs && line.first() == Some(&b'\t') {
                line = &line[1..];
            }
            at = (line_end + 1).min(text.len());
            if line == self.end {
                return at;
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_substitution_ends_where_bash_ends_it() {
        let cases = [
            ("echo a) b", "echo a"),
            ("echo $(echo b) c) d", "echo $(echo b) c"),
            ("echo ')' \")\" \\) `)`) x", "echo ')' \")\" \\) `)`"),
            ("echo a # )\n) x", "echo a # )\n"),
            ("cat <<E\nit's )\nE\n) x", "cat <<E\nit's )\nE\n"),
            ("cat <<-'E F'\n)\n\tE F\necho) x", "cat <<-'E F'\n)\n\tE F\necho"),
            ("echo ${x:-)}) y", "echo ${x:-)}"),
            ("echo $#) y", "echo $#"),
            ("cat <<<')') y", "cat <<<')'"),
        ];
        for (text, inside) in cases {
            let end = parenthesis(text.as_bytes(), 0);
            assert_eq!(end.map(|end| &text[..end]), Some(inside), "{text:?}");
        }
        assert_eq!(parenthesis(b"echo 'a)", 0), None);
    }
}
