use keep_types::{Id, MemoryKind, Trust};
use serde::{Deserialize, Serialize};

/// Where a memory comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Source {
    /// Whoever wrote it says so.
    #[default]
    Caller,
    /// A turn of a conversation.
    Conversation {
        /// The conversation's name; its turns are remembered in their order.
        conversation: String,
        /// The turn's own name there.
        turn: Option<String>,
    },
    /// A place in a file.
    File {
        /// The file.
        path: String,
        /// The line, counted from one.
        line: Option<u32>,
    },
    /// What a tool put out.
    Tool {
        /// The tool.
        tool: String,
        /// Which call of it.
        call: Option<String>,
    },
    /// Text from outside: a page, a mail, a paper.
    Document {
        /// Where it was found.
        at: String,
    },
    /// Other memories.
    Memories {
        /// These.
        parents: Vec<Id<MemoryKind>>,
    },
}

impl Source {
    /// Where it comes from, in words; other memories are named as `name` does it.
    #[must_use]
    pub fn in_words(&self, name: impl Fn(Id<MemoryKind>) -> String) -> String {
        match self {
            Self::Caller => "as its writer says".into(),
            Self::Conversation { conversation, .. } => format!("from the conversation {conversation}"),
            Self::File { path, line: Some(line) } => format!("from {path}:{line}"),
            Self::File { path, line: None } => format!("from {path}"),
            Self::Tool { tool, .. } => format!("put out by {tool}"),
            Self::Document { at } => format!("text from {at}"),
            Self::Memories { parents } => {
                let names: Vec<_> = parents.iter().map(|id| name(*id)).collect();
                format!("from the memories {}", names.join(" "))
            }
        }
    }

    /// The highest trust that something from there can have, whoever writes it down. What follows from
    /// memories has the lowest of theirs, which the store knows.
    #[must_use]
    pub fn ceiling(&self) -> Trust {
        match self {
            Self::Caller | Self::Conversation { .. } | Self::Memories { .. } => Trust::User,
            Self::Tool { .. } => Trust::Tool,
            Self::File { .. } | Self::Document { .. } => Trust::Document,
        }
    }
}
