//! What has expired: found by none of the other queries, and only here, to be removed.

use super::find::{ListFilter, all_spaces, at_place, by_handle, list, select};
use super::row::{Space, Stored};
use crate::error::MemoryError;
use keep_types::Timestamp;
use rusqlite::Connection;

type Sql<T> = Result<T, MemoryError>;

/// Whether anything has expired.
pub(crate) fn any_expired(sql: &Connection, now: Timestamp) -> Sql<bool> {
    let mut any = sql.prepare_cached("SELECT EXISTS (SELECT 1 FROM memory WHERE expires_ms <= ?1)")?;
    Ok(any.query_row([now.ms()], |row| row.get(0))?)
}

/// The spaces in which something has expired.
pub(crate) fn expired_spaces(sql: &Connection, now: Timestamp) -> Sql<Vec<Space>> {
    let mut find = sql.prepare_cached("SELECT DISTINCT space FROM memory WHERE expires_ms <= ?1")?;
    let rows = find.query_map([now.ms()], |row| row.get(0))?;
    let expired: Vec<i64> = rows.collect::<Result<_, _>>()?;
    Ok(all_spaces(sql)?.into_iter().filter(|space| expired.contains(&space.id.0)).collect())
}

/// What has expired in a space, so many at most.
pub(crate) fn expired(sql: &Connection, space: &Space, now: Timestamp, most: usize) -> Sql<Vec<Stored>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // The plus keeps the database from reading all of the space for the few that have.
    let here = "WHERE m.expires_ms <= ?2 AND +m.space = ?1 LIMIT ?3";
    select(sql, space, here, &[&space.id.0, &now.ms(), &most])
}

/// Whether any query of this module finds a memory that expired at one second after the epoch, at this
/// moment. For the probe of that promise, which has a database of its own.
pub(crate) fn finds_expired(now: Timestamp) -> Sql<bool> {
    let sql = Connection::open_in_memory()?;
    for step in crate::SCHEMA.steps {
        sql.execute_batch(step)?;
    }
    sql.execute_batch(
        "INSERT INTO memory_space (namespace, next_place, memories) VALUES ('global', 1, 1);
         INSERT INTO memory (space, place, id, version, kind, text, tags, importance, confidence, trust, source,
            written_by, recorded_ms, edited_ms, expires_ms)
         VALUES (1, 0, 'mem_00000000000000000000000000', 1, 'event', 'it is over', '[]', 5, 1.0, 'user',
            '{\"from\":\"caller\"}', 'user:probe', 0, 0, 1000);",
    )?;
    let spaces = all_spaces(&sql)?;
    let filter = ListFilter { most: 10, ..ListFilter::default() };
    let listed = !list(&sql, &spaces, &filter, now)?.is_empty();
    let named = "mem_0000".parse().map_err(|e| MemoryError::corrupt("memory", e))?;
    let got = by_handle(&sql, &spaces, &named, now).is_ok();
    let mut placed = false;
    for space in &spaces {
        placed |= at_place(&sql, space, 0, now)?.is_some();
    }
    Ok(listed || got || placed)
}
