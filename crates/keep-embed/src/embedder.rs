use crate::EmbedError;
use keep_types::Digest;
use std::fmt;

/// Which embedder made a vector. Vectors of different embedders lie in different spaces and are never
/// compared, so whoever stores a vector stores this beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EmbedderId {
    /// What it is: `table` for the one compiled in.
    pub name: String,
    /// Counted up by whoever makes the embedder.
    pub version: u32,
    /// The digest of what the vectors follow from: table, model file, endpoint and model name.
    pub digest: Digest,
}

impl fmt::Display for EmbedderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.name, self.version, self.digest.short())
    }
}

/// Turns texts into vectors of length one whose dot product says how near their meanings are.
///
/// Synchronous and shareable: an embedder that waits for a network or computes for long is called from a
/// thread that may block.
pub trait Embedder: Send + Sync {
    /// Which embedder this is; the same for as long as it lives.
    fn id(&self) -> &EmbedderId;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// Writes the vector of `text` into `out`, which has [`Embedder::dimensions`] places. A text
    /// without any known token (empty, only blanks) has the zero vector, which is near to nothing.
    ///
    /// # Errors
    /// When `out` has the wrong length or the embedder cannot answer.
    fn embed(&self, text: &str, out: &mut [f32]) -> Result<(), EmbedError>;

    /// Writes the vectors of `texts` one after another into `out`. What gains from seeing many texts at
    /// once, as a model or an endpoint does, overrides this.
    ///
    /// # Errors
    /// When `out` has the wrong length or the embedder cannot answer; `out` is then in no defined state.
    fn embed_batch(&self, texts: &[&str], out: &mut [f32]) -> Result<(), EmbedError> {
        let wanted = texts.len() * self.dimensions();
        if out.len() != wanted {
            return Err(EmbedError::Room { wanted, room: out.len() });
        }
        texts
            .iter()
            .zip(out.chunks_exact_mut(self.dimensions()))
            .try_for_each(|(text, out)| self.embed(text, out))
    }
}
