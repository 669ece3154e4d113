//! What a file's name and bytes tell of secrets in it.

use super::placeholder::is_placeholder;
use super::{Missed, What};
use crate::dotenv::{MAX_DOTENV_BYTES, parse_what_reads};
use keep_redact::Redactor;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// Up to here a file is read whole; keys and `.env` files are smaller by far.
const MAX_WHOLE: usize = MAX_DOTENV_BYTES;
/// Up to here values are looked for in a file piece by piece: in a dump or a log, but not in a film.
const MAX_STREAMED: u64 = 64 << 20;
/// What two pieces share, so that a value on their border lies whole in one of them: the largest value
/// in the longest form that a redactor knows: escapes of escapes, with up to a dozen bytes for one.
const OVERLAP: usize = 16 * crate::value::MAX_VALUE_BYTES;
/// After so many places in one file nobody needs the next, and each costs a search of its own.
const MAX_MATCHES: usize = 256;

const AGE_HEADER: &[u8] = b"age-encryption.org/v1";
const AGE_ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// How an age identity starts, of the older kind and of the one that quantum computers do not open.
const IDENTITIES: [&[u8]; 2] = [b"AGE-SECRET-KEY-1", b"AGE-SECRET-KEY-PQ-1"];
/// How many characters follow at least: 32 bytes and a checksum.
const IDENTITY_LENGTH: usize = 58;
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// How a token of Keep's own starts, and how much follows: an id, a line, and twenty bytes as text.
const TOKEN: &[u8] = b"keep_";
const TOKEN_ID_LENGTH: usize = 26;
const TOKEN_SECRET_LENGTH: usize = 40;

/// Ends of names that say "this is to be filled in".
const TEMPLATES: [&[u8]; 5] = [b".example", b".sample", b".template", b".dist", b".defaults"];

/// What a file's name alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// Nothing.
    Plain,
    /// It is to be an age file.
    Age,
    /// It is to be a `.env` file, and not a template of one.
    Env,
}

impl NameKind {
    pub(super) fn of(path: &[u8]) -> Self {
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path).to_ascii_lowercase();
        let is_env = name == b".env" || name.starts_with(b".env.") || name.ends_with(b".env");
        if name.ends_with(b".age") {
            Self::Age
        } else if is_env && !TEMPLATES.iter().any(|end| name.ends_with(end)) {
            Self::Env
        } else {
            Self::Plain
        }
    }
}

pub(super) type Findings = Vec<(Option<usize>, What)>;

/// Looks into one file after the other.
pub(super) struct Inspection<'a> {
    known: &'a Redactor,
    /// The current file, or the current piece of it. One buffer of full size for all of them, which is
    /// wiped in the end, leaves no copies of what was read.
    bytes: Zeroizing<Vec<u8>>,
    is_whole: bool,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(known: &'a Redactor) -> Self {
        Self { known, bytes: Zeroizing::new(Vec::with_capacity(OVERLAP + MAX_WHOLE + 1)), is_whole: false }
    }

    /// All bytes of the file inspected last, unless it was too large to be read at once.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.is_whole.then_some(&self.bytes[..])
    }

    /// What is found in a file, with the lines where there are any.
    pub(super) fn of(&mut self, mut file: File, kind: NameKind) -> io::Result<Findings> {
        self.bytes.clear();
        self.is_whole = false;
        self.read(&mut file, MAX_WHOLE + 1)?;
        self.is_whole = self.bytes.len() <= MAX_WHOLE;
        let mut findings = Findings::new();
        if kind == NameKind::Age || is_age_file(&self.bytes) {
            findings.push((None, What::AgeFile));
        }
        if let Some(at) = find_identity(&self.bytes) {
            findings.push((Some(line_at(&self.bytes, at)), What::Identity));
        }
        if let Some(at) = find_token(&self.bytes) {
            findings.push((Some(line_at(&self.bytes, at)), What::Token));
        }
        match kind {
            NameKind::Env if self.is_whole => assignments(&self.bytes, &mut findings),
            NameKind::Env => findings.push((None, What::NotLooked { why: Missed::TooLarge })),
            NameKind::Plain | NameKind::Age => {}
        }
        self.known_values(&mut file, &mut findings)?;
        Ok(findings)
    }

    /// Looks for known values in the piece that is there and, in a large file, in those that follow.
    fn known_values(&mut self, file: &mut File, findings: &mut Findings) -> io::Result<()> {
        let (mut labels, mut lines_before, mut matches) = (BTreeSet::new(), 0, 0);
        let mut streamed = self.bytes.len() as u64;
        loop {
            let mut at = 0;
            while let Some(found) = self.known.find(&self.bytes[at..]) {
                matches += 1;
                if matches > MAX_MATCHES {
                    findings.push((None, What::NotLooked { why: Missed::TooManyFound }));
                    return Ok(());
                }
                let label = found.label.to_string();
                if labels.insert(label.clone()) {
                    let line = lines_before + line_at(&self.bytes, at + found.start);
                    findings.push((Some(line), What::KnownValue { label }));
                }
                at += found.end.max(1);
            }
            if self.is_whole {
                return Ok(());
            }
            let gone = self.bytes.len().saturating_sub(OVERLAP);
            lines_before += self.bytes[..gone].iter().filter(|b| **b == b'\n').count();
            self.bytes.drain(..gone);
            let read = self.read(file, MAX_WHOLE)?;
            streamed += read as u64;
            if read == 0 {
                return Ok(());
            }
            if streamed > MAX_STREAMED {
                findings.push((None, What::NotLooked { why: Missed::TooLarge }));
                return Ok(());
            }
        }
    }

    fn read(&mut self, file: &mut File, most: usize) -> io::Result<usize> {
        file.take(most as u64).read_to_end(&mut self.bytes)
    }
}

fn is_age_file(bytes: &[u8]) -> bool {
    bytes.starts_with(AGE_HEADER) || bytes.trim_ascii_start().starts_with(AGE_ARMOR)
}

/// Where an identity starts. One that is only mentioned, as in `AGE-SECRET-KEY-1...`, is none.
fn find_identity(bytes: &[u8]) -> Option<usize> {
    let is_key = |rest: &[u8]| {
        rest.len() >= IDENTITY_LENGTH
            && rest[..IDENTITY_LENGTH].iter().all(|b| BECH32.contains(&b.to_ascii_lowercase()))
    };
    let starts = |at: usize, start: &[u8]| {
        let found = bytes[at..].get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start));
        found && is_key(&bytes[at + start.len()..])
    };
    let candidates = (0..bytes.len()).filter(|at| matches!(bytes[*at], b'A' | b'a'));
    candidates.into_iter().find(|at| IDENTITIES.iter().any(|start| starts(*at, start)))
}

/// Where a token of Keep's own starts. It is known by its form alone: nothing but a digest of it is kept.
fn find_token(bytes: &[u8]) -> Option<usize> {
    let is_rest = |rest: &[u8]| {
        let Some((id, rest)) = rest.split_at_checked(TOKEN_ID_LENGTH) else { return false };
        let Some((line, secret)) = rest.split_first() else { return false };
        *line == b'_'
            && secret.len() >= TOKEN_SECRET_LENGTH
            && id.iter().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
            && secret[..TOKEN_SECRET_LENGTH].iter().all(u8::is_ascii_hexdigit)
    };
    let mut starts = bytes.windows(TOKEN.len()).enumerate().filter(|(_, found)| *found == TOKEN);
    starts.find(|(at, _)| is_rest(&bytes[at + TOKEN.len()..])).map(|(at, _)| at)
}

/// Assignments of what looks like a real value.
fn assignments(bytes: &[u8], findings: &mut Findings) {
    let read = parse_what_reads(bytes);
    for entry in read.entries.iter().filter(|entry| !is_placeholder(entry.value.reveal())) {
        findings.push((Some(entry.line()), What::EnvFile { name: entry.name.clone() }));
    }
    if let Some((line, _)) = read.wrong {
        findings.push((Some(line), What::NotLooked { why: Missed::NotDotenv }));
    }
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|b| **b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is_to_be() {
        for (path, expected) in [
            (".env", NameKind::Env),
            ("a/b/.env.production", NameKind::Env),
            ("prod.env", NameKind::Env),
            (".ENV", NameKind::Env),
            (".env.example", NameKind::Plain),
            (".env.local.Sample", NameKind::Plain),
            (".env.template", NameKind::Plain),
            (".env.dist", NameKind::Plain),
            (".env.defaults", NameKind::Plain),
            (".environment", NameKind::Plain),
            ("env", NameKind::Plain),
            (".env/file", NameKind::Plain),
            ("vault.age", NameKind::Age),
            ("x/.env.AGE", NameKind::Age),
            ("age", NameKind::Plain),
        ] {
            assert_eq!(NameKind::of(path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn a_token_is_one_only_whole() {
        let (id, secret) = ("01kar3m7v9x2q4w8z6y5t3s1r0", "0123456789abcdef0123456789abcdef01234567");
        assert_eq!((id.len(), secret.len()), (TOKEN_ID_LENGTH, TOKEN_SECRET_LENGTH));
        for (text, expected) in [
            (format!("keep_{id}_{secret}\n"), Some(0)),
            (format!("keep_x = \"keep_{id}_{secret}\""), Some(10)),
            (format!("keep_{id}_{}", &secret[1..]), None),
            (format!("keep_{id}{secret}"), None),
            ("keep_<id>_<secret>".into(), None),
            ("keep_".into(), None),
        ] {
            assert_eq!(find_token(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn an_identity_is_one_only_with_its_key() {
        let key = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE";
        assert_eq!(key.len(), IDENTITY_LENGTH);
        let places = [
            (format!("AGE-SECRET-KEY-1{key}"), Some(0)),
            (format!("# a\nkey = age-secret-key-1{}\n", key.to_lowercase()), Some(10)),
            (format!("AGE-SECRET-KEY-1... AGE-SECRET-KEY-PQ-1{key}{key}"), Some(20)),
            (format!("AGE-SECRET-KEY-1{}", &key[1..]), None),
            (format!("AGE-SECRET-KEY-1{}", key.replace('Q', "B")), None),
            ("AGE-SECRET-KEY-1".into(), None),
        ];
        for (text, expected) in places {
            assert_eq!(find_identity(text.as_bytes()), expected, "{text}");
        }
    }
}
