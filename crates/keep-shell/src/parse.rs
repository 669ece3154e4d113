//! The parser, wrapped: a text becomes a tree or a reason, never a panic.

use brush_parser::ast::Program;
use brush_parser::{ParserOptions, parse_tokens, uncached_tokenize_str};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a text could not be read as bash would read it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unparsable {
    #[error("bash syntax that cannot be read: {0}")]
    Syntax(String),
    #[error("the parser failed on this text")]
    Broke,
}

/// Parses a text as a script.
pub(crate) fn parse(text: &str) -> Result<Program, Unparsable> {
    // The parser is not ours and its grammar is large. A panic in it is one more text that cannot
    // be read.
    catch_unwind(AssertUnwindSafe(|| {
        let options = ParserOptions::default();
        let tokens = uncached_tokenize_str(text, &options.tokenizer_options())
            .map_err(|why| Unparsable::Syntax(why.to_string()))?;
        parse_tokens(&tokens, &options).map_err(|why| Unparsable::Syntax(why.to_string()))
    }))
    .unwrap_or(Err(Unparsable::Broke))
}
