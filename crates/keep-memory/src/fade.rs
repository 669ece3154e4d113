//! What memories are worth by now, and having recall count them so. Nothing is removed by it, and what
//! somebody gave a memory for its importance stays written down: the index counts what is left of it.

use crate::acts;
use crate::decay;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::limits::CHUNK;
use crate::look::spaces_of;
use crate::model::Memory;
use crate::store::{self, Space};
use keep_gate::Outcome;
use keep_types::{Caller, Id, MemoryKind, Timestamp, chain};
use serde::Serialize;
use serde_json::json;

/// Memories that are counted anew in one transaction.
const AT_ONCE: usize = 64;

/// A memory and what is left of its importance.
#[derive(Clone, Debug, Serialize)]
pub struct Faded {
    /// Which.
    pub id: Id<MemoryKind>,
    /// What it was given.
    pub importance: u8,
    /// What that is worth by now.
    pub worth: f64,
    /// As how important recall counts it from now on.
    pub counts: u8,
}

impl Faded {
    pub(crate) fn of(memory: &Memory, now: Timestamp) -> Self {
        let importance = memory.importance.get();
        let worth = decay::worth(memory, now);
        // At most what it was given, and at least one.
        let counts = (worth.round() as u8).clamp(1, importance);
        Self { id: memory.id, importance, worth, counts }
    }
}

/// What has faded, and what was done about it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Decay {
    /// Memories that were looked at.
    pub memories: u64,
    /// Those of them that count less than they were given.
    pub faded: u64,
    /// The ones that are worth least, the least first.
    pub least: Vec<Faded>,
    /// How many recall counts anew since this was asked for.
    pub applied: u64,
}

impl Memories {
    /// What memories are worth by now, with so many of those that are worth least; with `apply`, recall
    /// counts each as much as that. It can be done as often as one likes: a worth follows from what a memory
    /// was given and from the time, never from what was worked out before.
    ///
    /// # Errors
    /// When the gate refuses, or the database cannot be read or written.
    pub async fn decay(
        &self,
        caller: &Caller,
        place: &Where,
        most: usize,
        apply: bool,
    ) -> Result<Decay, MemoryError> {
        self.may_read(caller, place).await?;
        let looked = places(caller, place);
        let spaces = self.db.read(move |tx| spaces_of(tx.sql(), looked.as_deref())).await?;
        let (now, mut decay) = (self.now(), Decay::default());
        for space in spaces {
            let faded = self.faded_of(&space, now).await?;
            decay.memories += faded.len() as u64;
            decay.faded += faded.iter().filter(|(_, one)| one.counts < one.importance).count() as u64;
            if apply && !faded.is_empty() {
                decay.applied += self.fade(caller, &space, &faded).await?;
            }
            decay.least.extend(faded.into_iter().map(|(_, one)| one));
            decay.least.sort_by(|one, other| one.worth.total_cmp(&other.worth));
            decay.least.truncate(most);
        }
        Ok(decay)
    }

    async fn faded_of(
        &self,
        space: &Space,
        now: Timestamp,
    ) -> Result<Vec<(crate::index::Place, Faded)>, MemoryError> {
        let inside = space.clone();
        let end = self.db.read(move |tx| store::end_of(tx.sql(), &inside)).await?;
        let (mut from, mut faded) = (0, Vec::new());
        while from < end {
            let to = end.min(from.saturating_add(CHUNK as u32));
            let inside = space.clone();
            faded.extend(self.db.read(move |tx| store::faded(tx.sql(), &inside, from..to, now)).await?);
            from = to;
        }
        Ok(faded)
    }

    async fn fade(
        &self,
        caller: &Caller,
        space: &Space,
        faded: &[(crate::index::Place, Faded)],
    ) -> Result<u64, MemoryError> {
        let started = self.gate.admit(caller, acts::fade(&space.namespace)).await?.begin().await?;
        let mut done = 0;
        for chunk in faded.chunks(AT_ONCE) {
            match store::fade(&started, &self.db, space.clone(), chunk.to_vec()).await {
                Ok(()) => done += chunk.len() as u64,
                Err(error) => {
                    started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                    return Err(error);
                }
            }
        }
        started.finish(Outcome::Done(json!({ "memories": done }))).await?;
        Ok(done)
    }
}
