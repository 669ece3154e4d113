//! Artifacts: heavy files, stored small and checked whenever they are read.
//!
//! **Must not know:** surfaces; other engines; the environment, the home folder and the terminal.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod packing;
