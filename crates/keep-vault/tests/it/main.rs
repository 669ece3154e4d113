//! What the vault relies on in others' code, checked from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod cctv;
mod vector;
