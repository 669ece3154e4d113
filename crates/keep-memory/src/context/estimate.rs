use keep_embed::Tokenizer;

/// What the estimate adds to the count of word pieces, in hundredths. Models cut text by other vocabularies
/// than ours; this much covers the difference for prose and code.
const MARGIN_PERCENT: usize = 25;
/// A longer run without blanks is a key, a hash or an address, which models cut into pieces of about
/// two characters.
const LONG_RUN_BYTES: usize = 24;

/// About how many tokens a model counts in this text; rather too many than too few. Our own word pieces are
/// counted, and corrected where they are known to be far off: a line's end and its indent count one each,
/// every letter beyond ASCII counts one, and a long run without blanks half its length.
#[must_use]
pub fn tokens(tokenizer: &Tokenizer, text: &str) -> usize {
    let mut count = 0;
    for line in text.split_inclusive('\n') {
        count += usize::from(line.ends_with('\n')) + usize::from(line.starts_with([' ', '\t']));
        for word in line.split_whitespace() {
            let letters = if word.is_ascii() { 0 } else { word.chars().count() };
            let run = if word.len() > LONG_RUN_BYTES { word.len() / 2 } else { 0 };
            count += tokenizer.tokens(word).len().max(letters).max(run).max(1);
        }
    }
    (count * (100 + MARGIN_PERCENT)).div_ceil(100)
}
