//! Real processes, really confined.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod basic;
mod crash;
mod escape;
mod limits;
mod place;
mod terminal;
mod unprivileged;
