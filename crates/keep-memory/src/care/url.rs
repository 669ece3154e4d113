//! Passwords inside addresses: `postgres://user:password@host`.

use super::Secret;

/// Words that stand where a password would, and everybody's first password on their own machine. That a
/// test database has the password `postgres` is worth remembering and no secret.
const KNOWN: &[&str] = &[
    "admin",
    "changeme",
    "dev",
    "example",
    "guest",
    "mysecretpassword",
    "pass",
    "passwd",
    "password",
    "postgres",
    "pw",
    "pwd",
    "root",
    "secret",
    "test",
    "token",
    "user",
    "x-oauth-basic",
];

/// Nobody's password is longer; what is, is not one.
const MOST_BYTES: usize = 256;

/// Adds the passwords of addresses that have one. The rest of the address stays.
pub(super) fn find(text: &str, found: &mut Vec<Secret>) {
    for (at, _) in text.match_indices("://") {
        let scheme =
            text[..at].bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || b"+.-".contains(b)).count();
        if scheme == 0 {
            continue;
        }
        let start = at + "://".len();
        // A password may hold an `@` that somebody forgot to escape, so the last one counts.
        let rest = &text[start..];
        let ends = |c: char| {
            c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>' | ')' | ',')
        };
        let authority = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let Some((user_info, host)) = authority.rsplit_once('@') else { continue };
        let Some((user, password)) = user_info.split_once(':') else { continue };
        if !host.is_empty() && is_secret(user, password) {
            let start = start + user.len() + 1;
            found.push(Secret { start, end: start + password.len(), what: "password" });
        }
    }
}

fn is_secret(user: &str, password: &str) -> bool {
    let small = password.to_ascii_lowercase();
    let placeholder = password.contains(['$', '{', '}', '%', '*', '[', '…']) && !has_escape(password)
        || password.contains("...")
        || small.bytes().all(|b| b == b'x')
        || ["your", "my_", "my-"].iter().any(|word| small.starts_with(word));
    (3..=MOST_BYTES).contains(&password.len())
        && !placeholder
        && !password.eq_ignore_ascii_case(user)
        && !KNOWN.contains(&small.as_str())
}

/// Whether it holds a percent sign with two hex digits after it, as a real password may, and `%s` not.
fn has_escape(password: &str) -> bool {
    password
        .as_bytes()
        .windows(3)
        .any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit())
        && !password.contains(['$', '{', '}', '*', '['])
}

#[cfg(test)]
mod tests {
    use super::super::{secrets, without};

    #[test]
    fn passwords_go_and_the_rest_stays() {
        for (text, want) in [
            ("postgres://app:hunter2@db:5432/app", "postgres://app:[redacted:password]@db:5432/app"),
            (
                "DATABASE_URL=mysql://root:s3cr%40t@10.0.0.1/x",
                "DATABASE_URL=mysql://root:[redacted:password]@10.0.0.1/x",
            ),
            ("mongodb+srv://u:p@ss@cluster0.x.net", "mongodb+srv://u:[redacted:password]@cluster0.x.net"),
            ("redis://:abc123@cache", "redis://:[redacted:password]@cache"),
            (
                "see (https://me:swordfish@git.example.com/r.git)",
                "see (https://me:[redacted:password]@git.example.com/r.git)",
            ),
        ] {
            assert_eq!(without(text, &secrets(text)), want);
        }
    }

    #[test]
    fn addresses_without_a_password_stay() {
        for text in [
            "https://example.com:8080/a@b",
            "ssh://git@github.com:22/a/b",
            "postgres://localhost:5432/app?user=me@x",
            "postgres://postgres:postgres@localhost/test",
            "postgres://user:password@host/db is the form",
            "postgres://app:${DB_PASSWORD}@db/app",
            "postgres://app:$PGPASSWORD@db/app",
            "postgres://{user}:{password}@{host}",
            "postgres://app:%s@db",
            "https://user:***@host/",
            "https://<user>:<password>@host/",
            "https://x:xxxxxxxx@host",
            "://a:bcdef@c",
            "the ratio a://",
            "http://[::1]:8080/",
        ] {
            assert_eq!(without(text, &secrets(text)), text);
        }
    }
}
