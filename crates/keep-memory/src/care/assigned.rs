//! Values that somebody named a secret and that look like one: `api_key = "…"`.

use super::Secret;
use super::random::looks_random;

/// What a name must hold for its value to be a secret.
const NAMES: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "access-key",
    "accesskey",
    "accountkey",
    "private_key",
    "private-key",
    "auth_key",
    "authkey",
    "credential",
    "authorization",
];
/// Names that hold one of the above and mean something else.
const OTHER: &[&str] = &[
    "public",
    "tokenizer",
    "token_type",
    "token-type",
    "max_token",
    "next_token",
    "page_token",
    "csrf",
    "cancel",
];

/// Shorter values are words as often as not.
const LEAST_BYTES: usize = 16;
const MOST_BYTES: usize = 512;
/// How far a name goes back from its sign.
const NAME_BYTES: usize = 64;

/// Adds values that look random behind a name that says secret. Very sure or not at all: a password that
/// is a word is not found here.
pub(super) fn find(text: &str, found: &mut Vec<Secret>) {
    let bytes = text.as_bytes();
    for sign in 0..bytes.len() {
        if !matches!(bytes[sign], b'=' | b':') || !is_named_secret(&bytes[..sign]) {
            continue;
        }
        let start = value_start(bytes, sign + 1);
        let length = bytes[start..].iter().take(MOST_BYTES + 1).take_while(|&&byte| is_value(byte)).count();
        let mut value = &bytes[start..start + length];
        while let [shorter @ .., b'.' | b',' | b';' | b':' | b'!' | b'?'] = value {
            value = shorter;
        }
        // A call or an index is code, not a value.
        let is_code = matches!(bytes.get(start + length), Some(b'(' | b'[' | b'{' | b'<'));
        if (LEAST_BYTES..=MOST_BYTES).contains(&value.len()) && !is_code && looks_random(value) {
            found.push(Secret { start, end: start + value.len(), what: "secret-value" });
        }
    }
}

/// Whether the name that ends here says that its value is secret.
fn is_named_secret(before: &[u8]) -> bool {
    let before = trimmed(before);
    let name_length = before
        .iter()
        .rev()
        .take(NAME_BYTES)
        .take_while(|&&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        .count();
    let name = before[before.len() - name_length..].to_ascii_lowercase();
    let holds = |words: &[&str]| {
        words.iter().any(|word| name.windows(word.len()).any(|piece| piece == word.as_bytes()))
    };
    !name.is_empty() && holds(NAMES) && !holds(OTHER)
}

/// Without the blanks and the quotation mark between a name and its sign.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    for _ in 0..3 {
        if let [shorter @ .., b' ' | b'\t' | b'"' | b'\'' | b'`'] = bytes {
            bytes = shorter;
        }
    }
    bytes
}

/// Where the value starts: after blanks, one quotation mark, and the word before a bearer's token.
fn value_start(bytes: &[u8], mut at: usize) -> usize {
    let skip = |at: usize, most: usize, what: &[u8]| {
        at + bytes[at..].iter().take(most).take_while(|byte| what.contains(byte)).count()
    };
    at = skip(at, 2, b"=>:");
    at = skip(at, 8, b" \t");
    at = skip(at, 1, b"\"'`");
    for word in ["Bearer ", "bearer ", "Basic ", "token "] {
        if bytes[at..].starts_with(word.as_bytes()) {
            at += word.len();
        }
    }
    at
}

fn is_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=_-.~!@#$%^&*:,;?|".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::{secrets, without};

    #[test]
    fn values_that_look_random_go() {
        let random = ["kX9vQ2mLp7", "Rt4Zw8NbYc3"].concat();
        let hex = ["9f86d081884c7d65", "9a2feaa0c55ad015"].concat();
        let aws = ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYzT5qW8eR2u"].concat();
        for (before, value, after) in [
            ("API_KEY=", &random, ""),
            ("api-key: \"", &random, "\""),
            ("{\"client_secret\": \"", &random, "\"}"),
            ("export STRIPE_SECRET='", &random, "'"),
            ("aws_secret_access_key = ", &aws, "\n"),
            ("token := ", &hex, "."),
            ("Authorization: Bearer ", &random, ""),
            ("db.password=", &random, ", and so on"),
        ] {
            let text = format!("{before}{value}{after}");
            assert_eq!(without(&text, &secrets(&text)), format!("{before}[redacted:secret-value]{after}"));
        }
    }

    #[test]
    fn names_paths_and_words_stay() {
        for text in [
            "API_KEY=",
            "token = std::env::var(\"GITHUB_TOKEN\")",
            "api_key: process.env.OPENAI_API_KEY2",
            "password: the-one-in-the-vault-2024",
            "client_secret = vault://project/stripe-key-2",
            "secret_name = production-database-password-v2",
            "token_count = 123456789012345678901234",
            "token: ${{ secrets.GITHUB_TOKEN_FOR_CI }}",
            "password = \"correct horse battery staple\"",
            "SECRET_KEY_PATH=/etc/keep/keys/signing-2024.pem",
            "accessKeyId: AwsCredentialsProvider2Factory",
            "tokenizer = bertWordPieceTokenizerV2Cased",
            "public_key = MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
            "commit: 2ff8bb5a9c64e1b5c0d0f7f9a3f8e2d1c4b5a697",
            "digest = 9f86d081884c7d659a2feaa0c55ad015",
            "secret_id: 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "the secret: xxxxxxxxxxxxxxxxxxxxxxxx1A",
            "cancellation_token: CancellationToken2WithTimeout30s",
            "next_page_token=CAUQAA9kX9vQ2mLp7Rt4Zw8N",
            "auth token: see 1Password item \"CI\"",
            "passwordHash: bcrypt2WithCost12AndPepper",
        ] {
            assert_eq!(without(text, &secrets(text)), text);
        }
    }
}
