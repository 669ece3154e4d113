//! What a memory is.

mod draft;
mod handle;
mod kind;
mod link;
mod memory;
mod source;

pub use draft::Draft;
pub use handle::{Handle, HandleError};
pub use kind::Kind;
pub use link::{Link, LinkKind, LinkKindError, Strength};
pub use memory::{Importance, Memory, RangeError, Validity};
pub use source::Source;
