//! Text to vector, offline, from a table compiled into the binary.
//!
//! [`Embedder`] is what an engine asks; [`Table`] is the one that is always there: the text is cut into
//! word pieces as BERT cuts it, each piece has a row in a static table, and the vector is the sum of the
//! rows, of length one. There is no model to run and none to fetch, so a text costs microseconds. The table
//! was distilled from a sentence transformer by the scripts in `distil/`; `docs/embedding.md` says from what.
//!
//! [`Quantised`] and [`SignCode`] are the short forms of a vector that a search over many keeps in memory.
//!
//! **Must not know:** storage, or what the texts are. This crate is pure: no files, no network, no clock,
//! no environment. An embedder that needs a network or a model file is built elsewhere and implements the
//! same trait.

mod embedder;
mod error;
mod quantised;
mod sign;
mod table;
mod token;

pub use embedder::{Embedder, EmbedderId};
pub use error::EmbedError;
pub use quantised::{Quantised, dot, dot_codes, normalise, quantise};
pub use sign::{SIGN_DIMENSIONS, SignCode};
pub use table::Table;
pub use token::{Token, Tokenizer};
