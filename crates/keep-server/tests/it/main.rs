//! The server as clients meet it: real sockets on ports of its own, real installations.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod abroad;
mod api;
mod browser;
mod client;
mod dashboard;
mod doors;
mod events;
mod limits;
mod localhost;
mod mcp_calls;
mod mcp_http;
mod mcp_kept;
mod mcp_stdio;
mod pages;
mod papers;
mod place;
mod run_pages;
mod runs;
mod seed;
mod spoken;
mod suite;
