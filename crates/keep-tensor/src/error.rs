use crate::Hash;
use std::io;

/// Why something could not be encoded, decoded, packed or unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// The file that is being encoded could not be read.
    #[error("reading the file to encode")]
    Source(#[source] io::Error),
    /// The file ends before its layout does or after it: it changed while it was read.
    #[error("the file to encode is not as long as its layout says")]
    SourceLength,
    /// What was encoded could not be handed on.
    #[error("writing what was encoded")]
    Sink(#[source] io::Error),
    /// The restored bytes could not be handed on.
    #[error("writing what was restored")]
    Output(#[source] io::Error),
    /// Stored bytes could not be read.
    #[error("reading stored bytes")]
    Stored(#[source] io::Error),
    /// The base could not be read.
    #[error("reading the base")]
    Base(#[source] io::Error),
    /// A stored chunk is not what an encoder writes.
    #[error("decoding a chunk: {0}")]
    Chunk(&'static str),
    /// Stored bytes are not those that were written.
    #[error("the stored bytes of a chunk do not have the hash {expected}")]
    ChunkHash {
        /// The hash that was recorded.
        expected: Hash,
    },
    /// A chunk was stored as a difference and there is nothing to apply it to.
    #[error("a chunk is stored as a difference and no base was given")]
    BaseNeeded,
    /// The base given is another than the one the difference was made against.
    #[error("a chunk is stored as a difference to other bytes than the base has at its place")]
    BaseDiffers,
    /// A pack of differences was opened with another base, or none.
    #[error("the pack holds differences to the base {needed}{}", match given { Some(given) => format!(", not to {given}"), None => String::new() })]
    WrongBase {
        /// The root of the base it needs.
        needed: Hash,
        /// The root of the base it was given.
        given: Option<Hash>,
    },
    /// A size is over what is ever written.
    #[error("{what} is {size}, over the limit of {limit}")]
    Limit {
        /// What has the size.
        what: &'static str,
        /// The size.
        size: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// The layout does not cover its file without gap or overlap.
    #[error("the layout does not cover its file without gap or overlap")]
    Layout,
    /// The bytes are no pack, or no longer the one that was written.
    #[error("reading the pack: {0}")]
    Pack(&'static str),
    /// The pack is of a version that this program does not know.
    #[error("the pack has version {0}, which this program does not know")]
    Version(u16),
    /// The pack's contents do not have the root that its end names.
    #[error("the pack does not have the root {expected}")]
    Root {
        /// The root that the pack's end names.
        expected: Hash,
    },
    /// The signature of the pack does not hold.
    #[error("the pack's signature does not hold")]
    Signature,
    /// The pack is not signed by the key that was asked for.
    #[error("the pack is not signed by the key that was asked for")]
    Signer,
    /// A path in a pack could leave the folder it is unpacked into, or clashes with another.
    #[error("the path {path:?} {problem}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The pack holds no such file or tensor.
    #[error("the pack holds no {what} named {name:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A thread that encoded or decoded has died.
    #[error("a thread that encoded or decoded has died")]
    Worker,
    /// The compression library refused.
    #[error("compressing: {0}")]
    Compressor(&'static str),
}
