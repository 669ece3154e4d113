//! The server: the HTTP API and its events, the Model Context Protocol, and the dashboard. It translates
//! words into operations of the house and holds no rules.
//!
//! Adding an operation is a file in `operations/` and one for each surface that shows it: `api/`,
//! `mcp/tools/`, `pages/`. The file holds the route or the tool whole; a list beside it names it.
//!
//! **Must not know:** the engines' insides (tables, effects); the environment, the home folder and the
//! terminal. What it needs of them is handed in.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod api;
mod confirm;
pub mod connect;
mod counts;
mod door;
mod encrypt;
mod error;
mod growth;
mod guard;
pub mod hook;
mod house;
mod listen;
mod log;
mod mcp;
mod names;
mod notices;
mod operation;
mod operations;
mod pages;
mod probes;
mod problem;
mod progress;
mod random;
mod repeats;
mod rules;
mod scratch;
mod serve;
mod sessions;
mod shape;
mod view;
mod watch;

pub use confirm::AskDashboard;
pub use door::{Access, Gateway};
pub use encrypt::Certificate;
pub use error::ServerError;
pub use house::Setting;
pub use log::{Log, Quiet};
pub use mcp::speak;
pub use names::Names;
pub use probes::probes;
pub use serve::{Abroad, Server};
