//! Tests of the store through its public interface.

#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod place;
