//! Memories as Markdown with front matter, for people and their editors: one a file, or many in one.
//!
//! ```text
//! ---
//! id: "mem_…"
//! kind: "decision"
//! title: "A database for the ledger"
//! tags: ["db","ledger"]
//! ---
//!
//! We chose SQLite, because …
//! ```
//!
//! What is written is YAML whose values are JSON, so that editors understand it and nothing is lost in
//! quoting. What is read may be written by hand: words without quotation marks, and lists with dashes.
//! A text in a file with many could itself hold the beginning of a memory; there a line of three dashes gets
//! a backslash before it, and loses it when it is read.

mod front;
mod write;

pub use write::{write_all, write_one};

use super::lines::{Damage, Lines};
use super::{Incoming, IncomingLink, Read};
use crate::model::{Draft, Source};
use front::{Field, Fields};
use std::collections::VecDeque;
use std::io::BufRead;

/// Reads a file: as many memories where it begins several as [`write_all`] does, else as one.
#[must_use]
pub fn read(text: &str, path: &str) -> Vec<Read> {
    let lines: Vec<&str> = text.lines().collect();
    let begun = lines.windows(2).filter(|pair| pair[0] == "---" && pair[1].starts_with("id: ")).count();
    if begun > 1 { Reader::new(text.as_bytes(), path).collect() } else { read_one(text, path) }
}

/// Reads one file as one memory. A file without front matter is all text, with its first heading as the
/// title. `path` is where it comes from, when it does not say so itself.
#[must_use]
pub fn read_one(text: &str, path: &str) -> Vec<Read> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = VecDeque::new();
    let Some((front, body, first)) = split(text) else {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let title =
            lines.next().and_then(|line| line.strip_prefix("# ")).map(|title| title.trim().to_owned());
        let source = Source::File { path: path.to_owned(), line: None };
        let draft = Draft { text: text.trim_end().to_owned(), title, source, ..Draft::default() };
        return vec![Read::Memory(1, Box::new(Incoming { draft, ..Incoming::default() }))];
    };
    take(&front::fields(front, 2), unframed(body).to_owned(), 1, path, &mut out);
    if out.is_empty() {
        out.push_back(Read::Damage(Damage::new(first, 1, "the file holds no memory")));
    }
    out.into()
}

/// The front matter, the text after it, and the line that text starts in.
fn split(text: &str) -> Option<(&str, &str, u64)> {
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let mut at = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            return Some((&rest[..at], &rest[at + line.len()..], number as u64 + 3));
        }
        at += line.len();
    }
    None
}

/// A text without the empty line before it and the line's end after it, which writing put there.
fn unframed(body: &str) -> &str {
    let body = body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n')).unwrap_or(body);
    body.strip_suffix("\r\n").or_else(|| body.strip_suffix('\n')).unwrap_or(body)
}

/// Reads a file with many memories, each with front matter.
pub struct Reader<R> {
    lines: Lines<R>,
    ready: VecDeque<Read>,
    path: String,
    /// The line of three dashes that the next memory begins with was read already.
    begun: Option<u64>,
}

impl<R: BufRead> Reader<R> {
    /// A reader of this file, which lies at `path`.
    pub fn new(from: R, path: &str) -> Self {
        Self { lines: Lines::new(from), ready: VecDeque::new(), path: path.to_owned(), begun: None }
    }

    /// Reads up to the next line of three dashes; its number, if there is one.
    fn until_dashes(&mut self, into: &mut String) -> Result<Option<u64>, Damage> {
        let mut damage = None;
        for (number, line) in &mut self.lines {
            match line {
                Ok(line) if line.trim_end() == "---" => return damage.map_or(Ok(Some(number)), Err),
                Ok(line) if into.len() + line.len() > super::MOST_LINE_BYTES => {
                    let what = format!("the memory is longer than {} bytes", super::MOST_LINE_BYTES);
                    damage.get_or_insert(Damage::new(number, 1, what));
                }
                Ok(line) => into.push_str(&line),
                Err(found) => _ = damage.get_or_insert(found),
            }
        }
        damage.map_or(Ok(None), Err)
    }

    /// One memory: its front matter, and its text up to where the next begins.
    fn one(&mut self, start: u64) -> Result<(), Damage> {
        let (mut front, mut body) = (String::new(), String::new());
        if self.until_dashes(&mut front)?.is_none() {
            return Err(Damage::new(start, 1, "the front matter does not end"));
        }
        self.begun = self.until_dashes(&mut body)?;
        // Between two memories stands one empty line more.
        let text = unframed(&body);
        let text = if self.begun.is_some() { text.strip_suffix('\n').unwrap_or(text) } else { text };
        let text = write::unescaped(text);
        take(&front::fields(&front, start + 1), text, start, &self.path, &mut self.ready);
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        while self.ready.is_empty() {
            let start = match self.begun.take() {
                Some(number) => number,
                None => {
                    let mut before = String::new();
                    match self.until_dashes(&mut before) {
                        Ok(Some(number)) => {
                            if !before.trim().is_empty() {
                                self.ready.push_back(Read::remark(
                                    1,
                                    "what stands before the first memory is left out",
                                ));
                            }
                            number
                        }
                        Ok(None) if before.trim().is_empty() => return None,
                        Ok(None) => {
                            return Some(Read::Damage(Damage::new(1, 1, "the file holds no front matter")));
                        }
                        Err(damage) => return Some(Read::Damage(damage)),
                    }
                }
            };
            if let Err(damage) = self.one(start) {
                return Some(Read::Damage(damage));
            }
        }
        self.ready.pop_front()
    }
}

/// What is written for others to read, and follows from whoever imports it or from what happens then.
const LEFT: &[&str] = &[
    "version",
    "written_by",
    "edited_by",
    "edited_at",
    "quarantine",
    "flag",
    "recalls",
    "recalled_at",
    "cssclasses",
    "publish",
];

/// Turns front matter and text into a memory and its links.
fn take(fields: &Fields, text: String, line: u64, path: &str, out: &mut VecDeque<Read>) {
    let mut remarks = Vec::new();
    let mut memory = Incoming::default();
    memory.draft.text = text;
    memory.draft.source = Source::File {
        path: path.to_owned(),
        line: (line > 1).then(|| u32::try_from(line).unwrap_or(u32::MAX)),
    };
    let mut links = Vec::new();
    for field in &fields.known {
        if let Err(damage) = set(field, &mut memory, &mut links, &mut remarks) {
            // A field that is damaged keeps the whole memory out: half of one is not what was written.
            out.push_back(Read::Damage(damage));
            return;
        }
    }
    if let Some(damage) = &fields.damage {
        out.push_back(Read::Damage(damage.clone()));
        return;
    }
    memory.key = memory.id.map(|id| id.to_string());
    let from = memory.key.clone();
    out.push_back(Read::Memory(line, Box::new(memory)));
    for (at, link) in links {
        out.push_back(match &from {
            Some(from) => Read::Link(at, IncomingLink { from: from.clone(), ..link }),
            None => Read::remark(at, "a link of a memory without an id leads from nowhere"),
        });
    }
    out.extend(remarks.into_iter().map(|(at, what)| Read::remark(at, what)));
}

/// Sets what one field says.
fn set(
    field: &Field,
    memory: &mut Incoming,
    links: &mut Vec<(u64, IncomingLink)>,
    remarks: &mut Vec<(u64, String)>,
) -> Result<(), Damage> {
    let draft = &mut memory.draft;
    match field.name.as_str() {
        _ if field.value.is_null() => {}
        "id" => memory.id = field.read()?,
        "namespace" => memory.namespace = field.read()?,
        "kind" | "type" => draft.kind = field.read()?,
        "title" => draft.title = Some(field.text()?),
        "tags" | "tag" => draft.tags = field.words()?,
        "importance" => draft.importance = field.read()?,
        "confidence" => draft.confidence = field.read()?,
        "trust" => draft.trust = Some(field.read()?),
        "source" => draft.source = field.read()?,
        "speaker" => draft.speaker = Some(field.text()?),
        "said_at" => draft.said_at = field.moment()?,
        "valid_from" => draft.valid.from = field.moment()?,
        "valid_to" => draft.valid.to = field.moment()?,
        "recorded_at" | "created" | "date" => memory.recorded_at = field.moment()?,
        "retired_at" => memory.retired_at = field.moment()?,
        "expires_at" => draft.expires_at = field.moment()?,
        "pinned" => draft.pinned = field.read()?,
        "links" => links.extend(write::read_links(field)?.into_iter().map(|link| (field.line, link))),
        known if LEFT.contains(&known) => {}
        other => remarks.push((field.line, format!("the field {other:?} has no place here and is left out"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
