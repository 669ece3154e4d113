//! Secrets that are known by their build: private keys, signed tokens, and addresses that are secret.

use super::Secret;

/// Adds private keys, JSON web tokens, secret addresses and bot tokens.
pub(super) fn find(text: &str, found: &mut Vec<Secret>) {
    private_keys(text, found);
    for (at, _) in text.match_indices("eyJ") {
        if let Some(end) = web_token(text.as_bytes(), at) {
            found.push(Secret { start: at, end, what: "web-token" });
        }
    }
    for &(start_of, least, what) in ADDRESSES {
        for (at, _) in text.match_indices(start_of) {
            let path = at + start_of.len();
            let end = path + run(&text.as_bytes()[path..], |b| is_url(b) || b == b'/');
            if end - path >= least {
                found.push(Secret { start: path, end, what });
            }
        }
    }
    bot_tokens(text.as_bytes(), found);
}

/// Addresses whose path is all it takes to write somewhere.
const ADDRESSES: &[(&str, usize, &str)] = &[
    ("https://hooks.slack.com/services/T", 40, "slack-webhook"),
    ("https://discord.com/api/webhooks/", 70, "discord-webhook"),
    ("https://discordapp.com/api/webhooks/", 70, "discord-webhook"),
];

fn is_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How many bytes from the start on are such.
fn run(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| is(byte)).count()
}

/// A header of this kind, of whatever algorithm, and at least this much key after it.
const BEGIN: &str = "-----BEGIN ";
const LEAST_KEY_BYTES: usize = 40;

/// Blocks from their header to their end, or as far as the key goes where the end is missing.
fn private_keys(text: &str, found: &mut Vec<Secret>) {
    let mut from = 0;
    while let Some(at) = text[from..].find(BEGIN) {
        let start = from + at;
        from = start + BEGIN.len();
        let Some(dashes) = text[from..].find("-----").filter(|&length| length <= 40) else { continue };
        let name = &text[from..from + dashes];
        if !name.contains("PRIVATE KEY") {
            continue;
        }
        let body = from + dashes + "-----".len();
        let key = run(&text.as_bytes()[body..], is_key);
        let after = body + key;
        // Headers inside the block (`Proc-Type: 4,ENCRYPTED`) hold characters that no key has; they only
        // stand before an empty line.
        let end = match text[body..].find("-----END ") {
            Some(far) if far <= MOST_KEY_BYTES => {
                let tail = body + far + "-----END ".len();
                tail + text[tail..].find("-----").filter(|&n| n <= 40).map_or(0, |n| n + "-----".len())
            }
            _ => after,
        };
        if end - body >= LEAST_KEY_BYTES
            && (key >= LEAST_KEY_BYTES || name.contains("RSA") || name.contains("EC"))
        {
            found.push(Secret { start, end, what: "private-key" });
            from = end;
        }
    }
}

/// The longest block that anybody has: an RSA key of 16,384 bits with room for its lines.
const MOST_KEY_BYTES: usize = 16 << 10;

/// A character of a key's block, written out or as source code spells it (`\n`).
fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r' | b' ' | b'\\' | b'"')
}

/// Three pieces with dots between them, of which the first two are JSON: `eyJ` is how `{"` begins.
fn web_token(bytes: &[u8], start: usize) -> Option<usize> {
    if start > 0 && (is_url(bytes[start - 1]) || bytes[start - 1] == b'.') {
        return None;
    }
    let mut at = start;
    for (least, last) in [(17, false), (10, false), (20, true)] {
        let length = run(&bytes[at..], is_url);
        if length < least {
            return None;
        }
        at += length;
        if !last {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
    }
    let second = start + run(&bytes[start..], is_url) + 1;
    bytes[second..].starts_with(b"eyJ").then_some(at)
}

/// A Telegram bot's: its number, a colon, and 35 characters that begin with `AA`.
fn bot_tokens(bytes: &[u8], found: &mut Vec<Secret>) {
    for colon in (0..bytes.len()).filter(|&at| bytes[at] == b':') {
        let digits = bytes[..colon].iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
        let body = run(&bytes[colon + 1..], is_url);
        let begins = (8..=10).contains(&digits) && (colon == digits || !is_url(bytes[colon - digits - 1]));
        if begins && body == 35 && bytes[colon + 1..].starts_with(b"AA") {
            found.push(Secret { start: colon - digits, end: colon + 1 + body, what: "telegram-token" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{secrets, without};

    fn check(text: &str, want: &str) {
        assert_eq!(without(text, &secrets(text)), want);
    }

    /// Put together so that no tool takes this file for a leak.
    fn key(name: &str, line_end: &str) -> String {
        let dashes = "-".repeat(5);
        let lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj", "AgEAAoIBAQC7VJTUt9Us8cKj"].join(line_end);
        format!("{dashes}BEGIN {name}{dashes}{line_end}{lines}{line_end}{dashes}END {name}{dashes}")
    }

    #[test]
    fn private_keys_go_whole() {
        for name in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "EC PRIVATE KEY",
        ] {
            for line_end in ["\n", "\r\n", "\\n"] {
                let key = key(name, line_end);
                check(&format!("the key:\n{key}\nis for CI"), "the key:\n[redacted:private-key]\nis for CI");
            }
        }
        let block = key("PGP PRIVATE KEY BLOCK", "\n");
        check(&block, "[redacted:private-key]");
        let whole = key("PRIVATE KEY", "\n");
        let cut = &whole[..whole.len() - 40];
        assert_eq!(secrets(cut).len(), 1, "one that is cut off is a key, too");
    }

    #[test]
    fn public_keys_and_talk_of_keys_stay() {
        for text in [
            key("PUBLIC KEY", "\n"),
            key("CERTIFICATE", "\n"),
            "a PEM file starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----"
                .to_owned(),
            "grep -r 'BEGIN RSA PRIVATE KEY' .".to_owned(),
        ] {
            check(&text, &text);
        }
    }

    #[test]
    fn web_tokens() {
        let header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
        let body = "eyJzdWIiOiIxMjM0NTY3ODkwIn0";
        let token = format!("{header}.{body}.{}", "dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        check(&format!("Authorization: Bearer {token}"), "Authorization: Bearer [redacted:web-token]");
        check(&format!("({token})"), "([redacted:web-token])");
        for text in [
            "a JWT is eyJ… three times with dots".to_owned(),
            format!("{header}.{body}"),
            format!("{header}.{body}."),
            format!("{header} alone"),
            "eyJhbGciOi.foo.bar".to_owned(),
        ] {
            check(&text, &text);
        }
    }

    #[test]
    fn addresses_that_are_secret() {
        let path = "0123ABCDE/B0456FGHIJ/a1B2c3D4e5F6g7H8i9J0k1L2";
        check(
            &format!("post to https://hooks.slack.com/services/T{path} when done"),
            "post to https://hooks.slack.com/services/T[redacted:slack-webhook] when done",
        );
        check(
            "see https://hooks.slack.com/services/T… in the vault",
            "see https://hooks.slack.com/services/T… in the vault",
        );
    }

    #[test]
    fn bots() {
        let token = format!("123456789:AA{}", "a1B2c3D4e5F6-7H8_9J0k1L2m3N4o5P6Q"[..33].to_owned());
        check(&format!("bot {token}."), "bot [redacted:telegram-token].");
        for text in ["12345678:AAbb", "at 123456789:AA", "10:35:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            check(text, text);
        }
    }
}
