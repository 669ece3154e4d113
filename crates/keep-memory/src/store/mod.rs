//! The tables: queries, and changes that need the proof that their act was admitted.

mod change;
mod count;
mod find;
mod reindex;
mod row;
mod write;

pub(crate) use change::{
    change, consolidate, consolidate_many, count_recalls, link, link_all, record, supersede, unlink,
};
pub(crate) use count::stats;
pub(crate) use find::{
    ListFilter, all_spaces, any_expired, at_place, by_handle, children, descents, edited_since, everything,
    expired, expired_spaces, finds_expired, known, linkings, links_of, list, places_tagged, spaces, versions,
};
pub(crate) use reindex::{
    end_of, fade, faded, forget_embedders, has_other_embedders, prepared_of, reembed, repair,
};
pub(crate) use row::{Space, Stored};
pub(crate) use write::{Fresh, forget, remember, remember_some};
