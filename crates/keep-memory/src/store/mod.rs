//! The tables: queries, and changes that need the proof that their act was admitted.

mod change;
mod find;
mod row;
mod write;

pub(crate) use change::{change, count_recalls, link, supersede, unlink};
pub(crate) use find::{ListFilter, all_spaces, by_handle, links_of, list, spaces, versions};
pub(crate) use row::{Place, Space, SpaceId, Stored};
pub(crate) use write::{Fresh, forget, remember};
