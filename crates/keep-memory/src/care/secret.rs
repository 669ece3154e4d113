//! Secrets that are known by their form.

use super::{assigned, form, shapes, url};
use std::borrow::Cow;

/// A stretch of a text that is a secret by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The byte at which it starts.
    pub start: usize,
    /// The byte before which it ends.
    pub end: usize,
    /// What it is, as one word: `github-token`.
    pub what: &'static str,
}

/// The secrets in a text, from the first to the last; none overlaps another.
///
/// **Not found:** passwords in running text, tokens without a form of their own unless something like
/// `api_key=` stands before them, secrets split over lines, or encoded. An example that says that it is
/// one (`AKIA…EXAMPLE`, `user:password@`, `${TOKEN}`) is none.
#[must_use]
pub fn secrets(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    form::find(text, &mut found);
    shapes::find(text, &mut found);
    url::find(text, &mut found);
    assigned::find(text, &mut found);
    // Of two that overlap, the one that starts first, and of these the longest, names what is removed.
    found.sort_by_key(|secret| (secret.start, std::cmp::Reverse(secret.end)));
    let mut apart: Vec<Secret> = Vec::with_capacity(found.len());
    for secret in found {
        match apart.last_mut() {
            Some(last) if secret.start < last.end => last.end = last.end.max(secret.end),
            _ => apart.push(secret),
        }
    }
    apart
}

/// The text with `[redacted:WHAT]` in place of each secret, as [`secrets`] gave them.
#[must_use]
pub fn without<'t>(text: &'t str, secrets: &[Secret]) -> Cow<'t, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for secret in secrets {
        out.push_str(&text[done..secret.start]);
        out.push_str("[redacted:");
        out.push_str(secret.what);
        out.push(']');
        done = secret.end;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn everything_but_the_secret_stays() {
        let key = format!("ghp_{}", "a1B2c3".repeat(6));
        let text = format!("é the key {key} is for CI, and {key}.");
        let found = secrets(&text);
        assert_eq!(found.len(), 2);
        assert_eq!(&text[found[0].start..found[0].end], key);
        assert_eq!(
            without(&text, &found),
            "é the key [redacted:github-token] is for CI, and [redacted:github-token]."
        );
    }

    #[test]
    fn one_inside_another_is_removed_with_it() {
        let token = format!("ghp_{}", "a1B2c3".repeat(6));
        let text = format!("git clone https://x:{token}@github.com/a/b; token={token}");
        let clean = without(&text, &secrets(&text)).into_owned();
        assert!(!clean.contains("a1B2"), "{clean}");
        assert!(clean.contains("@github.com/a/b; token=[redacted:"), "{clean}");
    }

    #[test]
    fn what_was_cleaned_is_clean() {
        let samples = super::super::form::tests::samples();
        for (sample, _) in samples {
            let text = format!("a {sample} b {sample}");
            let clean = without(&text, &secrets(&text)).into_owned();
            assert_eq!(secrets(&clean), [], "{clean}");
        }
    }

    proptest! {
        #[test]
        fn spans_are_in_order_and_on_characters(text in "(\\PC|[a-zA-Z0-9_.:/@=\"'-]|AKIA|sk-|eyJ|://|password=|-----BEGIN ){0,60}") {
            let found = secrets(&text);
            let mut end = 0;
            for secret in &found {
                prop_assert!(secret.start >= end && secret.end > secret.start);
                prop_assert!(text.is_char_boundary(secret.start) && text.is_char_boundary(secret.end));
                end = secret.end;
            }
            let clean = without(&text, &found).into_owned();
            prop_assert_eq!(clean.matches("[redacted:").count() - text.matches("[redacted:").count(), found.len());
        }
    }
}
