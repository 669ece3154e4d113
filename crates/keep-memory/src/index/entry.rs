//! What the store hands in about a memory, and what of it can be worked out before a transaction begins.

use super::IndexError;
use super::postings::MOST;
use crate::model::{Kind, Validity};
use crate::rank::{cue, headed, meant, terms};
use keep_embed::{Embedder, EmbedderId, Quantised};
use keep_types::{Digest, Timestamp, Trust};
use std::collections::BTreeMap;

/// A memory as the index sees it.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What it says.
    pub text: &'a str,
    /// A headline.
    pub title: Option<&'a str>,
    /// Words it is filed under.
    pub tags: &'a [String],
    /// The conversation it is a turn of; turns are added in their order.
    pub conversation: Option<&'a str>,
    /// Who said it.
    pub speaker: Option<&'a str>,
    /// When it was said or happened.
    pub said_at: Option<Timestamp>,
    /// How it stands.
    pub standing: Standing,
}

/// What of a memory changes without its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// What sort of thing it says.
    pub kind: Kind,
    /// How far it may be believed.
    pub trust: Trust,
    /// How much it matters, from 1 to 10.
    pub importance: u8,
    /// It is kept from being recalled.
    pub held: bool,
    /// It does not decay.
    pub pinned: bool,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
    /// When it was true.
    pub valid: Validity,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A memory taken apart: its words counted, its meaning a vector. Making it takes far longer than writing it,
/// and needs no transaction.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Each word and how often it counts, sorted.
    pub(super) counts: Vec<(String, u8)>,
    pub(super) length: u16,
    pub(super) vector: Quantised,
    pub(super) embedder: EmbedderId,
    pub(super) talk: Option<i64>,
    pub(super) speaker: Option<String>,
    pub(super) said: Option<Timestamp>,
    pub(super) asks: bool,
    pub(super) speaks_of_time: bool,
    pub(super) standing: Standing,
}

impl Prepared {
    /// Takes a memory apart.
    ///
    /// # Errors
    /// When its text cannot be made a vector.
    pub fn of(embedder: &dyn Embedder, entry: &Entry<'_>) -> Result<Self, IndexError> {
        let own = terms(&headed(entry.title, entry.text));
        let speaker = entry.speaker.map(str::to_lowercase);
        let length = u16::try_from(own.len()).unwrap_or(u16::MAX);
        // Who said it, what it is filed under and, once more, its headline is found by its words, and does not make
        // it longer.
        let beside = speaker.iter().map(String::as_str).chain(entry.tags.iter().map(String::as_str));
        let beside = beside.chain(entry.title);
        let mut counts: BTreeMap<String, u8> = BTreeMap::new();
        for term in own.into_iter().chain(beside.flat_map(terms)) {
            let count = counts.entry(term).or_default();
            *count = (*count + 1).min(MOST);
        }
        Ok(Self {
            counts: counts.into_iter().collect(),
            length,
            vector: Self::vector_of(embedder, &meant(entry.title, entry.text))?,
            embedder: embedder.id().clone(),
            talk: entry.conversation.map(talk_number),
            speaker,
            said: entry.said_at,
            asks: cue::asks(entry.text),
            speaks_of_time: cue::speaks_of_time(entry.text),
            standing: entry.standing.clone(),
        })
    }

    fn vector_of(embedder: &dyn Embedder, text: &str) -> Result<Quantised, IndexError> {
        let mut vector = vec![0.0; embedder.dimensions()];
        embedder.embed(text, &mut vector)?;
        Ok(Quantised::of(&vector))
    }

    /// Its meaning as a vector of its own, for whoever compares memories.
    #[must_use]
    pub fn vector(&self) -> &Quantised {
        &self.vector
    }
}

/// A number that stands for a conversation, so that its name is not kept twice.
fn talk_number(name: &str) -> i64 {
    let digest = Digest::of(name.as_bytes());
    i64::from_le_bytes(std::array::from_fn(|at| digest.as_bytes()[at]))
}
