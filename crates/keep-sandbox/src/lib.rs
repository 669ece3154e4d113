//! Runs a process confined: what it may read, write and reach, how long, and how much of the machine.
//!
//! A [`Profile`] says what a process may do; a [`Tier`] is a way to enforce that. The fastest tier that can
//! express all of a profile runs it, and a profile that no tier on this machine can express is refused with
//! the reason, never run with less.
//!
//! **Must not know:** why the process is run, who asked, and what policy says.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod apart;
mod cannot;
mod cgroup;
mod checked;
mod command;
mod confine;
pub mod egress;
mod engine;
mod environment;
mod error;
mod kernel;
mod known;
pub mod layer;
mod limit;
mod overlooked;
mod paths;
mod placeholder;
mod plan;
mod probes;
mod profile;
mod running;
mod sampler;
mod sandbox;
mod script;
mod seccomp;
mod stage;
mod stand_in;
mod streams;
mod usual;

pub use apart::Apart;
pub use command::{Command, Stream, Streams};
pub use confine::inside::PROXY_ADDRESS;
pub use engine::{Engine, Root};
pub use environment::looks_secret;
pub use error::{Refusal, SandboxError};
pub use plan::Plan;
pub use probes::{probes, verdicts};
pub use profile::{Environment, Limits, LocalSockets, Network, Profile, Reads, Tier};
pub use running::{Ended, EndedBy, Running, Said, Stopper, Usage};
pub use sandbox::{Capabilities, Sandbox};
pub use stand_in::StandIn;
pub use usual::{caches, credentials, engines, runs_later};
