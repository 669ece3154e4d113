use super::vocabulary::{Place, Vocabulary};
use super::words::each_word;

/// The number of a word piece in the vocabulary.
pub type Token = u16;

/// A word with more characters than this is unknown as a whole, as it was to the teacher.
const MAX_WORD_CHARS: usize = 100;

/// Cuts text into word pieces exactly as BERT's uncased tokenizer does: cleaned, ideographs apart,
/// decomposed, without accents, in lower case, cut at blanks and punctuation, then the longest known piece
/// first. No token marks the start or the end, and text that spells out such a token is text.
#[derive(Clone, Copy)]
pub struct Tokenizer {
    vocabulary: Vocabulary,
}

impl Tokenizer {
    pub(crate) fn new(vocabulary: Vocabulary) -> Self {
        Self { vocabulary }
    }

    /// The tokens of `text`, in order.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
        each_word(text, |word| self.pieces(word, &mut tokens));
        tokens
    }

    fn pieces(&self, word: &str, tokens: &mut Vec<Token>) {
        let before = tokens.len();
        if word.len() > MAX_WORD_CHARS && word.chars().count() > MAX_WORD_CHARS {
            tokens.push(self.vocabulary.unknown());
            return;
        }
        let mut rest = word.as_bytes();
        let mut place = Place::Start;
        while !rest.is_empty() {
            let Some((token, bytes)) = self.vocabulary.longest(rest, place) else {
                tokens.truncate(before);
                tokens.push(self.vocabulary.unknown());
                return;
            };
            tokens.push(token);
            rest = &rest[bytes..];
            place = Place::Inside;
        }
    }
}
