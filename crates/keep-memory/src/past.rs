//! Recalling what was on record at a moment of the past. The index holds what memories say now; those that
//! were edited since then are ranked by how they read at that moment.

use crate::error::MemoryError;
use crate::index::{self, Cache, Filters, Found, Keep, Query, SpaceId};
use crate::store::{self, Space, Stored};
use keep_embed::Embedder;
use keep_types::Timestamp;
use rusqlite::Connection;

/// The memories edited since then that are looked at, the last ones edited first: each is embedded anew.
const MOST_EDITED: usize = 2_000;

/// What is looked at, and as of when.
pub(crate) struct Past<'a> {
    pub(crate) sql: &'a Connection,
    pub(crate) spaces: &'a [Space],
    pub(crate) embedder: &'a dyn Embedder,
    pub(crate) moment: Timestamp,
}

/// A memory with its place in the ranking, and what others lent it.
type Ranked = (Stored, Found, f32);

impl Past<'_> {
    /// What was found, and what was edited since, in an index of its own that has all of it as it read then.
    /// None when nothing was edited since: then the ranking is that of the moment already.
    pub(crate) fn ranked(
        &self,
        found: &[Ranked],
        query: &Query,
        tags: &[String],
    ) -> Result<Option<(Vec<Ranked>, f32)>, MemoryError> {
        let mut then: Vec<Stored> = Vec::new();
        for space in self.spaces {
            then.extend(store::edited_since(self.sql, space, (self.moment, query.now), MOST_EDITED)?);
        }
        if then.is_empty() {
            return Ok(None);
        }
        let edited: Vec<i64> = then.iter().map(|one| one.seq).collect();
        then.retain(|one| tags.iter().all(|tag| one.memory.tags.contains(&tag.to_lowercase())));
        let unedited = found.iter().filter(|(stored, ..)| !edited.contains(&stored.seq));
        then.extend(unedited.map(|(stored, ..)| stored.clone()));
        let prepared = then.iter().map(|one| store::prepared_of(self.embedder, &one.memory));
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;

        let own = Connection::open_in_memory()?;
        for step in crate::SCHEMA.steps {
            own.execute_batch(step)?;
        }
        let space = SpaceId(1);
        index::add(&own, space, 0, &prepared)?;
        let query = Query { filters: Filters { only: None, ..query.filters.clone() }, ..query.clone() };
        let answer = index::search(&own, &Cache::new(Keep::Nothing), &[self.embedder], &[space], &query)?;
        let read = answer.found.iter().filter_map(|one| {
            let stored = then.get(one.place as usize)?.clone();
            Some((stored.clone(), Found { space: stored.space, place: stored.place, ..*one }, 0.0))
        });
        Ok(Some((read.collect(), answer.confidence)))
    }
}
