//! `.env` files: read, written, and rid of what has moved into the vault.
//!
//! The syntax is what the common readers agree on: `NAME=value` with an optional `export`, comments,
//! values in single quotes or backticks (as they are), in double quotes (with the escapes `\n`, `\r`,
//! `\t`, `\"`, `\\` and `\$`) or in none (up to a ` #`). Quoted values may span lines; a line that ends in
//! CR LF is one that ends in LF. Variables are not substituted: `$X` and `${X}` stay as written, because
//! readers disagree about what they mean; [`DotenvEntry::has_reference`] tells of them.

mod scan;

use crate::name::SecretName;
use crate::value::Value;
use scan::{Assignment, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use zeroize::Zeroizing;

/// A longer file is no list of settings that a person keeps.
pub const MAX_DOTENV_BYTES: usize = 1 << 20;

/// One name of a `.env` file and the value it has at the file's end.
#[derive(Clone, Debug)]
pub struct DotenvEntry {
    /// What is assigned.
    pub name: SecretName,
    /// The last value assigned to it; empty when nothing stands behind the `=`.
    pub value: Value,
    line: usize,
    reference: bool,
    /// The bytes of every assignment to this name, line ends included.
    ranges: Vec<Range<usize>>,
}

impl DotenvEntry {
    /// Whether the value refers to another variable, which some readers would have put in its place.
    #[must_use]
    pub fn has_reference(&self) -> bool {
        self.reference
    }

    /// The line, from 1, at which the assignment starts that counts.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// How many times the file assigns to this name.
    #[must_use]
    pub fn assignments(&self) -> usize {
        self.ranges.len()
    }
}

/// What is wrong with a `.env` file. It names lines and secrets, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DotenvError {
    /// Too long.
    #[error("a .env file of more than {MAX_DOTENV_BYTES} bytes")]
    TooLarge,
    /// Neither an assignment nor a comment.
    #[error("line {line} of the .env file is no NAME=value")]
    NoAssignment {
        /// The line, from 1.
        line: usize,
    },
    /// What stands before the `=` names no variable.
    #[error("line {line} of the .env file assigns to something that is no variable's name")]
    BadName {
        /// The line, from 1.
        line: usize,
    },
    /// A quote that nothing closes.
    #[error("the {quote} on line {line} of the .env file is never closed")]
    Unclosed {
        /// The line, from 1, of the opening quote.
        line: usize,
        /// Which quote.
        quote: char,
    },
    /// More text after a closed quote.
    #[error("line {line} of the .env file goes on after the closing quote")]
    AfterQuote {
        /// The line, from 1, of the closing quote.
        line: usize,
    },
    /// Bytes that a `.env` file cannot hold.
    #[error("the value of {name} is no text, so no .env file can hold it")]
    NotText {
        /// Which secret.
        name: SecretName,
    },
}

impl DotenvError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::TooLarge => "split the file, or store large values from files of their own",
            Self::NoAssignment { .. } => "write NAME=value, or make the line a comment with #",
            Self::BadName { .. } => "a name is letters, digits and '_', not starting with a digit",
            Self::Unclosed { .. } => "close the quote, or put the value into quotes of another kind",
            Self::AfterQuote { .. } => "put the whole value between the quotes, or ' #' before a comment",
            Self::NotText { .. } => "leave it out, or store it as base64",
        };
        Some(hint.into())
    }
}

/// Reads a `.env` file. A name that is assigned twice has its last value, as readers of such files
/// see it; the entries stand in the order in which the names first appear.
///
/// # Errors
/// With the line at which the file stops being one.
pub fn parse(bytes: &[u8]) -> Result<Vec<DotenvEntry>, DotenvError> {
    if bytes.len() > MAX_DOTENV_BYTES {
        return Err(DotenvError::TooLarge);
    }
    let assignments: Result<Vec<Assignment>, _> = scan(bytes).collect();
    assignments.map(|all| collect(all.into_iter())).map_err(|(_, error)| error)
}

/// What of a file reads as assignments, and the first thing that does not.
pub(crate) struct Read {
    pub(crate) entries: Vec<DotenvEntry>,
    pub(crate) wrong: Option<(usize, DotenvError)>,
}

/// Reads what can be read, for looking into files that need not be well formed. After a line that is
/// no assignment it goes on with the next.
pub(crate) fn parse_what_reads(bytes: &[u8]) -> Read {
    let mut wrong = None;
    let readable = scan(bytes).filter_map(|item| item.map_err(|error| wrong.get_or_insert(error)).ok());
    let entries = collect(readable);
    Read { entries, wrong }
}

fn collect(assignments: impl Iterator<Item = Assignment>) -> Vec<DotenvEntry> {
    let mut entries: Vec<DotenvEntry> = Vec::new();
    let mut places: BTreeMap<SecretName, usize> = BTreeMap::new();
    for Assignment { name, value, reference, line, range } in assignments {
        match places.get(&name).map(|place| &mut entries[*place]) {
            Some(known) => {
                (known.value, known.reference, known.line) = (value, reference, line);
                known.ranges.push(range);
            }
            None => {
                places.insert(name.clone(), entries.len());
                entries.push(DotenvEntry { name, value, line, reference, ranges: vec![range] });
            }
        }
    }
    entries
}

/// The file without its assignments to these names, with their comments on the same line; everything
/// else stays byte for byte. A file that [`parse`] refuses comes back as it is: where its values end
/// is a guess, and a wrong one would leave half a secret behind.
#[must_use]
pub fn without(bytes: &[u8], names: &BTreeSet<SecretName>) -> Vec<u8> {
    let entries = parse(bytes).unwrap_or_default();
    let gone = entries.iter().filter(|entry| names.contains(&entry.name));
    let mut ranges: Vec<&Range<usize>> = gone.flat_map(|entry| &entry.ranges).collect();
    ranges.sort_by_key(|range| range.start);
    let mut left = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for range in ranges {
        left.extend_from_slice(&bytes[at..range.start]);
        at = range.end;
    }
    left.extend_from_slice(&bytes[at..]);
    left
}

/// A `.env` file of these secrets, one a line, that [`parse`] reads back to the same values.
///
/// # Errors
/// Names the secret whose value is not UTF-8 or holds a NUL, and says when the file grows too long.
pub fn write<'a>(entries: impl Iterator<Item = (&'a SecretName, &'a Value)>) -> Result<Value, DotenvError> {
    let entries: Vec<_> = entries.collect();
    // Escaping at most doubles a value. A buffer that never grows leaves no copies of values behind.
    let room = entries.iter().map(|(name, value)| name.as_str().len() + 2 * value.reveal().len() + 4).sum();
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    for (name, value) in entries {
        let plain = std::str::from_utf8(value.reveal()).ok().filter(|plain| !plain.contains('\0'));
        let plain = plain.ok_or_else(|| DotenvError::NotText { name: name.clone() })?;
        text.extend_from_slice(name.as_str().as_bytes());
        text.push(b'=');
        write_value(&mut text, plain);
        text.push(b'\n');
    }
    if text.len() > MAX_DOTENV_BYTES {
        return Err(DotenvError::TooLarge);
    }
    Ok(Value::new(std::mem::take(&mut *text)))
}

/// Bare where no reader could stumble, in single quotes where those hold it, else escaped.
fn write_value(text: &mut Vec<u8>, value: &str) {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&b);
    if value.bytes().all(is_bare) {
        text.extend_from_slice(value.as_bytes());
    } else if !value.contains(['\'', '\n', '\r', '\\']) {
        // Some readers know escapes in single quotes too, so a backslash goes the other way.
        text.push(b'\'');
        text.extend_from_slice(value.as_bytes());
        text.push(b'\'');
    } else {
        text.push(b'"');
        for byte in value.bytes() {
            match byte {
                b'\n' => text.extend_from_slice(b"\\n"),
                b'\r' => text.extend_from_slice(b"\\r"),
                b'"' | b'\\' | b'$' => text.extend_from_slice(&[b'\\', byte]),
                other => text.push(other),
            }
        }
        text.push(b'"');
    }
}

#[cfg(test)]
mod tests;
