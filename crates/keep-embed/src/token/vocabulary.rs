//! The vocabulary as a tree of bytes, read where it lies.

use super::Token;

/// Stands where a node ends no word.
const NO_TOKEN: u16 = u16::MAX;

/// What marks a piece that continues a word.
const CONTINUES: &[u8] = b"##";

/// A tree whose nodes are numbered level by level, so that a node's children lie side by side: `first` is
/// where they start, `labels` the byte that leads to each. Nothing is built when a program starts.
#[derive(Clone, Copy)]
pub(crate) struct Vocabulary {
    first: &'static [[u8; 4]],
    tokens: &'static [[u8; 2]],
    labels: &'static [u8],
    unknown: Token,
    continues: usize,
}

impl Vocabulary {
    /// A vocabulary over `first` (one more than there are nodes), `tokens` and `labels`; none when it
    /// lacks the token for unknown words or the mark of a continuing piece.
    pub(crate) fn new(
        first: &'static [[u8; 4]],
        tokens: &'static [[u8; 2]],
        labels: &'static [u8],
    ) -> Option<Self> {
        let mut vocabulary = Self { first, tokens, labels, unknown: 0, continues: 0 };
        let unknown = vocabulary.walk(0, b"[UNK]")?;
        vocabulary.unknown = vocabulary.token(unknown)?;
        vocabulary.continues = vocabulary.walk(0, CONTINUES)?;
        Some(vocabulary)
    }

    /// Stands for a word that no pieces make up.
    pub(super) fn unknown(&self) -> Token {
        self.unknown
    }

    /// The longest piece that `rest` starts with, and its length in bytes.
    pub(super) fn longest(&self, rest: &[u8], place: Place) -> Option<(Token, usize)> {
        let mut node = match place {
            Place::Start => 0,
            Place::Inside => self.continues,
        };
        let mut longest = None;
        for (at, &byte) in rest.iter().enumerate() {
            let Some(child) = self.child(node, byte) else { break };
            node = child;
            if let Some(token) = self.token(node) {
                longest = Some((token, at + 1));
            }
        }
        longest
    }

    fn walk(&self, from: usize, bytes: &[u8]) -> Option<usize> {
        bytes.iter().try_fold(from, |node, &byte| self.child(node, byte))
    }

    fn child(&self, node: usize, byte: u8) -> Option<usize> {
        let start = self.first_of(node)?;
        let labels = self.labels.get(start..self.first_of(node + 1)?)?;
        // Few nodes have many children, and those that have are at the root of one of the two trees.
        let at = if labels.len() > 16 {
            labels.binary_search(&byte).ok()?
        } else {
            labels.iter().position(|&label| label == byte)?
        };
        Some(start + at)
    }

    fn first_of(&self, node: usize) -> Option<usize> {
        self.first.get(node).map(|&bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn token(&self, node: usize) -> Option<Token> {
        let token = u16::from_le_bytes(*self.tokens.get(node)?);
        (token != NO_TOKEN).then_some(token)
    }
}

/// Where in a word a piece stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The word's first piece.
    Start,
    /// Any later one.
    Inside,
}
