//! Which values of a `.env` file protect nothing: they are there to be replaced, or are mere settings.
//! What is not plainly one of these is taken for a secret.

use zeroize::Zeroizing;

/// Values that are settings or stand for "nothing", whole and in any case.
const PLAIN: &str = "true false yes no on off null none nil undefined enabled disabled auto utf-8 utc \
    development dev production prod staging testing test local trace debug info warn warning error";

/// Words that make a value a placeholder when only such words and [`FILLING`] stand in it.
const MARKING: &str = "changeme change replaceme replace fixme todo tbd placeholder dummy example sample \
    redacted insert enter fill your yours fake paste put";

/// Words that go with them, and mean nothing without.
const FILLING: &str = "a access an api auth client database db email gh goes here host id in it key live me my \
    name of only password pk please secret sk some test the this to token url user username value webhook with";

/// Units that a number may have: times, sizes, shares.
const UNITS: &str = "ms s m h d b k kb mb gb kib mib %";

/// More digits may be a card's or a key's; as many are a time in milliseconds.
const MAX_DIGITS: usize = 13;

/// Hosts that are the machine itself.
const LOCAL_HOSTS: &str = "localhost 127.0.0.1 0.0.0.0 [::1] ::1 host.docker.internal";

fn is_among(word: &str, words: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

/// Whether this value is plainly not a secret.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    // A copy of what may be a secret, so it is wiped.
    let lower = Zeroizing::new(text.trim().to_ascii_lowercase());
    let rules = [is_plain, is_number, is_framed, is_blot, is_words, is_yours, is_local];
    is_reference(text.trim()) || rules.iter().any(|rule| rule(&lower))
}

fn is_plain(text: &str) -> bool {
    text.is_empty() || is_among(text, PLAIN)
}

/// A number, or several as in a version or an address, with a unit at most.
fn is_number(text: &str) -> bool {
    let end = text
        .trim_start_matches(['+', '-'])
        .trim_start_matches(|c: char| c.is_ascii_digit() || ".,_:".contains(c));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=MAX_DIGITS).contains(&digits) && (end.is_empty() || is_among(end, UNITS))
}

/// `<like this>`, `[like this]`, `{{like this}}`, `%LIKE_THIS%`, `__LIKE_THIS__`, and nothing more.
fn is_framed(text: &str) -> bool {
    [("<", ">"), ("[", "]"), ("{{", "}}"), ("%", "%"), ("__", "__")].iter().any(|(open, close)| {
        let inside = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        // Brackets around JSON or around characters of a password frame nothing.
        inside.is_some_and(|inside| inside.bytes().all(|b| b.is_ascii_alphabetic() || b" _-.".contains(&b)))
    })
}

/// `$NAME` or `${name}` and nothing more: the value comes from elsewhere. A default after it is a value,
/// and `$ecret` is a password.
fn is_reference(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$') else { return false };
    let braced = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let is_bare = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let is_word = |b: u8| is_bare(b) || (braced.is_some() && b.is_ascii_lowercase());
    let name = braced.unwrap_or(rest);
    let starts = name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    starts && name.bytes().all(is_word) && name.len() <= 64
}

/// One sign over and over: `xxxx`, `****`, `....`, `----`.
fn is_blot(text: &str) -> bool {
    ['x', '*', '.', '-', '_', '?', '#', '…', '•'].iter().any(|sign| text.chars().all(|c| c == *sign))
}

/// Words for "replace me", with words that go with them: `example-api-key`, `sk_test_xxxxxxxx`.
fn is_words(text: &str) -> bool {
    let mut words =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    let is_marking = |word: &str| is_among(word, MARKING) || (word.len() > 2 && is_blot(word));
    let mut marked = false;
    let all = text.is_ascii()
        && words.all(|word| {
            marked |= is_marking(word);
            is_marking(word) || is_among(word, FILLING)
        });
    all && marked
}

/// `your-…` of letters alone: whose, and not what.
fn is_yours(text: &str) -> bool {
    let rest = ["your-", "your_", "your "].iter().find_map(|start| text.strip_prefix(start));
    rest.is_some_and(|rest| {
        rest.len() <= 48 && rest.bytes().all(|b| b.is_ascii_alphabetic() || b"-_ .".contains(&b))
    })
}

/// The machine itself, as an address or a URL; with credentials or a query it is more than an address.
fn is_local(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let is_short = path.len() <= 32 && !path.contains(['?', '#', '@', ';', ':']);
    (is_among(host, LOCAL_HOSTS) || is_among(authority, LOCAL_HOSTS)) && is_short
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    /// A line for each rule, values between bars.
    const PLACEHOLDERS: &str = r#"
        true | FALSE | off | null | production | info | UTF-8
        0 | 8080 | -1 | 3.14 | 1_000_000 | 1700000000000 | 30s | 10MB | 75% | 127.0.0.1 | 1.2.3 | 10:30
        <password> | <your token here> | [REPLACE] | {{ api_key }} | %TOKEN% | __SECRET__ | <>
        $TOKEN | ${TOKEN} | ${database_url}
        x | xxx | XXXXXXXX | **** | ... | --- | …
        changeme | CHANGE_ME | change-me-please | replace-with-your-key | todo | TBD | example | dummy
        placeholder | example-api-key | sk_test_xxxxxxxx | insert token here | my-secret-example | Fill in
        your-api-key | your_stripe_key | Your Own Password | your-
        localhost | localhost:5432 | http://localhost:3000 | http://localhost:3000/api/v1 | redis://127.0.0.1:6379/0
        http://[::1]:80/ | 0.0.0.0:80
    "#;

    const REAL: &str = r##"
        hunter2 | password | secret | admin | letmein | correct horse battery staple
        12345678901234 | 4111111111111111 | 1234abcd | 30seconds | 0x1234
        <a1b2c3d4> | ["a"] | {"key": 1} | <pa$$word> | %a1%
        $2b$10$abcdefghijklmnopqrstuv | ${TOKEN:-hunter2} | pre${TOKEN} | $ | $ecret | $ECRET! | ${a b}
        xX9 | x0x0 | **a** | example-8f3a2c91 | changeme123 | my-secret-key | api-key | todo-b
        your-8f3a2c91d | yourself | yourpassword1
        postgres://user:pw@localhost/db | http://localhost/?token=abc | http://token@localhost | https://example.com
        http://localhost.evil.test/ | localhost/averyveryveryverylongpathofsomekindthatisakey
        sk_live_51H8abcdef | AKIAIOSFODNN7EXAMPLE | geheim-ß
    "##;

    fn values(table: &str) -> impl Iterator<Item = &str> {
        table.trim().lines().flat_map(|line| line.split(" | ")).map(str::trim)
    }

    #[test]
    fn placeholders_and_settings_are_no_secrets() {
        for value in values(PLACEHOLDERS).chain(["", "  "]) {
            assert!(is_placeholder(value.as_bytes()), "{value:?} is a placeholder");
        }
    }

    #[test]
    fn whatever_may_be_real_is_real() {
        for value in values(REAL) {
            assert!(!is_placeholder(value.as_bytes()), "{value:?} may be real");
        }
        assert!(!is_placeholder(b"\xff\xfe"));
    }
}
