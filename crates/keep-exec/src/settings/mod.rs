//! Which changes of a repository's settings a confined run may make.
//!
//! Settings can name programs that the next git runs unconfined, so a run gets a copy, and what it wrote is taken
//! over only when every change is one of a few that cannot do that. Pure: bytes in, a verdict out. The file is read
//! by a stricter grammar than git's: what could be read in two ways is refused, whatever it says.

mod judge;
mod parse;

pub(crate) use judge::changes;
