//! Text to word pieces, as BERT's uncased tokenizer makes them.

mod class;
mod tokenizer;
mod vocabulary;
mod words;

pub use tokenizer::{Token, Tokenizer};
pub(crate) use vocabulary::Vocabulary;
