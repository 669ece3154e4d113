//! What a change is, as text.

use super::changes::Change;
use super::error::LayerError;
use super::fresh::Layer;
use super::node::{Kind, Node};
use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff as Hunks, InternedInput, UnifiedDiffConfig};
use std::fs::File;
use std::io::{self, Read};

/// How large a difference may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffLimits {
    /// Larger files are not compared line by line.
    pub file_bytes: u64,
    /// The text is cut at the end of a line before this.
    pub text_bytes: usize,
}

impl Default for DiffLimits {
    fn default() -> Self {
        Self { file_bytes: 4 << 20, text_bytes: 64 << 10 }
    }
}

/// The content of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diff {
    /// Lines, in the unified form; the bytes are a stranger's and must be made safe for a terminal.
    Text {
        /// The hunks.
        hunks: String,
        /// Whether there is more.
        cut: bool,
    },
    /// At least one side is no text.
    Binary,
    /// At least one side is too large.
    Large,
    /// Neither side is a file.
    NoFile,
}

impl Layer {
    /// How a file's content differs.
    ///
    /// # Errors
    /// When a side cannot be read.
    pub fn diff(&self, change: &Change, limits: DiffLimits) -> Result<Diff, LayerError> {
        let is_file = |node: &Option<Node>| node.as_ref().is_some_and(|node| node.kind == Kind::File);
        let (was, is) = (is_file(&change.before), is_file(&change.after));
        if !was && !is {
            return Ok(Diff::NoFile);
        }
        let old =
            if was { read(self.lower.file(&change.path), limits) } else { Ok(Side::Text(String::new())) };
        let old = old.map_err(|e| self.lower.fault("reading", &change.path, e))?;
        let new =
            if is { read(self.upper.own_file(&change.path), limits) } else { Ok(Side::Text(String::new())) };
        let new = new.map_err(|e| self.upper.fault("reading", &change.path, e))?;
        Ok(match (old, new) {
            (Side::Large, _) | (_, Side::Large) => Diff::Large,
            (Side::Binary, _) | (_, Side::Binary) => Diff::Binary,
            (Side::Text(old), Side::Text(new)) => compare(&old, &new, limits.text_bytes),
        })
    }
}

enum Side {
    Text(String),
    Binary,
    Large,
}

fn read(file: io::Result<File>, limits: DiffLimits) -> io::Result<Side> {
    let mut bytes = Vec::new();
    let length = file?.take(limits.file_bytes + 1).read_to_end(&mut bytes)? as u64;
    if length > limits.file_bytes {
        return Ok(Side::Large);
    }
    if bytes.contains(&0) {
        return Ok(Side::Binary);
    }
    Ok(String::from_utf8(bytes).map_or(Side::Binary, Side::Text))
}

fn compare(old: &str, new: &str, limit: usize) -> Diff {
    let input = InternedInput::new(old, new);
    let mut found = Hunks::compute(Algorithm::Histogram, &input);
    found.postprocess_lines(&input);
    let printer = BasicLineDiffPrinter(&input.interner);
    let mut hunks = found.unified_diff(&printer, UnifiedDiffConfig::default(), &input).to_string();
    let cut = hunks.len() > limit;
    if cut {
        let end = hunks.as_bytes()[..limit].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        hunks.truncate(end);
    }
    Diff::Text { hunks, cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_cut_at_a_line() {
        let old = "a\nb\nc\n";
        assert_eq!(
            compare(old, "a\nx\nc\n", 1000),
            Diff::Text { hunks: "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n".into(), cut: false }
        );
        assert_eq!(
            compare(old, "a\nx\nc\n", 22),
            Diff::Text { hunks: "@@ -1,3 +1,3 @@\n a\n-b\n".into(), cut: true }
        );
    }
}
