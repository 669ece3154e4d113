//! One-time codes (RFC 6238: SHA-1, six digits, thirty seconds, as authenticator apps expect). Each
//! code is good once, and wrong ones are limited, across all processes.

use crate::admit::Gate;
use crate::error::{FileError, GateError};
use crate::random;
use hmac::{Hmac, KeyInit, Mac};
use keep_types::{Duration, Name, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sha1::Sha1;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use subtle::{Choice, ConstantTimeEq};

const STEP_MS: i64 = 30_000;
/// Wrong codes before a pause: with three codes good at a time, five tries guess one in 67,000.
const MAX_FAILURES: u32 = 5;
const PAUSE: Duration = Duration::from_ms(15 * 60_000);
/// RFC 4648 base 32, the form authenticator apps take secrets in.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What a person enters into their authenticator, once.
#[derive(Clone, Debug)]
pub struct TotpEnrolment {
    /// The secret in base 32.
    pub secret: String,
    /// The same as an `otpauth://` address, for a QR code.
    pub address: String,
}

impl TotpEnrolment {
    /// Makes a new secret and writes it to its file, which must not exist yet.
    ///
    /// # Errors
    /// When there is one already, or it cannot be written.
    pub fn create(path: &Path, user: &Name) -> Result<Self, GateError> {
        let secret = encode_base32(&random::bytes::<20>()?);
        let write = || -> std::io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(secret.as_bytes())?;
            file.sync_all()?;
            match path.parent() {
                Some(folder) => fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        write().map_err(|e| FileError::new("writing", path, e))?;
        let address = format!("otpauth://totp/Keep:{user}?secret={secret}&issuer=Keep");
        Ok(Self { secret, address })
    }
}

/// Checks one-time codes against the stored secret.
pub(crate) struct Codes<'a>(&'a Gate);

/// How the last codes went.
struct History {
    last_step: i64,
    failures: u32,
    since: Timestamp,
}

impl<'a> Codes<'a> {
    pub(crate) fn new(gate: &'a Gate) -> Self {
        Self(gate)
    }

    /// Fails before a person is asked for a code that could not be checked.
    pub(crate) async fn check_ready(&self) -> Result<(), GateError> {
        self.secret()?;
        let now = self.0.now();
        self.0.db().read(move |tx| locked(&history(tx.sql())?, now)).await
    }

    /// Takes a code that is right, unused and within the limit of tries; each try is counted first.
    pub(crate) async fn check(&self, code: String) -> Result<(), GateError> {
        let (secret, now) = (self.secret()?, self.0.now());
        let right = self
            .0
            .db()
            .write(move |tx| {
                let mut past = history(tx.sql())?;
                locked(&past, now)?;
                if now.ms() - past.since.ms() > PAUSE.ms() as i64 {
                    (past.failures, past.since) = (0, now);
                }
                let step = matching_step(&secret, &code, now).filter(|step| *step > past.last_step);
                match step {
                    Some(step) => (past.last_step, past.failures) = (step, 0),
                    None => past.failures += 1,
                }
                tx.sql().execute(
                    "INSERT INTO gate_code VALUES (1, ?1, ?2, ?3) ON CONFLICT DO UPDATE SET
                     last_step = excluded.last_step, failures = excluded.failures, since_ms = excluded.since_ms",
                    params![past.last_step, past.failures, past.since.ms()],
                )?;
                Ok::<_, GateError>(step.is_some())
            })
            .await?;
        if right { Ok(()) } else { Err(GateError::CodeWrong) }
    }

    fn secret(&self) -> Result<Vec<u8>, GateError> {
        let path = &self.0.config().totp_secret;
        match fs::read_to_string(path) {
            Ok(text) => decode_base32(text.trim()).ok_or(GateError::CodeNotSetUp),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(GateError::CodeNotSetUp),
            Err(e) => Err(GateError::CodeSecret(FileError::new("reading", path, e))),
        }
    }
}

fn history(sql: &Connection) -> Result<History, GateError> {
    let row = sql
        .prepare_cached("SELECT last_step, failures, since_ms FROM gate_code")?
        .query_row([], |row| {
            let since = Timestamp::from_ms(row.get(2)?);
            Ok(History { last_step: row.get(0)?, failures: row.get(1)?, since })
        })
        .optional()?;
    Ok(row.unwrap_or(History { last_step: 0, failures: 0, since: Timestamp::from_ms(0) }))
}

fn locked(past: &History, now: Timestamp) -> Result<(), GateError> {
    let until = past.since.plus(PAUSE);
    let over = past.failures >= MAX_FAILURES && now < until;
    if over { Err(GateError::CodeLocked(until)) } else { Ok(()) }
}

/// The time step whose code this is, one step of clock difference allowed either way.
fn matching_step(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let current = now.ms().div_euclid(STEP_MS);
    let given: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let mut found = None;
    for step in current - 1..=current + 1 {
        let right: Choice = code_at(secret, step).as_bytes().ct_eq(given.as_bytes());
        if bool::from(right) {
            found = Some(step);
        }
    }
    found
}

fn code_at(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

fn encode_base32(bytes: &[u8]) -> String {
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |byte| byte >> (7 - i % 8) & 1);
    let digit = |group: usize| (0..5).fold(0, |value, i| value << 1 | bit(group * 5 + i));
    (0..(bytes.len() * 8).div_ceil(5)).map(|group| char::from(BASE32[usize::from(digit(group))])).collect()
}

fn decode_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut value, mut bits) = (0u32, 0);
    for c in text.bytes() {
        let digit = BASE32.iter().position(|&b| b == c)? as u32;
        value = value << 5 | digit;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits) as u8);
            value &= (1 << bits) - 1;
        }
    }
    (bytes.len() >= 16).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        // RFC 6238, appendix B, the last six of the eight digits.
        let secret = b"12345678901234567890";
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_at(secret, seconds / 30), code);
        }
    }

    #[test]
    fn base32_round_trip() {
        let secret = *b"12345678901234567890";
        let text = encode_base32(&secret);
        assert_eq!(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(decode_base32(&text).unwrap(), secret);
        assert_eq!(decode_base32("not base 32"), None);
    }

    #[test]
    fn one_step_of_difference_is_allowed() {
        let secret = b"12345678901234567890";
        let at = |seconds: i64| matching_step(secret, "287 082", Timestamp::from_ms(seconds * 1000));
        assert_eq!((at(59), at(89), at(30)), (Some(1), Some(1), Some(1)));
        assert_eq!((at(120), at(-31)), (None, None));
    }
}
