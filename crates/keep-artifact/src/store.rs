//! The artifacts' tables.

mod find;
mod sweep;
mod write;

pub(crate) use find::{
    Chunk, Found, Seen, all_bundles, artifact_namespace, find_version, known_chunk, known_region, list, log, pending,
};
pub(crate) use sweep::{Condemned, Doomed, Sweepable, begin_sweep, end_sweep, survey};
pub(crate) use write::{
    NewVersion, Pending, abandon, begin, finish, hold_known, hold_new, mark_idle, remove_versions, tag_version,
};
