//! The tables: queries, and changes that need the proof that their act was admitted.

mod change;
mod count;
mod fade;
mod find;
mod kin;
mod over;
mod reindex;
mod row;
mod write;

pub(crate) use change::{
    change, consolidate, consolidate_many, count_recalls, link, link_all, record, supersede, unlink,
};
pub(crate) use count::stats;
pub(crate) use fade::{AT_ONCE, due, end_of, fade, faded};
pub(crate) use find::{
    ListFilter, all_spaces, at_place, by_handle, edited_since, everything, known, list, places_tagged,
    spaces, versions, within,
};
pub(crate) use kin::{children, descents, linkings, links_of};
pub(crate) use over::{any_expired, expired, expired_spaces, finds_expired};
pub(crate) use reindex::{forget_embedders, has_other_embedders, prepared_of, reembed, repair};
pub(crate) use row::{Space, Stored};
pub(crate) use write::{Fresh, forget, remember, remember_some};
