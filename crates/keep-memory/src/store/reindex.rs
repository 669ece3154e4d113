//! What the index needs of the memories: each taken apart, and all of a space to make it again from.

use super::find::select_places;
use super::row::Space;
use crate::acts::Deed;
use crate::error::MemoryError;
use crate::index::{self, Entry, IndexError, Part, Place, Prepared, Rows, SpaceId, Standing};
use crate::model::{Memory, Source};
use keep_db::Db;
use keep_embed::Embedder;
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
