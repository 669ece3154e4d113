//! The static table: its layout, and the embedder that sums its rows.

use crate::quantised::normalise;
use crate::token::{Token, Tokenizer, Vocabulary};
use crate::{EmbedError, Embedder, EmbedderId};
use keep_types::Digest;

/// The table compiled in.
static BUILT_IN: &[u8] = include_bytes!("../data/table.bin");

const MAGIC: &[u8; 8] = b"KEEPEMB\0";
const LAYOUT: u32 = 1;

/// Sums a row per word piece. Made once and shared; making it reads the header and no more.
pub struct Table {
    id: EmbedderId,
    tokenizer: Tokenizer,
    dimensions: usize,
    scales: &'static [[u8; 4]],
    rows: &'static [u8],
    body: &'static [u8],
}

impl Table {
    /// The table that the program carries.
    ///
    /// # Errors
    /// When the program was built with a file that is no table; the tests of this crate rule that out.
    pub fn built_in() -> Result<Self, EmbedError> {
        Self::from_bytes(BUILT_IN)
    }

    /// A table that lies in memory for good. Its lengths are checked here, its content by
    /// [`Table::verify`].
    ///
    /// # Errors
    /// When the bytes are no table, of another layout, or cut short.
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, EmbedError> {
        let (header, body) = Header::read(bytes)?;
        if body.len() != header.body_bytes() {
            return Err(EmbedError::Length { wanted: header.body_bytes(), found: body.len() });
        }
        let mut rest = body;
        let mut take = |bytes: usize| rest.split_off(..bytes);
        let parts = (|| {
            let first = take(4 * (header.nodes + 1))?.as_chunks().0;
            let scales = take(4 * header.tokens)?.as_chunks().0;
            let tokens = take(2 * header.nodes)?.as_chunks().0;
            let labels = take(header.nodes)?;
            let rows = take(header.tokens * header.dimensions)?;
            Some((first, scales, tokens, labels, rows))
        })();
        let (first, scales, tokens, labels, rows) = parts.ok_or(EmbedError::NoTable)?;
        let vocabulary = Vocabulary::new(first, tokens, labels).ok_or(EmbedError::NoTable)?;
        Ok(Self {
            id: EmbedderId { name: "table".to_owned(), version: header.version, digest: header.digest },
            tokenizer: Tokenizer::new(vocabulary),
            dimensions: header.dimensions,
            scales,
            rows,
            body,
        })
    }

    /// Whether the content is what its header says. Reads all of it, some milliseconds, which is why
    /// opening does not: the table is part of the program, no easier to alter than its code.
    ///
    /// # Errors
    /// When the content has another digest.
    pub fn verify(&self) -> Result<(), EmbedError> {
        let found = Digest::of(self.body);
        let wanted = self.id.digest;
        if found == wanted { Ok(()) } else { Err(EmbedError::Changed { wanted, found }) }
    }

    /// How this table cuts text.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn row(&self, token: Token) -> Option<(f32, &'static [u8])> {
        let token = usize::from(token);
        let start = token * self.dimensions;
        Some((f32::from_le_bytes(*self.scales.get(token)?), self.rows.get(start..start + self.dimensions)?))
    }
}

impl Embedder for Table {
    fn id(&self) -> &EmbedderId {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn embed(&self, text: &str, out: &mut [f32]) -> Result<(), EmbedError> {
        if out.len() != self.dimensions {
            return Err(EmbedError::Room { wanted: self.dimensions, room: out.len() });
        }
        out.fill(0.0);
        for token in self.tokenizer.tokens(text) {
            if let Some((scale, row)) = self.row(token) {
                for (sum, &code) in out.iter_mut().zip(row) {
                    *sum += scale * f32::from(code.cast_signed());
                }
            }
        }
        normalise(out);
        Ok(())
    }
}

struct Header {
    version: u32,
    tokens: usize,
    dimensions: usize,
    nodes: usize,
    digest: Digest,
}

impl Header {
    fn read(bytes: &'static [u8]) -> Result<(Self, &'static [u8]), EmbedError> {
        let (magic, rest) = bytes.split_first_chunk::<8>().ok_or(EmbedError::NoTable)?;
        if magic != MAGIC {
            return Err(EmbedError::NoTable);
        }
        let (counts, rest) = rest.split_first_chunk::<20>().ok_or(EmbedError::NoTable)?;
        let (digest, body) = rest.split_first_chunk::<32>().ok_or(EmbedError::NoTable)?;
        let count = |at: usize| u32::from_le_bytes(counts.as_chunks::<4>().0[at]);
        if count(0) != LAYOUT {
            return Err(EmbedError::Layout { found: count(0), known: LAYOUT });
        }
        if count(3) == 0 {
            return Err(EmbedError::NoTable);
        }
        let header = Self {
            version: count(1),
            tokens: count(2) as usize,
            dimensions: count(3) as usize,
            nodes: count(4) as usize,
            digest: Digest::from_bytes(*digest),
        };
        Ok((header, body))
    }

    fn body_bytes(&self) -> usize {
        // A header is not to be trusted yet: counts that overflow belong to no table that fits in memory.
        let rows = self.tokens.saturating_mul(self.dimensions.saturating_add(4));
        rows.saturating_add(7 * self.nodes + 4)
    }
}
