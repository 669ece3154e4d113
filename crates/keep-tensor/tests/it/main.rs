//! The crate as others use it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod codec;
mod hostile;
mod make;
mod pack;
mod pipeline;
