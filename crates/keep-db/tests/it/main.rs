//! Tests of the database through its public interface.

#![expect(clippy::unwrap_used, reason = "tests")]

mod backups;
mod jobs;
mod migrations;
mod place;
mod probes;
mod processes;
