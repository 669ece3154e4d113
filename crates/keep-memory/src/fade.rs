//! What memories are worth by now, and having recall count them so. Nothing is removed by it, and what
//! somebody gave a memory for its importance stays written down: the index counts what is left of it.
//!
//! No process stays behind to do that every night. So each space is due once a day, and whoever uses memories
//! counts a stretch of it anew in passing, for a few milliseconds, and notes where the next one goes on.

use crate::acts;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::index::Place;
use crate::look::spaces_of;
use crate::store::{self, Space};
use keep_gate::Outcome;
use keep_types::{Act, Caller, Duration, Id, MemoryKind, Timestamp, chain};
use serde::Serialize;
use serde_json::json;
use std::time::Duration as Span;

/// How long what recall counts may be behind: a day is a thirtieth of the shortest half-life.
const EVERY: Duration = Duration::days(1);

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

/// What has faded, and what was done about it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Decay {
    /// Memories that were looked at.
    pub memories: u64,
    /// Those of them that count less than they were given.
    pub faded: u64,
    /// The ones that are worth least, the least first.
    pub least: Vec<Faded>,
    /// How many of them recall counts otherwise than before.
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
            decay.faded += faded.iter().filter(|one| one.counts < one.importance).count() as u64;
            if apply && !faded.is_empty() {
                decay.applied += self.fade(caller, &space, (0, u64::MAX)).await?;
            }
            decay.least.extend(faded);
            decay.least.sort_by(|one, other| one.worth.total_cmp(&other.worth));
            decay.least.truncate(most);
        }
        Ok(decay)
    }

    /// Goes on counting anew what is due, for about so long, without asking anybody and where policy lets the
    /// caller do it unasked. Says how many memories recall counts otherwise than before.
    ///
    /// # Errors
    /// When the gate refuses, or the database cannot be read or written; what was counted stays so.
    pub async fn decay_in_passing(&self, caller: &Caller, within: Span) -> Result<u64, MemoryError> {
        let ends_ns =
            self.monotonic_ns().saturating_add(u64::try_from(within.as_nanos()).unwrap_or(u64::MAX));
        let before = Timestamp::from_ms(self.now().ms().saturating_sub(EVERY.ms() as i64));
        let due = self.db.read(move |tx| store::due(tx.sql(), before)).await?;
        let mut changed = 0;
        for (space, from) in due.into_iter().filter(|(space, _)| caller.may_write(&space.namespace)) {
            if self.monotonic_ns() >= ends_ns {
                break;
            }
            if self.gate.admits_unasked(caller, &acts::fade(&space.namespace).facts()).await? {
                changed += self.fade(caller, &space, (from, ends_ns)).await?;
            }
        }
        Ok(changed)
    }

    async fn faded_of(&self, space: &Space, now: Timestamp) -> Result<Vec<Faded>, MemoryError> {
        let id = space.id;
        let end = self.db.read(move |tx| store::end_of(tx.sql(), id)).await?;
        let (mut from, mut faded) = (0, Vec::new());
        while from < end {
            let to = end.min(from.saturating_add(store::AT_ONCE));
            let found = self.db.read(move |tx| store::faded(tx.sql(), id, from..to, now)).await?;
            faded.extend(found.into_iter().map(|(_, one)| one));
            from = to;
        }
        Ok(faded)
    }

    /// Counts a space anew from a place on, until its end or that moment.
    async fn fade(
        &self,
        caller: &Caller,
        space: &Space,
        (mut from, ends_ns): (Place, u64),
    ) -> Result<u64, MemoryError> {
        let (id, now) = (space.id, self.now());
        let end = self.db.read(move |tx| store::end_of(tx.sql(), id)).await?;
        let started = self.gate.admit(caller, acts::fade(&space.namespace)).await?.begin().await?;
        let (first, mut changed) = (from, 0);
        loop {
            let to = end.min(from.saturating_add(store::AT_ONCE));
            match store::fade(&started, &self.db, id, from..to, now).await {
                Ok(count) => changed += count,
                Err(error) => {
                    started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                    return Err(error);
                }
            }
            from = to;
            if from >= end || self.monotonic_ns() >= ends_ns {
                break;
            }
        }
        let places = from.saturating_sub(first);
        started.finish(Outcome::Done(json!({ "looked_at": places, "counted_anew": changed }))).await?;
        Ok(changed)
    }
}
