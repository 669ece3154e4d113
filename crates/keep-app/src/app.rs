//! The composition root: settings in, wired house out, orderly shutdown.

use crate::config::Values;
use crate::error::AppError;
use crate::paths::{self, Freshness};
use crate::schema::SCHEMA;
use keep_db::{Db, DbConfig};
use keep_gate::{Asker, CodeWanted, Gate, GateConfig, Identity, Surroundings, identify};
use keep_ledger::{Ledger, LedgerConfig, SystemClock};
use keep_policy::{Layer, Policy, PolicyError, Source, read_folder};
use keep_types::{Caller, Clock, Installation, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Everything that a surface knows and the house needs.
#[derive(Clone)]
pub struct Settings {
    /// Where the installation lies.
    pub at: Installation,
    /// The folder of the machine's own rules and configuration.
    pub system: PathBuf,
    /// The configuration in force.
    pub values: Values,
    /// Where the caller works.
    pub folder: Option<PathBuf>,
    /// The rules of the project there, which may only narrow.
    pub project_rules: Vec<Source>,
    /// Who puts questions to the person at the terminal.
    pub asker: Arc<dyn Asker>,
}

/// An open installation.
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) db: Db,
    pub(crate) policy_error: Option<PolicyError>,
    freshness: Freshness,
}

impl App {
    /// Opens the installation, making it at first use.
    ///
    /// # Errors
    /// When its folders, database or keys cannot be used. A policy that does not load is no error
    /// here: the gate then denies everything, and says why.
    pub fn open(settings: Settings) -> Result<Self, AppError> {
        let at = &settings.at;
        let freshness = paths::prepare(at)?;
        let config = DbConfig {
            path: at.data.join("keep.db"),
            backups: at.data.join("backups"),
            keep_backups: settings.values.backup_keep,
            lock_wait: Duration::from_millis(settings.values.lock_wait.ms()),
            readers: 4,
        };
        let schemas = [&keep_ledger::SCHEMA, &keep_gate::SCHEMA, &SCHEMA];
        let db = Db::open(&config, &schemas)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ledger = Ledger::open(
            db.clone(),
            LedgerConfig {
                key_file: at.config.join("ledger.key"),
                hmac_file: at.config.join("ledger.hmac"),
                checkpoint: at.state.join("checkpoint"),
                clock: Arc::clone(&clock),
            },
        )?;
        let (policy, policy_error) = match load_policy(&settings) {
            Ok(policy) => (policy, None),
            Err(error) => (Policy::closed(&error), Some(error)),
        };
        let gate = Gate::new(db.clone(), ledger.clone(), policy, gate_config(&settings, clock));
        Ok(Self { settings, gate, ledger, db, policy_error, freshness })
    }

    /// Ends everything in order: the last checkpoint is written, the database closed.
    ///
    /// # Errors
    /// When the checkpoint cannot be written; the next opening then writes it.
    pub fn close(self) -> Result<(), AppError> {
        let Self { gate, ledger, db, .. } = self;
        drop(gate);
        let flushed = ledger.flush_checkpoint();
        drop(ledger);
        drop(db);
        Ok(flushed?)
    }

    /// The gate, whose operations surfaces call directly.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Where the installation lies.
    #[must_use]
    pub fn at(&self) -> &Installation {
        &self.settings.at
    }

    /// Whether this opening made the installation.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    pub(crate) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// Who is calling: from the process table, the terminal and a token.
    ///
    /// # Errors
    /// When the process table cannot be read or the token is not good.
    pub async fn caller(&self, token: Option<&str>) -> Result<(Caller, Identity), AppError> {
        let identity = identify(&Surroundings::look().map_err(keep_gate::GateError::Processes)?);
        let home = self.home_of(self.settings.folder.as_deref()).await?;
        let caller = self.gate.caller(&identity, token, home).await?;
        Ok((caller, identity))
    }
}

fn gate_config(settings: &Settings, clock: Arc<dyn Clock>) -> GateConfig {
    let values = &settings.values;
    GateConfig {
        approval_expiry: values.approval_expiry,
        user_per_minute: values.user_per_minute,
        agent_per_minute: values.agent_per_minute,
        token_expiry: values.token_expiry,
        totp_secret: settings.at.config.join("totp"),
        codes: if values.totp { CodeWanted::Yes } else { CodeWanted::No },
        clock,
        asker: Arc::clone(&settings.asker),
    }
}

/// All rules in force: the machine's, the person's and the project's.
pub(crate) fn load_policy(settings: &Settings) -> Result<Policy, PolicyError> {
    let mut sources = read_folder(&settings.system.join("rules"), Layer::System)?;
    sources.extend(read_folder(&settings.at.config.join("rules"), Layer::User)?);
    sources.extend(settings.project_rules.iter().cloned());
    Policy::load(sources)
}

/// The rules that a project brings, read from its `.keep/rules`.
///
/// # Errors
/// When a file there cannot be read.
pub fn project_rules(root: &Path) -> Result<Vec<Source>, PolicyError> {
    read_folder(&root.join(".keep").join("rules"), Layer::Project)
}
