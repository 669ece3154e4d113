//! Writing, and what must come back from it unchanged.

use super::front::Field;
use crate::model::{Link, LinkKind, Memory, Strength};
use crate::portable::{Damage, IncomingLink};
use keep_types::{Id, MemoryKind};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{self, Write};

/// A link as front matter has it; the other end is the memory itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    to: Id<MemoryKind>,
    kind: LinkKind,
    #[serde(default)]
    strength: Strength,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn read_links(field: &Field) -> Result<Vec<IncomingLink>, Damage> {
    let links: Vec<To> = field.read()?;
    let incoming = |To { to, kind, strength, reason }| IncomingLink {
        from: String::new(),
        to: to.to_string(),
        kind,
        strength,
        reason,
    };
    Ok(links.into_iter().map(incoming).collect())
}

/// Writes one memory as a file of its own, with the links that go out from it.
///
/// # Errors
/// When writing fails.
pub fn write_one(out: &mut impl Write, memory: &Memory, links: &[Link]) -> io::Result<()> {
    front(out, memory, links)?;
    writeln!(out, "{}", memory.text)
}

/// Writes many into one file; `links` are all of theirs.
///
/// # Errors
/// When writing fails.
pub fn write_all<'m>(
    out: &mut impl Write,
    memories: impl IntoIterator<Item = &'m Memory>,
    links: &[Link],
) -> io::Result<()> {
    for (number, memory) in memories.into_iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        front(out, memory, links)?;
        writeln!(out, "{}", escaped(&memory.text))?;
    }
    Ok(())
}

fn front(out: &mut impl Write, memory: &Memory, links: &[Link]) -> io::Result<()> {
    let links: Vec<To> = links
        .iter()
        .filter(|link| link.from == memory.id)
        .map(|link| To { to: link.to, kind: link.kind, strength: link.strength, reason: link.reason.clone() })
        .collect();
    writeln!(out, "---")?;
    field(out, "id", &memory.id)?;
    field(out, "namespace", &memory.namespace)?;
    field(out, "kind", &memory.kind)?;
    some(out, "title", memory.title.as_ref())?;
    field(out, "tags", &memory.tags)?;
    field(out, "importance", &memory.importance)?;
    field(out, "confidence", &memory.confidence)?;
    field(out, "trust", &memory.trust)?;
    field(out, "source", &memory.source)?;
    field(out, "written_by", &memory.written_by)?;
    some(out, "speaker", memory.speaker.as_ref())?;
    some(out, "said_at", memory.said_at.as_ref())?;
    some(out, "valid_from", memory.valid.from.as_ref())?;
    some(out, "valid_to", memory.valid.to.as_ref())?;
    field(out, "recorded_at", &memory.recorded_at)?;
    field(out, "version", &memory.version)?;
    field(out, "edited_at", &memory.edited_at)?;
    some(out, "retired_at", memory.retired_at.as_ref())?;
    some(out, "expires_at", memory.expires_at.as_ref())?;
    field(out, "pinned", &memory.pinned)?;
    some(out, "quarantine", memory.quarantine.as_ref())?;
    some(out, "flag", memory.flag.as_ref())?;
    some(out, "links", (!links.is_empty()).then_some(&links))?;
    writeln!(out, "---\n")
}

fn some<T: Serialize>(out: &mut impl Write, name: &str, value: Option<&T>) -> io::Result<()> {
    value.map_or(Ok(()), |value| field(out, name, value))
}

fn field<T: Serialize>(out: &mut impl Write, name: &str, value: &T) -> io::Result<()> {
    write!(out, "{name}: ")?;
    // JSON escapes control characters; the two line separators, which YAML takes for line ends, it does not.
    let json = serde_json::to_string(value)?
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .replace('\u{85}', "\\u0085");
    writeln!(out, "{json}")
}

/// A line of three dashes, with as many backslashes before it as there may be.
fn is_dashes(line: &str) -> bool {
    line.trim_end().trim_start_matches('\\') == "---"
}

/// The text with a backslash before each line that could be taken for a memory's beginning.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.split('\n').any(is_dashes) {
        return Cow::Borrowed(text);
    }
    let lines =
        text.split('\n').map(|line| if is_dashes(line) { format!("\\{line}") } else { line.to_owned() });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// The text as it was before [`escaped`].
pub(super) fn unescaped(text: &str) -> String {
    let lines = text
        .split('\n')
        .map(|line| if is_dashes(line) { line.strip_prefix('\\').unwrap_or(line) } else { line });
    lines.collect::<Vec<_>>().join("\n")
}
