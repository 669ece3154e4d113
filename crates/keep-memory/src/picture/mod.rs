//! A neighbourhood of memories as a picture: for Graphviz, for Mermaid, as JSON, and as a tree in a terminal.
//!
//! A label is whatever somebody once wrote, so each form escapes it in its own way; what a label holds
//! cannot add a node, an edge, an attribute, a link or a line.

mod dot;
mod label;
mod mermaid;
mod tree;

use crate::model::{Link, LinkKind, Memory};
use keep_types::{Id, MemoryKind, Trust};
use serde::Serialize;

/// Memories and the links between them, as seen from one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Picture {
    /// The one in the middle.
    pub centre: Id<MemoryKind>,
    /// The memories, in the order given.
    pub nodes: Vec<Node>,
    /// The links between these.
    pub edges: Vec<Edge>,
}

/// A memory in a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// Its name.
    pub id: Id<MemoryKind>,
    /// What sort of thing it says.
    pub kind: String,
    /// Its title, or how its text begins; one line.
    pub label: String,
    /// How far it may be believed.
    pub trust: Trust,
    /// It is retired.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// A link in a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edge {
    /// What it goes out from.
    pub from: Id<MemoryKind>,
    /// What it leads to.
    pub to: Id<MemoryKind>,
    /// How the first bears on the second.
    pub kind: LinkKind,
    /// How strong it is.
    pub strength: f32,
}

impl Picture {
    /// A picture of these memories. What is in quarantine shows that it is there and not what it says;
    /// links to memories that are not among these are left out.
    #[must_use]
    pub fn new(centre: Id<MemoryKind>, memories: &[Memory], links: &[Link]) -> Self {
        let nodes: Vec<Node> = memories.iter().map(node).collect();
        let shown = |id: Id<MemoryKind>| nodes.iter().any(|node| node.id == id);
        let edges = links
            .iter()
            .filter(|link| shown(link.from) && shown(link.to))
            .map(|link| Edge { from: link.from, to: link.to, kind: link.kind, strength: link.strength.get() })
            .collect();
        Self { centre, nodes, edges }
    }

    /// As JSON, on one line.
    ///
    /// # Errors
    /// When serialising fails, which it does not for these types.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

fn node(memory: &Memory) -> Node {
    let label = match (&memory.quarantine, &memory.title) {
        (Some(_), _) => "(in quarantine)".to_owned(),
        (None, Some(title)) => label::short(title),
        (None, None) => label::short(&memory.text),
    };
    Node {
        id: memory.id,
        kind: memory.kind.to_string(),
        label,
        trust: memory.trust,
        retired: memory.retired_at.is_some(),
    }
}

#[cfg(test)]
mod tests;
