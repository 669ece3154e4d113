//! The program as people and programs meet it: the real binary, in homes of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod agents;
mod answers;
mod artifact;
mod canary;
mod clients;
mod exec;
mod faults;
mod home;
mod hostile;
mod memory;
mod notices;
mod pack;
mod papers;
mod person;
mod server;
mod shapes;
mod terminal;
mod vault;
#[path = "../../../keep-blob/tests/it/weed.rs"]
mod weed;
mod words;
