//! Which memories answer a question, best first. Pure: texts in, scores out.
//!
//! Two legs find candidates: words ([`lexical`](self), BM25 over a memory and, at less weight, the ones
//! said before and after it) and meaning (the nearest vectors, mixed with those of their neighbours). Each
//! is divided by its greatest value for this question and the two are added; where memories are turns of a
//! conversation, cues of the question (who, when, on which day) move them up.

pub(crate) mod cue;
mod date;
mod lexical;
mod question;
mod shelf;
mod term;
mod weight;

pub use date::Day;
pub(crate) use lexical::{Manner, rarity};
pub use question::Question;
pub use shelf::{Hit, Legs, Note, Shelf};
pub(crate) use shelf::{headed, meant};
pub use term::terms;
pub use weight::Weights;
