//! What happens outside the database: blobs are stored, named and deleted, files are written.

mod blobs;
mod place;
mod pour;

pub(crate) use blobs::{
    delete_blob, name_version, named, names_in, put_blob, sweep_temporary, unname_version,
};
pub use place::Existing;
pub(crate) use place::{Target, shape_of};
pub(crate) use pour::Pour;
