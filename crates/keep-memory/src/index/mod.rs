//! The index: where the words, the meaning and the circumstances of each memory are found, so that a
//! question reads only what it needs.
//!
//! It lies in the same database as the memories and is written in the transaction that changes them, so it is
//! never behind. A memory is addressed by its space and its place there, a number that counts up in the order
//! of writing and is never given again. Words are kept in lists of 4,096 places ([`postings`]), everything
//! of fixed width in leaves of 256 ([`leaf`]), vectors one by one. Each piece carries a checksum; one that
//! is wrong is made again from the memories ([`check`]).
//!
//! What is searched for often is kept in memory ([`Cache`]), and compared by stamps with the snapshot that is
//! searched. The scores are those of [`crate::rank`]; only which memories are looked at by meaning is narrowed
//! down first, by sign codes.

mod cache;
mod card;
mod check;
mod confidence;
mod entry;
mod error;
mod filter;
mod leaf;
mod meaning;
mod mix;
mod postings;
mod search;
mod tables;
mod words;
mod work;
mod write;

pub use cache::{Cache, Keep};
pub use check::{Rows, check, rebuild, repair};
pub use confidence::Signs;
pub use entry::{Entry, Prepared, Standing};
pub use error::{IndexError, Part};
pub use filter::{AsOf, Filters, Span};
pub use search::{Answer, Found, Query, search};
pub use write::{Behind, add, count, reembed, remove, replace, restand, stale, weigh};

/// A namespace that holds memories, by its number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(pub i64);

/// Where in its space a memory stands.
pub type Place = u32;

/// The way text is read into words and vectors are laid out. Counted up when either changes, which has every
/// space indexed anew.
const FORM: i64 = 2;

/// Places in a leaf: few enough that one memory more rewrites little.
const LEAF: u32 = 256;

/// Places in one list of a word: as many as fit in twelve bits.
const BLOCK: u32 = 4_096;

/// Lists of a word that lie together; those of further places lie elsewhere. A batch of memories rewrites some
/// hundred pages of one part, and a search looks for a word in each part.
const PART: u32 = 8;
