//! What is shown to whoever asks over the network. These shapes are the interface: the engines' own types
//! may change behind them.

mod approval;
mod artifact;
mod audit;
mod memory;
mod run;
mod secret;
mod shell;
mod status;

pub(crate) use approval::ApprovalView;
pub(crate) use artifact::{DifferenceView, GotView, VersionView};
pub(crate) use audit::{ProofView, RecordView};
pub(crate) use memory::{ContextView, ForgottenView, LegView, LinkView, MemoryView, RecallView};
pub(crate) use run::{RanView, RunView, TriedView};
pub(crate) use secret::SecretView;
pub(crate) use shell::ShellView;
pub(crate) use status::{CheckView, StatusView};

use schemars::JsonSchema;
use serde::Serialize;

/// Part of a list, and where it goes on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Page<T> {
    /// What the list holds here.
    pub(crate) items: Vec<T>,
    /// Give this as `after` for what follows; without it, this is the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<u64>,
}
