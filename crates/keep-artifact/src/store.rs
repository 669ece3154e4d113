//! The artifacts' tables.

mod find;
mod swap;
mod sweep;
mod write;

pub(crate) use find::{Found, all_bundles, find_version, known_chunk, known_region, list, log};
pub(crate) use swap::{Swap, begin_rewrite, end_rewrite, pins, swap};
pub(crate) use sweep::{Sweepable, begin_sweep, condemn, end_sweep, survey};
pub(crate) use write::{
    NewVersion, Pending, abandon, begin, finish, hold_known, hold_new, remove_versions, tag_version,
};
