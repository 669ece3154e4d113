//! Tests of the store through its public interface.

#![expect(clippy::unwrap_used, reason = "tests")]

mod conformance;
mod damage;
mod folder;
mod place;
mod s3;
mod unkind;
mod weed;
