//! Finds a program's lines in the table without reading the others: most processes ask for a program or two, and
//! somebody waits for each.

use super::Row;
use super::load::{self, LoadError};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// `names sub,sub | words`; a line that begins with blanks goes on the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) names: &'static str,
    pub(crate) words: &'static str,
}

/// The table's text, and where each name stands in it.
pub(crate) struct Index {
    text: &'static str,
    /// The hash of each name, and at the same place in the other list where its line begins.
    hashes: Vec<u32>,
    starts: Vec<usize>,
    /// Rows that somebody asked for. They stay: there are as many as programs in the table.
    rows: RwLock<HashMap<&'static str, &'static Row>>,
}

/// About as many names as the table has.
const NAMES: usize = 2_048;

impl Index {
    pub(crate) fn of(text: &'static str) -> Self {
        let (mut hashes, mut starts) = (Vec::with_capacity(NAMES), Vec::with_capacity(NAMES));
        let mut rest = text.as_bytes();
        // By bytes, since it is done at each start of the program, and once.
        while let Some(&first) = rest.first() {
            let start = text.len() - rest.len();
            if !matches!(first, b' ' | b'\t' | b'#' | b'\n' | b'\r') {
                let mut name = SEED;
                for byte in rest {
                    match byte {
                        b',' | b' ' | b'\n' => {
                            hashes.push(std::mem::replace(&mut name, SEED));
                            starts.push(start);
                            if *byte != b',' {
                                break;
                            }
                        }
                        byte => name = step(name, *byte),
                    }
                }
            }
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            rest = &rest[end..];
        }
        Self { text, hashes, starts, rows: RwLock::default() }
    }

    /// The row of a program, where the table names it.
    pub(crate) fn row(&self, name: &str) -> Option<Result<&'static Row, LoadError>> {
        if let Some(row) = self.rows.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Some(Ok(row));
        }
        let (name, lines) = self.lines(name)?;
        Some(load::row(name, &lines).map(|row| {
            let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
            // Whoever was first made the one that stays.
            *rows.entry(name).or_insert_with(|| Box::leak(Box::new(row)))
        }))
    }

    /// Every name, as often as it stands there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.text.lines().filter(|line| begins_row(line)).flat_map(names_of)
    }

    fn lines(&self, name: &str) -> Option<(&'static str, Vec<Line>)> {
        let wanted = hash(name);
        let (mut found, mut lines) = (None, Vec::new());
        for (_, &start) in self.hashes.iter().zip(&self.starts).filter(|(hash, _)| **hash == wanted) {
            let mut rest = self.text[start..].lines();
            let first = rest.next().unwrap_or_default();
            let Some(here) = names_of(first).find(|here| *here == name) else { continue };
            found = Some(here);
            let (names, words) = first.split_once(" |").unwrap_or((first, ""));
            lines.push(Line { names, words });
            let more = rest.take_while(|line| !begins_row(line));
            let more = more.filter(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
            lines.extend(more.map(|words| Line { names, words }));
        }
        found.map(|name| (name, lines))
    }
}

fn begins_row(line: &str) -> bool {
    !line.starts_with([' ', '\t', '#', '\n', '\r']) && !line.is_empty()
}

/// The programs that a line is about.
fn names_of(line: &'static str) -> impl Iterator<Item = &'static str> {
    line.split([' ', '\n']).next().unwrap_or_default().split(',')
}

/// FNV-1a. Names that meet in it are told apart by themselves.
fn hash(name: &str) -> u32 {
    name.bytes().fold(SEED, step)
}

const SEED: u32 = 0x811c_9dc5;

fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# words\na,b | stop\n  wrap\n# between\n\t\nb sub | plain\nc\n";

    #[test]
    fn a_programs_lines_are_found_and_no_others() {
        let index = Index::of(TEXT);
        let words = |name| {
            let (_, lines) = index.lines(name)?;
            Some(lines.iter().map(|line| (line.names, line.words.trim())).collect::<Vec<_>>())
        };
        assert_eq!(words("a"), Some(vec![("a,b", "stop"), ("a,b", "wrap")]));
        assert_eq!(words("b"), Some(vec![("a,b", "stop"), ("a,b", "wrap"), ("b sub", "plain")]));
        assert_eq!(words("c"), Some(vec![("c", "")]));
        for none in ["d", "sub", "", "#", "a,b", "words"] {
            assert_eq!(words(none), None, "{none}");
        }
        assert_eq!(index.names().collect::<Vec<_>>(), ["a", "b", "b", "c"]);
    }

    #[test]
    fn a_row_is_made_once_and_a_wrong_word_makes_none() {
        let index = Index::of("a | stop\nb | no-such-word\n");
        let row = || index.row("a").unwrap().unwrap();
        assert!(std::ptr::eq(row(), row()) && row().stop);
        assert!(index.row("b").unwrap().is_err());
    }
}
