//! Recalling: the best memories for a question, and why these.

use crate::acts;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::index::{self, AsOf, Filters, Found, IndexError, Query, Span};
use crate::look::spaces_of;
use crate::model::{Kind, Memory};
use crate::past::Past;
use crate::rank::{Legs, Question, Weights};
use crate::store::{self, Space, Stored};
use keep_types::{Caller, Namespace, Timestamp, Trust};
use rusqlite::Connection;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Damaged parts that a recall has made again before it gives up: more is a broken disk.
const MOST_REPAIRS: usize = 64;
/// Below this confidence nothing that was found answers the question. Of questions that a conversation answers fewer
/// than one in twenty are below it; so is less than a vague nearness in meaning alone.
pub const RELEVANT: f32 = 0.32;
/// How much of its score a memory lends to one that it is linked to, by the strength of the link.
const LINK_WEIGHT: f32 = 0.1;
/// So many of the best lend.
const LENDERS: usize = 10;

/// What is asked, and what may answer.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The question, in any words.
    pub question: String,
    /// Where to look.
    pub place: Where,
    /// Only of these kinds.
    pub kinds: Vec<Kind>,
    /// Only with all of these tags.
    pub tags: Vec<String>,
    /// Only with at least this trust.
    pub least_trust: Option<Trust>,
    /// Only what was said from this moment on.
    pub since: Option<Timestamp>,
    /// Only what was said before this moment.
    pub until: Option<Timestamp>,
    /// As it was on record at this moment: found by what it said then.
    pub as_of: Option<Timestamp>,
    /// What was true at this moment.
    pub valid_at: Option<Timestamp>,
    /// So many at most.
    pub most: usize,
    /// Weak answers, too.
    pub even_weak: bool,
    /// Whoever asks only looks through what is there, as a person who types into a field: that is no use of it, so
    /// it keeps nothing from fading.
    pub only_looks: bool,
}

/// A memory that was recalled, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Recalled {
    /// The memory.
    #[serde(flatten)]
    pub memory: Memory,
    /// Its score.
    pub score: f32,
    /// What each way of finding it adds to that.
    pub legs: BTreeMap<&'static str, Leg>,
}

/// What one way of finding a memory adds to its score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Leg {
    /// How well it was found so, mostly from 0 to 1.
    pub value: f32,
    /// How much that counts.
    pub weight: f32,
    /// Their product.
    pub adds: f32,
}

/// What was recalled.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recall {
    /// The memories, the best first; none when nothing is relevant.
    pub found: Vec<Recalled>,
    /// How likely it is that any of them answers, from 0 to 1.
    pub confidence: f32,
    /// How many memories were too weak an answer to be shown.
    pub weak: usize,
}

/// A question as the reading thread works on it.
struct Search {
    asked: Asked,
    looked: Option<Vec<Namespace>>,
    now: Timestamp,
}

impl Memories {
    /// Recalls the memories that answer a question best.
    ///
    /// # Errors
    /// When nothing is asked, the gate refuses, or the database or the index cannot be read.
    pub async fn recall(&self, caller: &Caller, asked: Asked) -> Result<Recall, MemoryError> {
        if asked.question.trim().is_empty() {
            return Err(MemoryError::NothingAsked);
        }
        let home = match &asked.place {
            Where::Only(place) => place.clone(),
            Where::Here | Where::Everywhere => caller.home.clone(),
        };
        let permit = self.gate.admit(caller, acts::read((), &home)).await?;
        let now = self.now();
        let search = Arc::new(Search { looked: places(caller, &asked.place), asked, now });
        let mut repaired = 0;
        let (answer, seqs) = loop {
            let (engine, inside) = (self.clone(), Arc::clone(&search));
            match self.db.read(move |tx| engine.search(tx.sql(), &inside)).await {
                Err(MemoryError::Index(IndexError::Damaged { space, part })) if repaired < MOST_REPAIRS => {
                    repaired += 1;
                    store::repair(&permit, &self.db, Arc::clone(&self.embedder), (space, part)).await?;
                }
                other => break other?,
            }
        };
        if !seqs.is_empty() && !search.asked.only_looks {
            self.count(&permit, &seqs);
        }
        permit.observe().await?;
        Ok(answer)
    }

    fn search(&self, sql: &Connection, search: &Search) -> Result<(Recall, Vec<i64>), MemoryError> {
        let asked = &search.asked;
        let spaces = spaces_of(sql, search.looked.as_deref())?;
        let ids: Vec<_> = spaces.iter().map(|space| space.id).collect();
        let query = Query {
            question: Question::new(&asked.question),
            filters: filters(sql, &spaces, asked)?,
            weights: Weights::default(),
            // More than are wanted, since links may lift some.
            most: asked.most.saturating_mul(2).max(LENDERS),
            now: search.now,
        };
        let mut answer = index::search(sql, &self.cache, &[self.embedder.as_ref()], &ids, &query)?;
        let mut found = Vec::with_capacity(answer.found.len());
        for one in &answer.found {
            let Some(space) = spaces.iter().find(|space| space.id == one.space) else { continue };
            if let Some(stored) = store::at_place(sql, space, one.place, search.now)? {
                found.push((stored, *one, 0.0));
            }
        }
        if let Some(moment) = asked.as_of {
            let past = Past { sql, spaces: &spaces, embedder: self.embedder.as_ref(), moment };
            if let Some((read_then, confidence)) = past.ranked(&found, &query, &asked.tags)? {
                (found, answer.confidence) = (read_then, confidence);
            }
        }
        lend(sql, &spaces, &mut found, search.now)?;
        let weak = answer.confidence < RELEVANT && !asked.even_weak;
        let shown = if weak { 0 } else { asked.most };
        let hidden = if weak { found.len().min(asked.most) } else { 0 };
        found.truncate(shown);
        let seqs = found.iter().map(|(stored, ..)| stored.seq).collect();
        let found = found.into_iter().map(|(stored, one, lent)| recalled(stored, one, lent, &query.weights));
        let found = found.collect();
        Ok((Recall { found, confidence: answer.confidence, weak: hidden }, seqs))
    }
}

fn filters(sql: &Connection, spaces: &[Space], asked: &Asked) -> Result<Filters, MemoryError> {
    let tags: Vec<String> = asked.tags.iter().map(|tag| tag.to_lowercase()).collect();
    let mut only = BTreeMap::new();
    if !tags.is_empty() {
        for space in spaces {
            only.insert(space.id, store::places_tagged(sql, space, &tags)?);
        }
    }
    Ok(Filters {
        kinds: asked.kinds.clone(),
        least_trust: asked.least_trust,
        said: Span { from: asked.since, to: asked.until },
        recorded: Span::default(),
        as_of: AsOf { recorded: asked.as_of, valid: asked.valid_at },
        include_held: false,
        only: (!tags.is_empty()).then_some(only),
    })
}

/// The best lend something of their score to those that they are linked to.
fn lend(
    sql: &Connection,
    spaces: &[Space],
    found: &mut [(Stored, Found, f32)],
    now: Timestamp,
) -> Result<(), MemoryError> {
    let mut lent: HashMap<i64, f32> = HashMap::new();
    for (stored, one, _) in found.iter().take(LENDERS) {
        for (link, other) in store::links_of(sql, spaces, stored.seq, now)? {
            let most = lent.entry(other.seq).or_default();
            *most = most.max(LINK_WEIGHT * link.strength.get() * one.score);
        }
    }
    for (stored, one, gift) in found.iter_mut() {
        *gift = lent.get(&stored.seq).copied().unwrap_or_default();
        one.score += *gift;
    }
    found.sort_by(|(_, one, _), (_, other, _)| other.score.total_cmp(&one.score));
    Ok(())
}

fn recalled(stored: Stored, found: Found, lent: f32, weights: &Weights) -> Recalled {
    let Legs { words, meaning, speaker, question, time_word, day, recency, importance } = found.legs;
    let legs = [
        ("words", words, 1.0),
        ("meaning", meaning, weights.meaning),
        ("speaker", speaker, weights.speaker),
        ("question", question, weights.question),
        ("time", time_word, weights.time_word),
        ("day", day, weights.day),
        ("recency", recency, weights.recency),
        ("importance", importance, weights.importance),
        ("links", lent / LINK_WEIGHT, LINK_WEIGHT),
    ];
    let legs = legs.into_iter().filter(|(_, value, _)| *value != 0.0);
    let legs = legs.map(|(leg, value, weight)| (leg, Leg { value, weight, adds: value * weight })).collect();
    Recalled { memory: stored.memory, score: found.score, legs }
}
