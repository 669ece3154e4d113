//! The table of runs.

mod find;
mod write;

pub(crate) use find::{Which, by_handle, list};
pub(crate) use write::{NewRun, Settled, begin, finish, settle};
