//! Runs commands for people and programs: a request is analysed, ruled on, approved where that is wanted,
//! confined, watched, and recorded with how it ended and what it said.
//!
//! Nothing runs without a durable intent, and nothing runs with less confinement than its profile says.
//!
//! **Must not know:** surfaces; other engines (values of secrets are handed in); the environment, the home
//! folder and the terminal of this process.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod acts;
mod bound;
mod caches;
mod confine;
mod effects;
mod engine;
mod error;
mod judge;
mod line;
mod look;
mod probes;
mod run;
mod said;
mod schema;
mod settings;
mod stop;
mod store;
mod tries;
mod worktree;

pub use caches::CacheView;
pub use confine::{Confinement, Limits, Reach};
pub use effects::{Heard, Process, Processes};
pub use engine::{Advice, Exec, ExecConfig, NotASecretUse, SecretUse, Taking, Values};
pub use error::ExecError;
pub use judge::{Judged, Judging, judge};
pub use line::Line;
pub use look::{RunView, RunsWanted, Standing, State};
pub use probes::probes;
pub use run::{Changing, EndedBy, Ends, Enter, Input, Ran, Tidied, Wanted, Written};
pub use said::Copy;
pub use schema::SCHEMA;
pub use stop::Stop;
pub use tries::{TryView, Waiting, WaitingChange};
pub use worktree::leads;
