use crate::{Asks, Digest, Namespace, Offers, Risk};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The name of what is done: dotted lower-case words such as `memory.write` or `audit.accept`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Action(Box<str>);

/// Text that is no action name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no action; it is made of dotted words of a-z, 0-9 and '_', such as `memory.write`")]
pub struct ActionError(String);

impl Action {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An action named by a literal in the program.
    ///
    /// # Panics
    /// When the literal is malformed, which the caller's first test shows.
    #[must_use]
    pub fn of(literal: &'static str) -> Self {
        literal.parse().expect("an action literal is made of dotted lower-case words")
    }
}

impl FromStr for Action {
    type Err = ActionError;

    fn from_str(text: &str) -> Result<Self, ActionError> {
        let word = |w: &str| {
            w.starts_with(|c: char| c.is_ascii_lowercase())
                && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if text.len() <= 64 && text.split('.').all(word) {
            Ok(Self(text.into()))
        } else {
            Err(ActionError(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for Action {
    type Error = ActionError;
    fn try_from(text: String) -> Result<Self, ActionError> {
        text.parse()
    }
}

impl From<Action> for String {
    fn from(action: Action) -> Self {
        action.0.into()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Something a caller wants done, worked out exactly: the gate judges it and the ledger names it.
pub trait Act: Send + 'static {
    /// What the gate, a person and the ledger need to know of it.
    fn facts(&self) -> ActFacts;

    /// What becomes of it when what it says of itself holds the value of a secret.
    fn secrets(&self) -> SecretsIn {
        SecretsIn::Refused
    }

    /// What a person may answer to it beside yes and no.
    fn offers(&self) -> Offers {
        Offers::default()
    }

    /// Why it is denied whatever the rules about acts allow, if it is.
    fn denies(&self) -> Option<Asks> {
        None
    }

    /// Why a person must be asked whatever the rules about acts allow, if one must.
    fn asks(&self) -> Option<Asks> {
        None
    }
}

/// What becomes of an act whose detail holds the value of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretsIn {
    /// It is refused: it would store the value where it does not belong.
    Refused,
    /// It happens; its records and questions show a mark instead. Only for acts that store nothing of
    /// their detail but the records, or have scrubbed it themselves.
    Scrubbed,
}

/// Whether an act changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Touch {
    /// It only looks.
    Read,
    /// It changes something, here or outside.
    Change,
}

/// Everything about an act that is judged, shown or recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActFacts {
    /// What is done.
    pub action: Action,
    /// Where it is done.
    pub namespace: Namespace,
    /// Whether it changes anything there.
    pub touch: Touch,
    /// How much it could harm.
    pub risk: Risk,
    /// One line a person reads before saying yes.
    pub summary: String,
    /// Structured detail for the ledger; the gate redacts it first.
    pub detail: serde_json::Value,
    /// Binds every parameter of the act; an approval is good for this digest alone.
    pub bound: Digest,
    /// Exact bytes that must be provable later (an argv, a file's digest); stored only as an HMAC.
    pub exact: Option<Vec<u8>>,
}
