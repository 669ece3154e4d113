//! The table of runs.

mod find;
mod write;

pub(crate) use find::{Which, by_handle, list, running};
pub(crate) use write::{NewRun, Settled, Texts, begin, finish, settle};
