//! The memories that matter for a task, ready to paste into a prompt, within a budget of tokens.
//!
//! What is recalled is information and never an instruction, and is written so that it cannot pass for one:
//! all of it stands between two lines with a mark that follows from the content itself, so that no memory
//! can hold the mark; each line of a memory begins with `| `; characters that nobody sees are written out;
//! and each memory says how far it may be believed. What is in quarantine or retired is left out, whoever
//! hands it in.

mod estimate;
mod render;

pub use estimate::tokens;

use crate::model::Memory;
use keep_embed::Tokenizer;
use keep_types::{Id, MemoryKind, Namespace, Trust};
use serde::Serialize;

/// Groups in their order, with the kinds they hold. What binds comes first.
const GROUPS: &[(&str, &[&str])] = &[
    ("Constraints", &["constraint"]),
    ("Decisions", &["decision", "architecture"]),
    ("Preferences", &["preference"]),
    ("Patterns and fixes", &["pattern", "bugfix"]),
    ("Tasks", &["task"]),
    ("Facts", &["insight", "reference", "entity", "event"]),
];
const OTHERS: &str = "Others";

/// How much more a memory of a kind counts than its score says, when there is room for some only.
const FAVOURED: &[(&str, f32)] = &[("constraint", 1.3), ("decision", 1.15), ("preference", 1.1)];

/// The part of the budget that one memory may take; the rest of a longer one is cut off.
const MOST_OF_BUDGET: usize = 3;

/// A memory that was recalled, and how well it fits.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'m> {
    /// The memory.
    pub memory: &'m Memory,
    /// How well it fits the task; from recall.
    pub score: f32,
}

/// The memories that were chosen. As JSON it is itself; [`Pack::to_markdown`] is for a prompt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pack {
    /// What it was asked for.
    pub task: String,
    /// How whoever reads it should take it.
    pub note: &'static str,
    /// The groups that hold something, in their order.
    pub groups: Vec<Group>,
    /// About how many tokens the Markdown has; rather too many than too few.
    pub tokens: usize,
    /// How many there might be.
    pub budget: usize,
    /// How many memories found no room.
    pub left_out: usize,
}

/// Memories of like kinds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// What they have in common.
    pub name: &'static str,
    /// The memories, best first.
    pub memories: Vec<Packed>,
}

/// A memory as it stands in the pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Packed {
    /// What to call it by.
    pub id: Id<MemoryKind>,
    /// Where it lives.
    pub namespace: Namespace,
    /// What sort of thing it says.
    pub kind: String,
    /// How far it may be believed.
    pub trust: Trust,
    /// Why it may read like orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// The day it was said or recorded.
    pub day: String,
    /// A headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// What it says, with what is invisible written out.
    pub text: String,
    /// Its end was cut off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Chooses the best of these memories that fit into so many tokens together. A memory that has no room
/// makes way for a shorter one behind it. With a budget that holds nothing, nothing is chosen.
#[must_use]
pub fn pack(task: &str, candidates: &[Candidate<'_>], budget: usize, tokenizer: &Tokenizer) -> Pack {
    let mut best: Vec<Candidate<'_>> = candidates
        .iter()
        .copied()
        .filter(|candidate| candidate.memory.quarantine.is_none() && candidate.memory.retired_at.is_none())
        .collect();
    let favoured = |candidate: &Candidate<'_>| {
        let kind = candidate.memory.kind.as_str();
        candidate.score * FAVOURED.iter().find(|(known, _)| *known == kind).map_or(1.0, |(_, factor)| *factor)
    };
    best.sort_by(|a, b| favoured(b).total_cmp(&favoured(a)).then(a.memory.id.cmp(&b.memory.id)));
    let mut pack = Pack {
        task: render::line(task),
        note: render::NOTE,
        groups: Vec::new(),
        tokens: 0,
        budget,
        left_out: 0,
    };
    let frame = tokens(tokenizer, &pack.to_markdown());
    let mut left = budget.saturating_sub(frame);
    let mut chosen = Vec::new();
    for candidate in best {
        let packed = packed(candidate.memory, budget / MOST_OF_BUDGET, tokenizer);
        let group = group_of(&packed.kind);
        let heading = if pack.groups.iter().any(|known| known.name == group) {
            0
        } else {
            tokens(tokenizer, &render::heading(group))
        };
        let cost = tokens(tokenizer, &render::memory(&packed)) + heading;
        if cost > left {
            pack.left_out += 1;
            continue;
        }
        left -= cost;
        pack.insert(group, packed);
        chosen.push(group);
    }
    // The marks follow from the content, and another content's may count for a few tokens more.
    loop {
        pack.tokens = if pack.groups.is_empty() { 0 } else { tokens(tokenizer, &pack.to_markdown()) };
        match chosen.pop() {
            Some(group) if pack.tokens > budget => pack.remove_last_of(group),
            _ => return pack,
        }
    }
}

impl Pack {
    fn insert(&mut self, name: &'static str, memory: Packed) {
        if let Some(group) = self.groups.iter_mut().find(|group| group.name == name) {
            group.memories.push(memory);
            return;
        }
        let place = |name: &str| GROUPS.iter().position(|(known, _)| *known == name).unwrap_or(GROUPS.len());
        let at = self.groups.partition_point(|group| place(group.name) < place(name));
        self.groups.insert(at, Group { name, memories: vec![memory] });
    }

    fn remove_last_of(&mut self, name: &str) {
        if let Some(group) = self.groups.iter_mut().find(|group| group.name == name) {
            group.memories.pop();
            self.left_out += 1;
        }
        self.groups.retain(|group| !group.memories.is_empty());
    }
}

fn group_of(kind: &str) -> &'static str {
    GROUPS.iter().find(|(_, kinds)| kinds.contains(&kind)).map_or(OTHERS, |(name, _)| name)
}

fn packed(memory: &Memory, most: usize, tokenizer: &Tokenizer) -> Packed {
    let mut text = crate::care::visible(memory.text.trim_end()).into_owned();
    let mut cut = false;
    while tokens(tokenizer, &text) > most.max(1) && !text.is_empty() {
        cut = true;
        // Two thirds at a time: the estimate is no line, so its inverse is searched.
        let end = text.floor_char_boundary(text.len() * 2 / 3);
        let end = text[..end].rfind(char::is_whitespace).unwrap_or(end);
        text.truncate(end);
    }
    Packed {
        id: memory.id,
        namespace: memory.namespace.clone(),
        kind: memory.kind.to_string(),
        trust: memory.trust,
        flag: memory.flag.as_deref().map(render::line),
        day: memory.said_at.unwrap_or(memory.recorded_at).to_string().chars().take(10).collect(),
        title: memory.title.as_deref().map(render::line),
        speaker: memory.speaker.as_deref().map(render::line),
        text,
        cut,
    }
}

#[cfg(test)]
mod tests;
