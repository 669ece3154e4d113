//! The engine: what every operation on runs works with.

use crate::confine::Limits;
use crate::effects::Cell;
use crate::error::ExecError;
use keep_db::Db;
use keep_gate::Gate;
use keep_ledger::Ledger;
use keep_policy::Profile;
use keep_shell::Analysis;
use keep_types::{Caller, Clock, Duration, RuleOffer, Timestamp};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A secret that a run gets, by name, and in which variable. Its value is nobody's business here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// The secret's name.
    pub name: String,
    /// The variable.
    pub variable: String,
}

/// Text that names no secret and no variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
// It is not repeated: whoever puts a value here should not find it in a log.
#[error("a secret is given by its name, or as NAME=VARIABLE")]
pub struct NotASecretUse;

impl FromStr for SecretUse {
    type Err = NotASecretUse;

    fn from_str(text: &str) -> Result<Self, NotASecretUse> {
        let (name, variable) = text.split_once('=').unwrap_or((text, text));
        let starts = variable.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        if !starts || !variable.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(NotASecretUse);
        }
        Ok(Self { name: name.to_owned(), variable: variable.to_owned() })
    }
}

/// The rule that would let a line run unasked, where there can be one: the house keeps the book of rules.
pub type Advice = Arc<dyn Fn(&str, &Path, &Analysis) -> RuleOffer + Send + Sync>;

/// Values of secrets on their way.
pub type Taking<'a> = Pin<Box<dyn Future<Output = Result<Vec<Zeroizing<Vec<u8>>>, ExecError>> + Send + 'a>>;

/// What hands out values of secrets; each time is an act of its own, with a record of its own.
pub trait Values: Send + Sync + 'static {
    /// The values of these secrets, in this order, for a program.
    fn take<'a>(&'a self, caller: &'a Caller, wanted: &'a [SecretUse], program: &'a str) -> Taking<'a>;
}

/// What the engine is set up with; the composition root reads it from the configuration.
#[derive(Clone)]
pub struct ExecConfig {
    /// The widest profile that is used where nobody says otherwise.
    pub profile: Profile,
    /// The one tier that runs everything, where it is not the fastest that will do.
    pub tier: Option<&'static str>,
    /// The hosts of the profile `network`; none stands for every host.
    pub hosts: Option<Vec<String>>,
    /// How much a run may use.
    pub limits: Limits,
    /// Runs at a time, over all processes of the installation.
    pub concurrent: usize,
    /// How long a run waits for its turn.
    pub patience: Duration,
    /// Bytes that are kept of what a run says, of each stream.
    pub kept_bytes: usize,
    /// How long it is kept.
    pub kept_for: Duration,
    /// How much package managers and build tools may keep for the runs of one project, in bytes; none for nothing.
    pub cache_bytes: u64,
    /// Folders that no run may see: the installation's own.
    pub own: Vec<PathBuf>,
    /// Where the engine keeps what it must remember of runs.
    pub state: PathBuf,
    /// The user's home folder.
    pub home: PathBuf,
    /// What is added to a run's environment, whatever the caller has.
    pub marker: (String, String),
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Exec(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) config: ExecConfig,
    pub(crate) values: Arc<dyn Values>,
    pub(crate) advice: Advice,
    pub(crate) cell: Cell,
    clock: Arc<dyn Clock>,
}

impl Exec {
    /// An engine whose acts pass this gate.
    #[must_use]
    pub fn new(
        db: Db,
        gate: Gate,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        config: ExecConfig,
        values: Arc<dyn Values>,
        advice: Advice,
    ) -> Self {
        Self(Arc::new(Inner { db, gate, ledger, config, values, advice, cell: Cell::default(), clock }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}
