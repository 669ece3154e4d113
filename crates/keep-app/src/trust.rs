//! What `keep trust` pins: the closure of a project's own files, by content.
//!
//! A project's settings may always narrow. What would widen counts only while every file of the closure
//! is, byte for byte, what a person looked at: `.keep/keep.toml`, what it includes, `.keep/rules/*.toml`
//! and everything below `.keep/flows/`. The texts that are obeyed are the very bytes that were hashed.

mod closure;
mod error;
mod walk;

pub use closure::{Change, Closure, How, standing};
pub use error::TrustError;
pub use walk::{Walked, find_root, walk};

#[cfg(test)]
mod tests;
