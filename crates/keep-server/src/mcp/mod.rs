//! The Model Context Protocol: the same operations as tools, over standard input and output or HTTP.

mod http;
mod protocol;
mod stdio;
mod tool;
mod tools;

pub(crate) use http::door;
pub use stdio::speak;
