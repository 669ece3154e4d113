//! The append-only audit log: records in a Merkle tree (RFC 6962), heads signed as C2SP checkpoints,
//! proofs, verification and anchors.
//!
//! **Must not know:** who may act, what an act means, or how a surface shows it. This crate reads no
//! environment and no home folder; its paths are handed in.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

mod anchor;
mod append;
mod checkpoint;
mod clock;
mod details;
mod diagnose;
mod error;
mod export;
mod git;
mod health;
mod hex;
mod keys;
mod ledger;
pub mod merkle;
pub mod note;
pub mod owner;
mod probes;
mod query;
mod ranges;
mod rebuild;
mod record;
mod rows;
mod schema;
mod state;
mod ticker;
mod tree;
mod twins;
mod upkeep;
mod verify;
mod wait;

pub use anchor::GIT_REF;
pub use clock::SystemClock;
pub use error::{ExportFault, Forgery, LedgerError};
pub use export::{ConsistencyProof, ExportReport, InclusionProof, verify_export};
pub use health::Health;
pub use ledger::{Ledger, LedgerConfig};
pub use probes::probes;
pub use query::Filter;
pub use record::{Entry, Phase, Record, Seq, one_line};
pub use schema::SCHEMA;
pub use verify::VerifyReport;
