//! Patterns of names, for `${x%…}` and for telling whether a path may match one.

/// Whether a text matches a pattern of `*`, `?` and `[…]`. Extended patterns are not understood and
/// match nothing.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => class(&pattern, p, text[t]),
            Some('\\') if pattern.get(p + 1) == Some(&text[t]) => Some(p + 2),
            Some(&letter) if letter == text[t] => Some(p + 1),
            _ => None,
        };
        match (step, star) {
            (Some(next), _) => {
                p = next;
                t += 1;
            }
            (None, Some((at, from))) => {
                p = at + 1;
                t = from + 1;
                star = Some((at, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|&letter| letter == '*')
}

/// The position behind a `[…]` that holds the letter.
fn class(pattern: &[char], open: usize, letter: char) -> Option<usize> {
    let mut at = open + 1;
    let not = matches!(pattern.get(at), Some('!' | '^'));
    at += usize::from(not);
    let first = at;
    let mut found = false;
    while at < pattern.len() && (pattern[at] != ']' || at == first) {
        if pattern.get(at + 1) == Some(&'-') && pattern.get(at + 2).is_some_and(|&end| end != ']') {
            found |= (pattern[at]..=pattern[at + 2]).contains(&letter);
            at += 3;
        } else {
            found |= pattern[at] == letter;
            at += 1;
        }
    }
    (at < pattern.len() && found != not).then_some(at + 1)
}

/// Whether a pattern is only of letters that mean themselves.
pub(crate) fn is_literal(text: &str) -> bool {
    !text.contains(['*', '?', '[', '\\', '(', '$', '`', '"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text, expected) in [
            ("*.rs", "lib.rs", true),
            ("*.rs", "lib.c", false),
            ("a?c", "abc", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("*a*b", "xxaxxb", true),
            ("", "", true),
            ("*", "", true),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
