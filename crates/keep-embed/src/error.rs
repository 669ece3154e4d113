use keep_types::{Digest, ErrorKind, Explain};

/// What failed while a text was embedded or a table read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// The place for the vectors has the wrong size.
    #[error("the vectors need {wanted} numbers, there is room for {room}")]
    Room {
        /// Texts times dimensions.
        wanted: usize,
        /// The length of the slice handed in.
        room: usize,
    },
    /// The bytes do not start as a table does.
    #[error("these bytes are no table of word vectors")]
    NoTable,
    /// A table laid out in a way this program does not know.
    #[error("the table has layout {found}; this program reads layout {known}")]
    Layout {
        /// What the table says.
        found: u32,
        /// What this program reads.
        known: u32,
    },
    /// The table is shorter or longer than its header says.
    #[error("the table should have {wanted} bytes and has {found}")]
    Length {
        /// What the header's counts add up to.
        wanted: usize,
        /// What is there.
        found: usize,
    },
    /// The content is not what its header says.
    #[error("the table's content has the digest {found}, not {wanted} as it says")]
    Changed {
        /// What the header says.
        wanted: Digest,
        /// What the content gives.
        found: Digest,
    },
    /// The embedder ran and could not answer: a model that does not load, an endpoint that is down.
    #[error("the embedder {embedder} could not answer")]
    Unanswered {
        /// Which embedder.
        embedder: String,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Explain for EmbedError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Room { .. } => ErrorKind::Internal,
            Self::NoTable | Self::Layout { .. } | Self::Length { .. } => ErrorKind::Usage,
            Self::Changed { .. } => ErrorKind::Tampered,
            Self::Unanswered { .. } => ErrorKind::Unavailable,
        }
    }
}
