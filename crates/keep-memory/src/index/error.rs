use super::{Place, SpaceId};
use keep_embed::EmbedError;

/// What failed while the index was written or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The database did not take or give a row.
    #[error("the memory index could not be read or written")]
    Sql(#[from] rusqlite::Error),
    /// A text could not be made a vector.
    #[error("a text could not be embedded for the memory index")]
    Embed(#[from] EmbedError),
    /// A part of it is not what was written, or was written by another version of this program. The
    /// memories themselves are not touched by that; the part is made again from them.
    #[error("the index of memory space {} is damaged at {part}", space.0)]
    Damaged {
        /// Whose index.
        space: SpaceId,
        /// Which part.
        part: Part,
    },
    /// A memory is written to a place that is taken, or read from one that is empty.
    #[error("the index of memory space {} does not expect that at place {place}", space.0)]
    Place {
        /// Whose index.
        space: SpaceId,
        /// Where.
        place: Place,
    },
    /// More embedders, speakers or places than the layout can number.
    #[error("the memory index cannot number more {0}")]
    TooMany(&'static str),
}

/// A part of an index that is checked, and repaired, on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of a space.
    Whole,
    /// The words of the memories of one block of places.
    Words(u32),
    /// What is known of the memories of one leaf.
    Leaf(u32),
    /// The vector of one memory.
    Vector(Place),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole => f.write_str("its form"),
            Self::Words(block) => write!(f, "the words of block {block}"),
            Self::Leaf(leaf) => write!(f, "leaf {leaf}"),
            Self::Vector(place) => write!(f, "the vector of place {place}"),
        }
    }
}
