use super::Damage;
use crate::model::{Draft, LinkKind, Strength};
use keep_types::{Id, MemoryKind, Namespace, Timestamp};
use std::fmt;

/// A memory as another program or a person's file has it. What is said of it there raises nothing: the
/// engine gives it the trust that whoever imports it may give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incoming {
    /// What links of the same file call it.
    pub key: Option<String>,
    /// The id it has, where it was once exported from here.
    pub id: Option<Id<MemoryKind>>,
    /// Where it lived.
    pub namespace: Option<Namespace>,
    /// What it says.
    pub draft: Draft,
    /// When it was first written down.
    pub recorded_at: Option<Timestamp>,
    /// It was retired there: superseded, or put away.
    pub retired_at: Option<Timestamp>,
}

/// A link between two memories of a file, by their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingLink {
    /// The key of the one it goes out from.
    pub from: String,
    /// The key of the one it leads to. It may stand later in the file, or nowhere.
    pub to: String,
    /// How the first bears on the second.
    pub kind: LinkKind,
    /// How strong it is.
    pub strength: Strength,
    /// Why it was made; another program's own word for it, where that has no kind here.
    pub reason: Option<String>,
}

/// Something that a file says and a memory has no place for. Nothing is dropped without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The line, counted from one.
    pub line: u64,
    /// What was left out or changed.
    pub what: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// What one place of a file gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// A memory, and the line it starts in.
    Memory(u64, Box<Incoming>),
    /// A link.
    Link(u64, IncomingLink),
    /// What could not be mapped.
    Remark(Remark),
    /// What could not be read.
    Damage(Damage),
}

impl Read {
    pub(super) fn remark(line: u64, what: impl Into<String>) -> Self {
        Self::Remark(Remark { line, what: what.into() })
    }
}
