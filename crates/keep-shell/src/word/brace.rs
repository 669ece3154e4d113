//! Brace expansion: `{a,b}` and `{1..3}`, before anything else is expanded.

use super::close;
use crate::limits::MAX_BRACES;

/// The words that a word becomes; `None` when they are too many to follow.
pub(crate) fn expand(word: &str) -> Option<Vec<String>> {
    let mut budget = MAX_BRACES;
    expand_within(word, &mut budget)
}

fn expand_within(word: &str, budget: &mut usize) -> Option<Vec<String>> {
    let bytes = word.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'{' {
            at = step(bytes, at);
            continue;
        }
        let Some((members, end)) = members(word, at) else {
            at += 1;
            continue;
        };
        let mut out = Vec::new();
        let tails = expand_within(&word[end + 1..], budget)?;
        for member in members {
            for middle in expand_within(&member, budget)? {
                for tail in &tails {
                    *budget = budget.checked_sub(1)?;
                    out.push(format!("{}{middle}{tail}", &word[..at]));
                }
            }
        }
        return Some(out);
    }
    Some(vec![word.to_owned()])
}

/// Over one letter, quote or expansion.
fn step(text: &[u8], at: usize) -> usize {
    let end = match text[at] {
        b'\\' => return at + 2,
        b'\'' => close::single_quote(text, at + 1),
        b'"' => close::double_quote(text, at + 1),
        b'`' => close::backtick(text, at + 1),
        b'$' => match text.get(at + 1) {
            Some(b'{') => close::brace(text, at + 2),
            Some(b'(') => close::parenthesis(text, at + 2),
            Some(b'\'') => close::ansi_quote(text, at + 2),
            _ => return at + 1,
        },
        _ => return at + 1,
    };
    end.map_or(text.len(), |end| end + 1)
}

/// What stands between a brace at `open` and its partner, if that is a list or a sequence.
fn members(word: &str, open: usize) -> Option<(Vec<String>, usize)> {
    let bytes = word.as_bytes();
    let (mut at, mut depth, mut from) = (open + 1, 1, open + 1);
    let mut found = Vec::new();
    while at < bytes.len() {
        match bytes[at] {
            b'{' => {
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    if found.is_empty() {
                        return sequence(&word[open + 1..at]).map(|members| (members, at));
                    }
                    found.push(word[from..at].to_owned());
                    return Some((found, at));
                }
                at += 1;
            }
            b',' if depth == 1 => {
                found.push(word[from..at].to_owned());
                from = at + 1;
                at += 1;
            }
            _ => at = step(bytes, at),
        }
    }
    None
}

/// `1..5`, `1..9..2`, `a..e`.
fn sequence(text: &str) -> Option<Vec<String>> {
    let mut parts = text.split("..");
    let (first, last, by) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let by: i64 = by.map_or(Some(1), |by| by.parse().ok())?;
    let (from, to, letters, width) = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(from), Ok(to)) => (from, to, false, padding(first).max(padding(last))),
        _ => {
            let letter = |text: &str| {
                let byte = *text.as_bytes().first()?;
                (text.len() == 1 && byte.is_ascii_alphabetic()).then_some(i64::from(byte))
            };
            (letter(first)?, letter(last)?, true, 0)
        }
    };
    let by = by.unsigned_abs().max(1);
    let count = (from.abs_diff(to) / by).saturating_add(1);
    // One over the limit is enough for the caller's budget to run out.
    let count = count.min(MAX_BRACES as u64 + 1);
    let mut out = Vec::new();
    for turn in 0..count {
        let distance = i64::try_from(turn.checked_mul(by)?).ok()?;
        let at = if from <= to { from.checked_add(distance)? } else { from.checked_sub(distance)? };
        out.push(if letters {
            char::from(u8::try_from(at).ok()?).to_string()
        } else {
            format!("{at:0width$}")
        });
    }
    Some(out)
}

/// How wide a number with leading zeros is written; 0 without any.
fn padding(text: &str) -> usize {
    let digits = text.trim_start_matches('-');
    if digits.len() > 1 && digits.starts_with('0') { text.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_make_the_words_that_bash_makes() {
        let cases: &[(&str, &[&str])] = &[
            ("{rm,-rf,/}", &["rm", "-rf", "/"]),
            ("a{b,c}d{1..2}", &["abd1", "abd2", "acd1", "acd2"]),
            ("{a,{b,c}}", &["a", "b", "c"]),
            ("{01..03}", &["01", "02", "03"]),
            ("{3..1}", &["3", "2", "1"]),
            ("{a..c}", &["a", "b", "c"]),
            ("{a}", &["{a}"]),
            ("{}", &["{}"]),
            ("'{a,b}'", &["'{a,b}'"]),
            ("${x,,}", &["${x,,}"]),
            ("\\{a,b}", &["\\{a,b}"]),
            ("{a,b", &["{a,b"]),
            ("{,x}", &["", "x"]),
        ];
        for (word, expected) in cases {
            assert_eq!(expand(word).unwrap(), *expected, "{word:?}");
        }
        assert_eq!(expand("{1..100000}"), None);
    }
}
