//! The Model Context Protocol: the same operations as tools, over standard input and output or HTTP.

mod asking;
mod calling;
mod http;
mod prompts;
mod protocol;
mod resources;
mod stdio;
mod tool;
mod tools;

pub(crate) use http::{PATH, another, door};
pub use stdio::speak;
