//! Runs a process confined: what it may read, write and reach, how long, and how much of the machine.
//!
//! A [`Profile`] says what a process may do; a [`Tier`] is a way to enforce that. The fastest tier that can
//! express all of a profile runs it, and a profile that no tier on this machine can express is refused with
//! the reason, never run with less.
//!
//! **Must not know:** why the process is run, who asked, and what policy says.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod egress;
pub mod layer;
mod profile;

pub use profile::{Limits, Network, Profile, Reads, Tier};
