//! Keep's own form: a line that says what it is, and then one JSON value a line. Nothing is lost: what was
//! written is read back equal.
//!
//! ```text
//! {"keep":"memories","format":1,"exported_at":"2026-11-21T09:30:00.000Z"}
//! {"memory":{"id":"mem_…","namespace":"global","version":2,…}}
//! {"version":{"id":"mem_…","version":1,…}}
//! {"link":{"from":"mem_…","to":"mem_…","kind":"extends",…}}
//! ```
//!
//! A memory comes before its older versions. A field that this program does not know is refused rather than
//! lost; a file of a later format is refused as a whole.

use super::Damage;
use super::lines::Lines;
use crate::model::{Link, Memory};
use keep_types::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::io::{self, BufRead, Write};

/// The format that is written, and the last that is read.
pub const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    keep: String,
    format: u32,
    exported_at: Timestamp,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A memory as it is now.
    Memory(Box<Memory>),
    /// How a memory read before an edit: all of it, with the number and the moment of that version.
    Version(Box<Memory>),
    /// A link.
    Link(Link),
}

/// Writes the first line.
///
/// # Errors
/// When writing fails.
pub fn write_header(out: &mut impl Write, exported_at: Timestamp) -> io::Result<()> {
    let header = Header { keep: "memories".to_owned(), format: FORMAT, exported_at };
    serde_json::to_writer(&mut *out, &header)?;
    out.write_all(b"\n")
}

/// Writes one further line.
///
/// # Errors
/// When writing fails.
pub fn write_line(out: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Reads a file line by line. A damaged line is an error and the next is read all the same, except where
/// the first line is no header of this format: then there is one error and nothing else.
pub struct Reader<R> {
    lines: Lines<R>,
    state: State,
}

enum State {
    Header,
    Lines,
    Over,
}

impl<R: BufRead> Reader<R> {
    /// A reader of this file.
    pub fn new(from: R) -> Self {
        Self { lines: Lines::new(from), state: State::Header }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    /// The line's number and what stands there.
    type Item = Result<(u64, Line), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if matches!(self.state, State::Over) {
                return None;
            }
            let read = self.lines.next();
            if matches!(self.state, State::Header) {
                match header(read) {
                    Ok(()) => self.state = State::Lines,
                    Err(damage) => {
                        self.state = State::Over;
                        return Some(Err(damage));
                    }
                }
                continue;
            }
            let (number, line) = read?;
            match line {
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => return Some(strictly(&line, number).map(|line| (number, line))),
                Err(damage) => return Some(Err(damage)),
            }
        }
    }
}

fn header(first: Option<(u64, Result<String, Damage>)>) -> Result<(), Damage> {
    let no_header = |what: &str| Damage::new(1, 1, what);
    let (_, line) = first.ok_or_else(|| no_header("the file is empty"))?;
    let line = line?;
    // The format is looked at first: a later one may have other fields.
    let format = serde_json::from_str::<Value>(&line).ok().filter(|value| value["keep"] == "memories");
    match format.as_ref().map(|value| value["format"].as_u64()) {
        Some(Some(format)) if format > u64::from(FORMAT) => {
            return Err(no_header(&format!(
                "the file has format {format}; this program reads up to {FORMAT}"
            )));
        }
        Some(Some(1..)) => {}
        _ => return Err(no_header("this is no export of memories: its first line does not say so")),
    }
    serde_json::from_str::<Header>(&line).map(drop).map_err(|why| Damage::json(&line, 1, &why))
}

/// Reads a value and refuses every field that reading it would lose. The types take and skip unknown fields,
/// so what was read is written again and compared.
pub(super) fn strictly<T: DeserializeOwned + Serialize>(text: &str, line: u64) -> Result<T, Damage> {
    let value: T = serde_json::from_str(text).map_err(|why| Damage::json(text, line, &why))?;
    let again = serde_json::to_value(&value).map_err(|why| Damage::json(text, line, &why))?;
    let given: Value = serde_json::from_str(text).map_err(|why| Damage::json(text, line, &why))?;
    match lost(&given, &again) {
        None => Ok(value),
        Some(field) => {
            let at = text.find(&format!("\"{field}\"")).unwrap_or_default();
            let column = text[..at].chars().count() as u64 + 1;
            Err(Damage::new(line, column, format!("the field {field:?} is not known")))
        }
    }
}

/// The first field of `given` that `again` lacks. One that says nothing (null) may be missing.
fn lost<'v>(given: &'v Value, again: &Value) -> Option<&'v str> {
    match (given, again) {
        (Value::Object(given), Value::Object(again)) => {
            given.iter().find_map(|(name, value)| match again.get(name) {
                Some(kept) => lost(value, kept),
                None if value.is_null() => None,
                None => Some(name.as_str()),
            })
        }
        (Value::Array(given), Value::Array(again)) => given.iter().zip(again).find_map(|(a, b)| lost(a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portable::tests::{link, memory};

    fn file(lines: &[Line]) -> Vec<u8> {
        let mut out = Vec::new();
        write_header(&mut out, Timestamp::from_ms(1_000)).unwrap();
        for line in lines {
            write_line(&mut out, line).unwrap();
        }
        out
    }

    #[test]
    fn what_was_written_is_read() {
        let mut old = memory(1);
        old.text = "as it was\nbefore \u{2028} \"quoted\"".to_owned();
        let lines = [
            Line::Memory(Box::new(memory(1))),
            Line::Version(Box::new(old)),
            Line::Memory(Box::new(memory(2))),
            Line::Link(link(1, 2)),
        ];
        let read: Result<Vec<_>, _> = Reader::new(file(&lines).as_slice()).collect();
        assert_eq!(read.unwrap(), (2..).zip(lines).collect::<Vec<_>>());
    }

    #[test]
    fn damage_costs_its_line_only_and_says_where() {
        let good = String::from_utf8(file(&[Line::Memory(Box::new(memory(1)))])).unwrap();
        let line = good.lines().nth(1).unwrap();
        let text = format!(
            "{good}{}\n\nnot json\n{line}\n{}\n",
            line.replace("\"pinned\"", "\"colour\":\"red\",\"pinned\""),
            line.replace("\"importance\":5", "\"importance\":50"),
        );
        let read: Vec<_> = Reader::new(text.as_bytes()).collect();
        assert_eq!(read.len(), 5);
        let damage = |at: usize| read[at].as_ref().unwrap_err().clone();
        assert_eq!((damage(1).line, damage(1).what.as_str()), (3, "the field \"colour\" is not known"));
        let before = &line[..line.find("\"pinned\"").unwrap()];
        assert_eq!(damage(1).column as usize, before.chars().count() + 1);
        assert_eq!((damage(2).line, damage(2).column), (5, 1));
        assert_eq!(read[3].as_ref().unwrap().0, 6);
        assert_eq!((damage(4).line, damage(4).what.as_str()), (7, "importance goes from 1 to 10"));
    }

    #[test]
    fn nested_fields_are_not_lost_either() {
        let good = String::from_utf8(file(&[Line::Memory(Box::new(memory(1)))])).unwrap();
        let line = good.lines().nth(1).unwrap().replace("\"valid\":{", "\"valid\":{\"maybe\":1,");
        assert_eq!(strictly::<Line>(&line, 9).unwrap_err().what, "the field \"maybe\" is not known");
    }

    #[test]
    fn another_file_is_refused_as_a_whole() {
        for (first, says) in [
            ("", "empty"),
            ("{}", "no export"),
            ("{\"type\":\"entity\",\"name\":\"x\"}", "no export"),
            ("{\"keep\":\"memories\",\"format\":2,\"new\":1}", "format 2"),
            ("{\"keep\":\"memories\",\"format\":0}", "no export"),
            (
                "{\"keep\":\"memories\",\"format\":1,\"exported_at\":\"1970-01-01T00:00:01.000Z\",\"x\":1}",
                "unknown field",
            ),
        ] {
            let text =
                if first.is_empty() { String::new() } else { format!("{first}\n{{\"memory\":{{}}}}\n") };
            let read: Vec<_> = Reader::new(text.as_bytes()).collect();
            assert_eq!(read.len(), 1, "{first}");
            assert!(read[0].as_ref().unwrap_err().what.contains(says), "{first}: {read:?}");
        }
    }
}
