//! Memories as files: out for others to read, and in from what others wrote. Pure: readers and writers of
//! text; what becomes of what was read is the engine's to decide.
//!
//! - [`own`]: one JSON value a line, lossless.
//! - [`markdown`]: text with front matter, one memory a file or many, for people and their editors.
//! - [`mnemosyne`]: what `mnemosyne export` writes, as JSON or JSON lines.
//! - [`graph_server`]: the file of the Model Context Protocol's reference memory server, in and out.
//!
//! Every reader is an iterator that gives what it understood and, for what it did not, a [`Damage`] with
//! its line and column, and goes on with the next. Whoever wants all or nothing stops at the first.

pub mod graph_server;
mod incoming;
mod lines;
pub mod markdown;

pub mod mnemosyne;
pub mod own;
mod pieces;

pub use incoming::{Incoming, IncomingLink, Read, Remark};
pub use lines::{Damage, MOST_LINE_BYTES};

#[cfg(test)]
pub(crate) mod tests {
    use crate::model::{Link, LinkKind, Memory, Source, Validity};
    use keep_types::{Id, MemoryKind, Timestamp, Trust};

    pub(crate) fn id(number: u8) -> Id<MemoryKind> {
        Id::from_parts(Timestamp::from_ms(1_700_000_000_000), [number; 10])
    }

    /// A memory with all that one can have.
    pub(crate) fn memory(number: u8) -> Memory {
        let json = serde_json::json!({
            "id": id(number), "namespace": "project:app", "version": 2, "kind": "decision", "title": "A title",
            "text": format!("what it says, {number}"), "tags": ["db", "http"], "importance": 5, "confidence": 0.5,
            "trust": "agent", "source": {"from": "caller"}, "written_by": "agent:ann", "speaker": "Ann",
            "said_at": "2026-01-02T03:04:05.006Z", "valid": {"from": "2026-01-01T00:00:00.000Z"},
            "recorded_at": "2026-01-03T00:00:00.000Z", "edited_at": "2026-01-04T00:00:00.000Z",
            "retired_at": null, "expires_at": "2027-01-01T00:00:00.000Z", "pinned": true, "quarantine": null,
            "flag": "it reads so", "recalls": 3, "recalled_at": "2026-01-05T00:00:00.000Z"
        });
        let mut memory: Memory = serde_json::from_value(json).unwrap();
        memory.source = Source::File { path: "a b/ü.md".to_owned(), line: Some(3) };
        memory.trust = Trust::Document;
        assert_ne!(memory.valid, Validity::default());
        memory
    }

    pub(crate) fn link(from: u8, to: u8) -> Link {
        Link {
            from: id(from),
            to: id(to),
            kind: LinkKind::Extends,
            strength: 0.5.try_into().unwrap(),
            reason: Some("because".to_owned()),
            made_at: Timestamp::from_ms(5),
            made_by: "user:ann".parse().unwrap(),
        }
    }
}
