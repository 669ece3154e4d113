//! The composition root: configuration, opened stores, wired engines, and the house's own operations.
//!
//! **Must not know:** surfaces. It never reads the environment, the home folder or the terminal; whoever
//! may do so hands the results in.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

mod app;
mod artifact;
mod attest;
mod audit;
mod backup;
mod cleaner;
pub mod config;
mod delegate;
mod desktop;
mod doctor;
mod error;
mod exec;
mod exposure;
mod memory;
mod place;
mod policy;
mod project;
mod purge;
mod requests;
mod rule_book;
mod rule_watch;
mod schema;
mod scratch;
mod settings;
mod shell;
mod shell_ask;
mod sign_in;
mod status;
pub mod trust;
mod trusting;
mod workplace;

pub use app::{App, Settings};
pub use artifact::open_other;
pub use attest::{Attested, SelfTested, attest, probes, self_test};
pub use audit::{AnchorTo, AnchorView, Exporting, check_export};
pub use backup::{BackupReport, RestoreView};
pub use cleaner::Cleaner;
pub use delegate::{DelegatedView, Protocol};
pub use desktop::{Desktop, NoDesktop};
pub use doctor::{Checked, Finding};
pub use error::AppError;
pub use exec::RunWanted;
pub use exposure::{ExposureReport, HookChange};
pub use place::Freshness;
pub use policy::PolicyView;
pub use project::{ProjectView, find_root};
pub use purge::PurgeReport;
pub use requests::{RequestKey, RequestStanding};
pub use rule_watch::RulesNews;
pub use settings::SettingsView;
pub use shell::{ShellCheck, ShellView};
pub use shell_ask::ShellAsked;
pub use status::{PolicyStatus, StatusView, WhoView};
pub use trusting::TrustView;
pub use workplace::Workplace;

pub use keep_policy::Profile;

/// The ledger's and the policy's words, for surfaces that show them.
pub mod words {
    pub use keep_db::Verify;
    pub use keep_ledger::{
        ConsistencyProof, Entry, ExportReport, Filter, Health, InclusionProof, Phase, VerifyReport, one_line,
    };
    pub use keep_policy::{Decision, Layer, Rule, Ruling};
}
