//! Lossless codecs for tensors, the file formats that hold them, and the pack that carries both.
//!
//! A file is laid out as regions that cover it from its first byte to its last ([`Layout`]): tensors,
//! and the bytes between them. Restoring a file is writing its regions in order, so it is exact by
//! construction, whatever the format.
//!
//! `codec` turns one chunk into stored bytes and back, alone or as the difference to the same place of
//! another file ([`Base`]). `pipeline` runs a whole file through it, in order and in memory that does not
//! grow with the file. `pack` keeps files encoded in one file that can be checked and signed.
//!
//! **Must not know:** stores and networks, or files beyond `Read`, `Write` and `Seek`, and
//! [`ReadAt`] and [`WriteAt`] for several threads at once.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

mod base;
pub mod codec;
mod dtype;
mod error;
pub mod format;
mod hash;
mod layout;
pub mod pack;
pub mod pipeline;
mod place;
mod wire;

pub use base::{Base, FileBase};
pub use dtype::Dtype;
pub use error::TensorError;
pub use hash::{Hash, HashError};
pub use layout::{Format, Layout, Region, RegionKind, TensorInfo};
pub use place::{ReadAt, WriteAt};
