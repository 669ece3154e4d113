//! What is in the vault: secrets, their values and versions. Pure.

use crate::error::VaultError;
use crate::name::SecretName;
use crate::value::{MAX_VALUE_BYTES, Value};
use keep_types::{Duration, Name, Namespace, Principal, Timestamp};
use serde::{Deserialize, Serialize};

/// More secrets than anybody keeps by hand; the file is read whole.
pub const MAX_SECRETS: usize = 10_000;
/// Old values that are kept, for going back after a rotation that broke something.
pub const KEPT_VERSIONS: usize = 10;
/// A note is a line or two, not a document.
pub(crate) const MAX_NOTE_CHARS: usize = 1_000;
/// Recipients beside the vault's own: a team, not a mailing list.
pub(crate) const MAX_RECIPIENTS: usize = 100;

/// Which secret: one name may have a value per namespace and profile.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The name of its variable.
    pub name: SecretName,
    /// Where it belongs.
    pub namespace: Namespace,
    /// Which of several values of that name: `dev`, `staging`, `production`.
    pub profile: Name,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.namespace, self.profile)
    }
}

/// A secret with all that is known of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secret {
    pub(crate) key: Key,
    pub(crate) note: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) rotate_every: Option<Duration>,
    /// Oldest first; never empty.
    pub(crate) versions: Vec<Version>,
}

/// One value that a secret has or had.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) value: Value,
    pub(crate) made: Timestamp,
    pub(crate) by: Principal,
    pub(crate) source: Source,
}

/// How a value came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Typed at a prompt without echo.
    Prompt,
    /// Read from standard input.
    Stdin,
    /// Read from a file.
    File,
    /// Drawn at random.
    Generated,
    /// Taken over from a `.env` file.
    Import,
}

impl Source {
    /// The source as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Stdin => "stdin",
            Self::File => "file",
            Self::Generated => "generated",
            Self::Import => "import",
        }
    }
}

/// What is said of a secret when it is set or edited; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// A line for people.
    pub note: Option<String>,
    /// When it stops being good; `Some(None)` takes the end away.
    pub expires: Option<Option<Timestamp>>,
    /// How often its value is to change; `Some(None)` takes the period away.
    pub rotate_every: Option<Option<Duration>>,
}

/// Everything in the vault's file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    /// Tells this vault from every other one.
    pub(crate) vault: String,
    /// Counts writes.
    pub(crate) version: u64,
    /// Those who can read it beside the vault's own identity.
    pub(crate) recipients: Vec<RecipientEntry>,
    /// Sorted by key.
    pub(crate) secrets: Vec<Secret>,
}

/// Somebody else who can read the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientEntry {
    /// The public key, `age1…`.
    pub recipient: String,
    /// Whose it is.
    pub label: String,
    /// Since when.
    pub added: Timestamp,
}

impl Contents {
    /// A vault of its own with nothing in it.
    pub(crate) fn fresh() -> Result<Self, VaultError> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(VaultError::Random)?;
        Ok(Self::named(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// An empty vault of this name.
    pub(crate) fn named(vault: String) -> Self {
        Self { vault, version: 0, recipients: Vec::new(), secrets: Vec::new() }
    }

    pub(crate) fn find(&self, key: &Key) -> Option<&Secret> {
        self.secrets.binary_search_by(|secret| secret.key.cmp(key)).ok().map(|at| &self.secrets[at])
    }

    pub(crate) fn find_mut(&mut self, key: &Key) -> Result<&mut Secret, VaultError> {
        match self.secrets.binary_search_by(|secret| secret.key.cmp(key)) {
            Ok(at) => Ok(&mut self.secrets[at]),
            Err(_) => Err(VaultError::no_such(key)),
        }
    }

    /// Gives a secret its first or next value.
    pub(crate) fn set(
        &mut self,
        key: &Key,
        new: Version,
        terms: &Terms,
        period: Duration,
    ) -> Result<u32, VaultError> {
        check_value(&new.value)?;
        match self.secrets.binary_search_by(|secret| secret.key.cmp(key)) {
            Ok(at) => {
                let secret = &mut self.secrets[at];
                // An end belonged to the value that is replaced now.
                secret.expires = None;
                secret.apply(terms)?;
                Ok(secret.push(new))
            }
            Err(at) => {
                if self.secrets.len() >= MAX_SECRETS {
                    return Err(VaultError::TooMany { what: "secrets", limit: MAX_SECRETS });
                }
                let mut secret = Secret {
                    key: key.clone(),
                    note: String::new(),
                    created: new.made,
                    expires: None,
                    rotate_every: Some(period),
                    versions: Vec::new(),
                };
                secret.apply(terms)?;
                let number = secret.push(new);
                self.secrets.insert(at, secret);
                Ok(number)
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Result<(), VaultError> {
        match self.secrets.binary_search_by(|secret| secret.key.cmp(key)) {
            Ok(at) => {
                self.secrets.remove(at);
                Ok(())
            }
            Err(_) => Err(VaultError::no_such(key)),
        }
    }
}

/// Values are to change every quarter unless something else is said.
pub(crate) const QUARTER: Duration = Duration::days(91);

impl Secret {
    pub(crate) fn current(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether its time is over.
    pub(crate) fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// When its value is to change next.
    pub(crate) fn rotation_due(&self) -> Option<Timestamp> {
        let last = self.current()?.made;
        self.rotate_every.map(|period| last.plus(period))
    }

    pub(crate) fn apply(&mut self, terms: &Terms) -> Result<(), VaultError> {
        if let Some(note) = &terms.note {
            if note.chars().count() > MAX_NOTE_CHARS {
                return Err(VaultError::TooMany { what: "characters in a note", limit: MAX_NOTE_CHARS });
            }
            self.note.clone_from(note);
        }
        if let Some(expires) = terms.expires {
            self.expires = expires;
        }
        if let Some(period) = terms.rotate_every {
            self.rotate_every = period;
        }
        Ok(())
    }

    /// Adds a value; the oldest beyond the limit goes.
    fn push(&mut self, new: Version) -> u32 {
        let number = self.versions.last().map_or(0, |last| last.number).saturating_add(1);
        self.versions.push(Version { number, ..new });
        let surplus = self.versions.len().saturating_sub(KEPT_VERSIONS);
        self.versions.drain(..surplus);
        number
    }
}

fn check_value(value: &Value) -> Result<(), VaultError> {
    match value.reveal().len() {
        0 => Err(VaultError::EmptyValue),
        n if n > MAX_VALUE_BYTES => {
            Err(VaultError::TooMany { what: "bytes in a value", limit: MAX_VALUE_BYTES })
        }
        _ => Ok(()),
    }
}
