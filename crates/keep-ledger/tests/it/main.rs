//! Tests of the ledger through its public interface.

#![expect(clippy::unwrap_used, reason = "tests")]

mod checkpoints;
mod exports;
mod forgeries;
mod mutations;
mod place;
mod processes;
mod upkeep;
