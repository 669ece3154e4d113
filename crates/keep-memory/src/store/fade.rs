//! What memories are worth by now, as far as the tables and the index have a part in it.

use super::row::Space;
use crate::acts::Deed;
use crate::decay::Life;
use crate::error::MemoryError;
use crate::fade::Faded;
use crate::index::{self, Place, SpaceId};
use keep_db::Db;
use keep_gate::Started;
use keep_types::{Id, MemoryKind, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::Range;

type Sql<T> = Result<T, MemoryError>;

/// What of these places has faded by this moment. Texts are not read for it.
pub(crate) fn faded(
    sql: &Connection,
    space: SpaceId,
    places: Range<Place>,
    now: Timestamp,
) -> Sql<Vec<(Place, Faded)>> {
    let mut find = sql.prepare_cached(
        "SELECT m.place, m.id, m.kind, m.importance, m.pinned,
            max(m.recorded_ms, m.edited_ms, coalesce(u.recalled_ms, m.recorded_ms)), coalesce(u.recalls, 0)
         FROM memory m LEFT JOIN memory_use u ON u.memory = m.seq
         WHERE m.space = ?1 AND m.place >= ?2 AND m.place < ?3
            AND (m.expires_ms IS NULL OR m.expires_ms > ?4) ORDER BY m.place",
    )?;
    let mut rows = find.query(params![space.0, places.start, places.end, now.ms()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let corrupt = |what: &dyn std::fmt::Display| MemoryError::corrupt("memory", what);
        let id: Id<MemoryKind> =
            row.get_ref(1)?.as_str().map_err(|e| corrupt(&e))?.parse().map_err(|e| corrupt(&e))?;
        let life = Life {
            importance: row.get(3)?,
            pinned: row.get(4)?,
            kind: row.get_ref(2)?.as_str().map_err(|e| corrupt(&e))?,
            last: Timestamp::from_ms(row.get(5)?),
            recalls: row.get::<_, i64>(6)?.cast_unsigned(),
        };
        let (worth, counts) = (life.worth(now), life.counts(now));
        found.push((row.get(0)?, Faded { id, importance: life.importance, worth, counts }));
    }
    Ok(found)
}

/// The first place of a space that nobody has yet.
pub(crate) fn end_of(sql: &Connection, space: SpaceId) -> Sql<Place> {
    let last: i64 = sql
        .prepare_cached("SELECT next_place FROM memory_space WHERE id = ?1")?
        .query_row([space.0], |row| row.get(0))?;
    Ok(Place::try_from(last).unwrap_or(Place::MAX))
}

/// The spaces whose memories are due to be counted anew, each with the place to go on at; what was due first
/// comes first.
pub(crate) fn due(sql: &Connection, before: Timestamp) -> Sql<Vec<(Space, Place)>> {
    let mut find = sql.prepare_cached(
        "SELECT id, namespace, fade_next FROM memory_space
         WHERE memories > 0 AND faded_ms <= ?1 ORDER BY faded_ms, id",
    )?;
    let mut rows = find.query([before.ms()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let namespace: String = row.get(1)?;
        let namespace = namespace.parse().map_err(|e| MemoryError::corrupt("memory_space", e))?;
        found.push((Space { id: SpaceId(row.get(0)?), namespace }, row.get(2)?));
    }
    Ok(found)
}

/// Has recall count the memories at these places as much as they are worth by now, and notes where the round
/// goes on. Says how many it counts anew. What they were given stays as it is, and counts again once one of them
/// is changed.
pub(crate) async fn fade(
    _: &Started<Deed<()>>,
    db: &Db,
    space: SpaceId,
    places: Range<Place>,
    now: Timestamp,
) -> Sql<u64> {
    db.write(move |tx| {
        let sql = tx.sql();
        let faded = faded(sql, space, places.clone(), now)?;
        let counts: Vec<(Place, u8)> = faded.iter().map(|(place, one)| (*place, one.counts)).collect();
        let changed = index::weigh(sql, space, &counts)?;
        let over = places.end >= end_of(sql, space)?;
        let (next, ended) = if over { (0, Some(now.ms())) } else { (places.end, None) };
        sql.prepare_cached(
            "UPDATE memory_space SET fade_next = ?2, faded_ms = coalesce(?3, faded_ms) WHERE id = ?1",
        )?
        .execute(params![space.0, next, ended])?;
        Ok::<_, MemoryError>(changed)
    })
    .await
}

/// How many memories of a space count less by now than they were given.
pub(super) fn count_faded(sql: &Connection, space: SpaceId, now: Timestamp) -> Sql<u64> {
    let end = sql
        .prepare_cached("SELECT next_place FROM memory_space WHERE id = ?1")?
        .query_row([space.0], |row| row.get::<_, i64>(0))
        .optional()?;
    let end = end.and_then(|end| Place::try_from(end).ok()).unwrap_or_default();
    let (mut from, mut count) = (0, 0);
    while from < end {
        let to = end.min(from.saturating_add(AT_ONCE));
        let found = faded(sql, space, from..to, now)?;
        count += found.iter().filter(|(_, one)| one.counts < one.importance).count() as u64;
        from = to;
    }
    Ok(count)
}

/// Places that are looked at in one transaction: sixteen leaves of the index, some milliseconds.
pub(crate) const AT_ONCE: Place = 4_096;
