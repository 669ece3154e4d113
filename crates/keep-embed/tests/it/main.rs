//! What the crate promises, checked from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod codes;
mod table;
mod tokens;
