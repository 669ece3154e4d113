//! The gate from outside: approvals, tokens, limits, the stop, and what the ledger says of each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod approvals;
mod conversations;
mod house;
mod offers;
mod records;
mod scrub;
mod tokens;
