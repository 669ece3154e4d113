//! Tests of the crate's surface.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod carrying;
mod corpus;
mod forgetting;
mod index;
mod index_world;
mod isolation;
mod reading;
mod remembering;
mod search;
mod world;
