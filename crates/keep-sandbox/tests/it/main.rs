//! Runs against real sockets and real mounts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bypasses;
mod corpus;
mod egress;
mod layer;
mod layer_faults;
mod layer_property;
mod overlay;
mod properties;
mod proxy;
