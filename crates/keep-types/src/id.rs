use crate::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

/// Crockford's base 32 in lower case: no i, l, o or u, so that ids survive being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;

/// What an id names; gives the id its prefix.
pub trait IdKind {
    /// The word before the underscore.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}
        impl IdKind for $kind {
            const PREFIX: &'static str = $prefix;
        }
    )+};
}

kinds! {
    /// Names a request for approval.
    Approval = "apr";
    /// Names a token (never the token's secret).
    TokenKind = "tok";
    /// Names a project.
    ProjectKind = "prj";
    /// Names one admitted act.
    PermitKind = "act";
    /// Names a memory.
    MemoryKind = "mem";
    /// Names a run of a command.
    RunKind = "run";
}

/// A typed id that sorts by the time it was made: 48 bits of milliseconds, 80 random bits.
pub struct Id<K> {
    raw: u128,
    kind: PhantomData<fn() -> K>,
}

/// Text that is no id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Another prefix, or none.
    #[error("the id must start with `{0}_`")]
    Prefix(&'static str),
    /// Not 26 characters after the prefix.
    #[error("the id has {0} characters after its prefix; it must have 26")]
    Length(usize),
    /// A character outside the alphabet.
    #[error("the id holds {0:?}, which is not in its alphabet (0-9, a-z without i, l, o, u)")]
    Character(char),
    /// More than 128 bits.
    #[error("the id is larger than 128 bits")]
    Overflow,
}

impl<K: IdKind> Id<K> {
    /// An id made at this moment from these random bytes.
    #[must_use]
    pub fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
        let ms = (at.ms().max(0) as u128) & 0xffff_ffff_ffff;
        let mut low = [0; 16];
        low[6..].copy_from_slice(&random);
        Self { raw: ms << 80 | u128::from_be_bytes(low), kind: PhantomData }
    }

    /// When it was made.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        Timestamp::from_ms((self.raw >> 80) as i64)
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; DIGITS];
        for (place, digit) in digits.iter_mut().rev().enumerate() {
            *digit = ALPHABET[(self.raw >> (5 * place)) as usize & 31];
        }
        let digits = std::str::from_utf8(&digits).expect("the alphabet is ASCII");
        f.pad(&format!("{}_{digits}", K::PREFIX))
    }
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(IdError::Prefix(K::PREFIX))?;
        let mut raw: u128 = 0;
        for c in digits.chars() {
            let value = ALPHABET.iter().position(|&a| char::from(a) == c).ok_or(IdError::Character(c))?;
            if raw >> 123 != 0 {
                return Err(if digits.chars().count() == DIGITS {
                    IdError::Overflow
                } else {
                    IdError::Length(digits.chars().count())
                });
            }
            raw = raw << 5 | value as u128;
        }
        match digits.len() {
            DIGITS => Ok(Self { raw, kind: PhantomData }),
            other => Err(IdError::Length(other)),
        }
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.raw.cmp(&other.raw)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}
impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
