use keep_app::words::Health;
use keep_app::{Checked, PolicyStatus};
use keep_vault::VaultState;
use schemars::JsonSchema;
use serde::Serialize;

/// How the house is. It names no folder: whoever may ask over the network need not know where it lies.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StatusView {
    /// Who asks.
    pub(crate) principal: String,
    /// Where the caller's acts land.
    pub(crate) namespace: String,
    /// empty, anchored, unanchored or mismatch.
    pub(crate) ledger: String,
    /// How many records the ledger has.
    pub(crate) records: u64,
    /// Whether the rules load; while they do not, everything is denied.
    pub(crate) rules_load: bool,
    /// absent, open, unlocked, locked or broken.
    pub(crate) vault: String,
    /// Requests that the caller sees and that wait for a person.
    pub(crate) waiting: usize,
    /// Why everything is stopped, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stopped: Option<String>,
    /// The size of the database, with its log of what is not in its file yet.
    pub(crate) database_bytes: u64,
}

impl From<keep_app::StatusView> for StatusView {
    fn from(view: keep_app::StatusView) -> Self {
        let ledger = match view.ledger {
            Health::Empty => "empty",
            Health::Anchored { .. } => "anchored",
            Health::Unanchored => "unanchored",
            Health::Mismatch { .. } => "mismatch",
        };
        let vault = match view.vault {
            VaultState::Absent => "absent",
            VaultState::Open => "open",
            VaultState::Unlocked { .. } => "unlocked",
            VaultState::Locked => "locked",
            VaultState::Broken { .. } => "broken",
        };
        Self {
            principal: view.principal.to_string(),
            namespace: view.namespace.to_string(),
            ledger: ledger.into(),
            records: view.records,
            rules_load: matches!(view.policy, PolicyStatus::Loaded { .. }),
            vault: vault.into(),
            waiting: view.waiting,
            stopped: view.stopped.map(|stop| format!("since {} by {}: {}", stop.since, stop.by, stop.reason)),
            database_bytes: view.database_bytes,
        }
    }
}

/// One check of the doctor's.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckView {
    /// What was looked at.
    pub(crate) name: String,
    /// ok, warn or fail.
    pub(crate) finding: String,
    /// What to do, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl From<Checked> for CheckView {
    fn from(checked: Checked) -> Self {
        Self {
            name: checked.name.into(),
            finding: format!("{:?}", checked.finding).to_lowercase(),
            hint: checked.hint,
        }
    }
}
