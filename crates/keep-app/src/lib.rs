//! The composition root: configuration, opened stores, wired engines, and the house's own operations.
//!
//! **Must not know:** surfaces. It never reads the environment, the home folder or the terminal; whoever
//! may do so hands the results in.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "tests"))]

pub mod config;
pub mod trust;
