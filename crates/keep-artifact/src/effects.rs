//! What happens outside the database: blobs are stored, named and deleted, files are written.

mod blobs;
mod mark;
mod place;
mod pour;
mod sparse;

pub(crate) use blobs::{
    all_names, delete_blob, name_version, named, names_in, object_text, put_again, put_blob, sweep_temporary,
    unname_version,
};
pub(crate) use mark::{
    announce, announced, begin_collecting, claim, end_collecting, retract, still_announced, take_over,
    tended_by,
};
pub use place::Existing;
pub(crate) use place::{Above, Target, shape_of};
pub(crate) use pour::Pour;
pub(crate) use sparse::Sparse;
