//! What an installation is like right now.

use crate::app::App;
use crate::error::AppError;
use keep_gate::{Because, StopView};
use keep_ledger::Health;
use keep_types::{Caller, Digest, Namespace, Principal, chain};
use keep_vault::VaultState;
use serde::Serialize;
use std::path::PathBuf;

/// The state of the house in one look.
#[derive(Debug, Serialize)]
pub struct StatusView {
    /// Who asks.
    pub principal: Principal,
    /// Where the caller's acts land.
    pub namespace: Namespace,
    /// The data folder.
    pub data: PathBuf,
    /// The configuration folder.
    pub config: PathBuf,
    /// The state folder.
    pub state: PathBuf,
    /// How the ledger stands to its checkpoint.
    pub ledger: Health,
    /// How many records it has.
    pub records: u64,
    /// The policy in force.
    pub policy: PolicyStatus,
    /// The vault.
    pub vault: VaultState,
    /// Requests that wait for a person.
    pub waiting: usize,
    /// That everything is stopped, if it is.
    pub stopped: Option<StopView>,
    /// The size of the database, with its log of what is not in its file yet.
    pub database_bytes: u64,
}

/// Whether the policy loads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum PolicyStatus {
    /// It does.
    Loaded {
        /// How many rules.
        rules: usize,
        /// Its version.
        version: Digest,
    },
    /// It does not, so everything is denied.
    Closed {
        /// Why.
        reason: String,
    },
}

/// Who is calling, and why Keep thinks so.
#[derive(Debug, Serialize)]
pub struct WhoView {
    /// Who.
    pub principal: Principal,
    /// Why.
    pub because: String,
    /// By which way.
    pub channel: keep_types::Channel,
    /// Where acts land by default.
    pub namespace: Namespace,
    /// Which namespaces it may name.
    pub reach: keep_types::Reach,
    /// What it may do at all.
    pub scopes: keep_types::Scopes,
}

impl App {
    /// The state of the house.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn status(&self, caller: &Caller) -> Result<StatusView, AppError> {
        let waiting = self.gate.waiting(caller).await?;
        let policy = match self.rules.closed_because() {
            None => PolicyStatus::Loaded {
                rules: self.gate.policy().rules().len(),
                version: self.gate.policy().version(),
            },
            Some(error) => PolicyStatus::Closed { reason: chain(&*error).join(": ") },
        };
        let path = self.db.path();
        let file_bytes = std::fs::metadata(path).map_err(|e| AppError::file("reading", path, e))?.len();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        // Without one everything is in the file.
        let database_bytes = file_bytes + std::fs::metadata(log).map_or(0, |log| log.len());
        let at = self.at();
        Ok(StatusView {
            principal: caller.principal.clone(),
            namespace: caller.home.clone(),
            data: at.data.clone(),
            config: at.config.clone(),
            state: at.state.clone(),
            ledger: self.ledger.health(),
            records: self.records().await?,
            policy,
            vault: self.vault.state(),
            waiting,
            stopped: self.gate.stopped().await?,
            database_bytes,
        })
    }

    /// Who is calling, and why Keep thinks so.
    #[must_use]
    pub fn who(&self, caller: &Caller) -> WhoView {
        let named_by_token = caller.principal != self.identity().principal;
        let because = if named_by_token { &Because::Token } else { &self.identity().because };
        WhoView {
            principal: caller.principal.clone(),
            because: because.to_string(),
            channel: caller.channel,
            namespace: caller.home.clone(),
            reach: caller.reach.clone(),
            scopes: caller.scopes.clone(),
        }
    }
}
