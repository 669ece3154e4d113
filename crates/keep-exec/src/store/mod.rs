//! The table of runs.

mod find;
mod write;

pub(crate) use find::{by_handle, list};
pub(crate) use write::{NewRun, begin, finish};
