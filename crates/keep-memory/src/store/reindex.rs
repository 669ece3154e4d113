//! What the index needs of the memories: each taken apart, and all of a space to make it again from.

use super::find::{all_spaces, by_seq, select_places};
use super::row::Space;
use crate::acts::Deed;
use crate::error::MemoryError;
use crate::index::{self, Behind, Entry, IndexError, Part, Place, Prepared, Rows, SpaceId, Standing};
use crate::model::{Memory, Source};
use keep_db::Db;
use keep_embed::{Embedder, EmbedderId};
use keep_gate::Permit;
use keep_types::Namespace;
use rusqlite::Connection;
use std::ops::Range;
use std::sync::Arc;

/// How a memory stands.
pub(crate) fn standing(memory: &Memory) -> Standing {
    Standing {
        kind: memory.kind.clone(),
        trust: memory.trust,
        importance: memory.importance.get(),
        held: memory.quarantine.is_some(),
        pinned: memory.pinned,
        recorded_at: memory.recorded_at,
        retired_at: memory.retired_at,
        valid: memory.valid,
        expires_at: memory.expires_at,
    }
}

/// A memory taken apart for the index.
pub(crate) fn prepared_of(embedder: &dyn Embedder, memory: &Memory) -> Result<Prepared, IndexError> {
    let conversation = match &memory.source {
        Source::Conversation { conversation, .. } => Some(conversation.as_str()),
        _ => None,
    };
    let entry = Entry {
        text: &memory.text,
        title: memory.title.as_deref(),
        tags: &memory.tags,
        conversation,
        speaker: memory.speaker.as_deref(),
        said_at: memory.said_at,
        standing: standing(memory),
    };
    Prepared::of(embedder, &entry)
}

/// The memories in the tables, from which an index is made again.
struct Tables<'a> {
    sql: &'a Connection,
    embedder: &'a dyn Embedder,
}

/// Places that are read at once.
const STRETCH: Place = 1_024;

impl Rows for Tables<'_> {
    fn each(
        &self,
        space: SpaceId,
        places: Range<Place>,
        with: &mut dyn FnMut(Place, Prepared) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        // The index has no use for the namespace's name.
        let space = Space { id: space, namespace: Namespace::Global };
        let last: i64 = self
            .sql
            .prepare_cached("SELECT next_place FROM memory_space WHERE id = ?1")?
            .query_row([space.id.0], |row| row.get(0))?;
        let end = places.end.min(Place::try_from(last).unwrap_or(Place::MAX));
        let mut from = places.start;
        while from < end {
            let to = end.min(from.saturating_add(STRETCH));
            for stored in select_places(self.sql, &space, from..to).map_err(unreadable)? {
                with(stored.place, prepared_of(self.embedder, &stored.memory)?)?;
            }
            from = to;
        }
        Ok(())
    }
}

/// A memory that does not parse cannot be indexed; which one it is, reading it says.
fn unreadable(error: MemoryError) -> IndexError {
    match error {
        MemoryError::Sql(error) => IndexError::Sql(error),
        other => IndexError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(other))),
    }
}

/// Makes a damaged part of an index again. It follows from the memories, so whoever may read them may have
/// it made.
pub(crate) async fn repair<W: Send + 'static>(
    _: &Permit<Deed<W>>,
    db: &Db,
    embedder: Arc<dyn Embedder>,
    (space, part): (SpaceId, Part),
) -> Result<(), MemoryError> {
    db.write(move |tx| {
        let rows = Tables { sql: tx.sql(), embedder: embedder.as_ref() };
        Ok::<_, MemoryError>(index::repair(tx.sql(), space, part, &rows)?)
    })
    .await
}

/// Whether the index names an embedder other than this one.
pub(crate) fn has_other_embedders(sql: &Connection, own: &EmbedderId) -> Result<bool, MemoryError> {
    let mut any = sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM memory_index_embedder
         WHERE NOT (name = ?1 AND version = ?2 AND digest = ?3))",
    )?;
    Ok(any.query_row((&own.name, own.version, own.digest.to_string()), |row| row.get(0))?)
}

/// Embeds the memories at these places anew. The texts are read before the transaction that writes, which
/// leaves out what has changed in between: that has the new embedder's vector already, or is gone.
pub(crate) async fn reembed<W: Send + 'static>(
    _: &Permit<Deed<W>>,
    db: &Db,
    embedder: Arc<dyn Embedder>,
    (space, places): (Space, Vec<Place>),
) -> Result<u64, MemoryError> {
    let (inside, model) = (space.clone(), Arc::clone(&embedder));
    let made = db
        .read(move |tx| {
            let mut made = Vec::with_capacity(places.len());
            for place in places {
                for stored in select_places(tx.sql(), &inside, place..place.saturating_add(1))? {
                    let prepared = prepared_of(model.as_ref(), &stored.memory)?;
                    made.push((stored.seq, stored.memory.version, place, prepared.vector().clone()));
                }
            }
            Ok::<_, MemoryError>(made)
        })
        .await?;
    db.write(move |tx| {
        let mut vectors = Vec::with_capacity(made.len());
        for (seq, version, place, vector) in made {
            let now = by_seq(tx.sql(), seq, &space.namespace)?;
            if now.is_some_and(|now| now.memory.version == version) {
                vectors.push((place, vector));
            }
        }
        let count = vectors.len() as u64;
        index::reembed(tx.sql(), space.id, embedder.as_ref(), vectors)?;
        Ok::<_, MemoryError>(count)
    })
    .await
}

/// Forgets embedders that made none of the vectors any more.
pub(crate) async fn forget_embedders<W: Send + 'static>(
    _: &Permit<Deed<W>>,
    db: &Db,
    own: EmbedderId,
) -> Result<(), MemoryError> {
    db.write(move |tx| {
        for space in all_spaces(tx.sql())? {
            if index::stale(tx.sql(), space.id, &own, Behind::NONE)?.is_some() {
                return Ok(());
            }
        }
        let forget =
            "DELETE FROM memory_index_embedder WHERE NOT (name = ?1 AND version = ?2 AND digest = ?3)";
        tx.sql().execute(forget, (&own.name, own.version, own.digest.to_string()))?;
        Ok::<_, MemoryError>(())
    })
    .await
}
