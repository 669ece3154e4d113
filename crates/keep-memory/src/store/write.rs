//! Changes. Each needs the proof that its act was admitted.

use super::row::Space;
use crate::acts::Deed;
use crate::error::MemoryError;
use crate::forget::{Doomed, Forgetting};
use crate::index::{self, Place, Prepared, SpaceId};
use crate::model::Memory;
use crate::remember::Remembering;
use keep_db::{Db, Pending, WriteTx};
use keep_gate::{Permit, Started};
use keep_types::{Namespace, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

type Sql<T> = Result<T, MemoryError>;

/// A memory as it goes in, checked and complete.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(crate) memory: Memory,
    /// The rows of the memories that it was made from.
    pub(crate) parents: Vec<i64>,
    /// How it read before, where it comes from an export.
    pub(crate) before: Vec<Memory>,
}

/// Writes memories down, with their record, in one transaction.
pub(crate) async fn remember(permit: Permit<Deed<Remembering>>) -> Sql<()> {
    permit.perform(|tx, deed| add(tx, &deed.what).map(|_| ())).await
}

/// Adds memories at the end of their space; says which row the last one has.
pub(super) fn add(tx: &mut WriteTx<'_>, new: &Remembering) -> Sql<i64> {
    add_some(tx, &new.namespace, &new.fresh, &new.prepared, new.most)
}

/// Writes some of the memories of an act that was begun, in one transaction.
pub(crate) fn remember_some(
    _: &Started<Deed<Remembering>>,
    db: &Db,
    namespace: Namespace,
    (fresh, prepared): (Vec<Fresh>, Vec<Prepared>),
    most: u64,
) -> Pending<(), MemoryError> {
    db.write(move |tx| add_some(tx, &namespace, &fresh, &prepared, most).map(|_| ()))
}

fn add_some(
    tx: &mut WriteTx<'_>,
    namespace: &Namespace,
    fresh: &[Fresh],
    prepared: &[Prepared],
    most: u64,
) -> Sql<i64> {
    let sql = tx.sql();
    let oldest = fresh.iter().map(|fresh| fresh.memory.recorded_at).min();
    let space = space(sql, namespace, oldest.unwrap_or(Timestamp::from_ms(0)))?;
    let first = reserve(sql, &space, fresh.len(), most)?;
    let mut last = 0;
    index::add(sql, space.id, first, prepared)?;
    for (place, fresh) in (first..).zip(fresh) {
        last = insert(sql, &space, place, fresh)?;
    }
    Ok(last)
}

/// The space of a namespace, made when it is the first memory there. Nothing in it has faded since its oldest
/// memory was written.
fn space(sql: &Connection, namespace: &Namespace, oldest: Timestamp) -> Sql<Space> {
    sql.prepare_cached("INSERT OR IGNORE INTO memory_space (namespace, faded_ms) VALUES (?1, ?2)")?
        .execute(params![namespace.to_string(), oldest.ms()])?;
    let id = sql
        .prepare_cached("SELECT id FROM memory_space WHERE namespace = ?1")?
        .query_row([namespace.to_string()], |row| row.get(0))?;
    Ok(Space { id: SpaceId(id), namespace: namespace.clone() })
}

/// Takes the next places of a space, so many in a row.
fn reserve(sql: &Connection, space: &Space, count: usize, most: u64) -> Sql<Place> {
    let (count, wide) = (i64::try_from(count).unwrap_or(i64::MAX), count as u64);
    let (next, held): (i64, i64) = sql
        .prepare_cached(
            "UPDATE memory_space SET next_place = next_place + ?2, memories = memories + ?2 WHERE id = ?1
             RETURNING next_place, memories",
        )?
        .query_row(params![space.id.0, count], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let held = held.cast_unsigned();
    if held > most {
        return Err(MemoryError::TooMany { what: "memories in this namespace", count: held, limit: most });
    }
    // Places are never used again, so they may run out before the memories do.
    let spent =
        || MemoryError::TooMany { what: "places in this namespace", count: wide, limit: Place::MAX.into() };
    Place::try_from(next - count).ok().filter(|_| next <= Place::MAX.into()).ok_or_else(spent)
}

fn insert(sql: &Connection, space: &Space, place: Place, fresh: &Fresh) -> Sql<i64> {
    let m = &fresh.memory;
    let put = sql
        .prepare_cached(
            "INSERT INTO memory (space, place, id, version, kind, title, text, tags, importance, confidence,
                trust, source, written_by, edited_by, speaker, said_ms, valid_from_ms, valid_to_ms,
                recorded_ms, edited_ms, retired_ms, expires_ms, pinned, quarantine, flag)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                ?20, ?21, ?22, ?23, ?24, ?25)",
        )?
        .insert(params![
            space.id.0,
            place,
            m.id.to_string(),
            m.version,
            m.kind.as_str(),
            m.title,
            m.text,
            json(&m.tags)?,
            m.importance.get(),
            m.confidence.get(),
            m.trust.as_str(),
            json(&m.source)?,
            m.written_by.to_string(),
            m.edited_by.as_ref().map(ToString::to_string),
            m.speaker,
            ms(m.said_at),
            ms(m.valid.from),
            ms(m.valid.to),
            m.recorded_at.ms(),
            m.edited_at.ms(),
            ms(m.retired_at),
            ms(m.expires_at),
            m.pinned,
            m.quarantine,
            m.flag,
        ]);
    let seq = put.map_err(|error| taken(error, m))?;
    file_under(sql, space.id, place, &m.tags)?;
    let mut parent =
        sql.prepare_cached("INSERT OR IGNORE INTO memory_parent (child, parent) VALUES (?1, ?2)")?;
    for from in &fresh.parents {
        parent.execute([seq, *from])?;
    }
    for version in &fresh.before {
        put_version(sql, seq, version)?;
    }
    if let (1.., Some(last)) = (m.recalls, m.recalled_at) {
        sql.prepare_cached("INSERT INTO memory_use (memory, recalls, recalled_ms) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, m.recalls.cast_signed(), last.ms()])?;
    }
    Ok(seq)
}

/// Puts down how a memory reads before it is changed.
pub(super) fn put_version(sql: &Connection, seq: i64, version: &Memory) -> Sql<()> {
    sql.prepare_cached(
        "INSERT OR IGNORE INTO memory_version (memory, version, edited_ms, body) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![seq, version.version, version.edited_at.ms(), json(version)?])?;
    Ok(())
}

/// What an error of an insertion means: the id is the one thing of a caller's that must be new.
fn taken(error: rusqlite::Error, memory: &Memory) -> MemoryError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => {
            MemoryError::Exists { id: memory.id, namespace: memory.namespace.clone() }
        }
        _ => error.into(),
    }
}

pub(super) fn file_under(sql: &Connection, space: SpaceId, place: Place, tags: &[String]) -> Sql<()> {
    let mut add =
        sql.prepare_cached("INSERT OR IGNORE INTO memory_tag (space, tag, place) VALUES (?1, ?2, ?3)")?;
    for tag in tags {
        add.execute(params![space.0, tag, place])?;
    }
    Ok(())
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Sql<String> {
    serde_json::to_string(value).map_err(|error| MemoryError::corrupt("memory", error))
}

pub(super) fn ms(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::ms)
}

/// Removes memories for good, with all that follows from them; says how many requests that waited for a
/// person went with them, since they showed one of the texts.
pub(crate) async fn forget(permit: Permit<Deed<Forgetting>>) -> Sql<u64> {
    permit.perform(|tx, deed| remove(tx, &deed.what)).await
}

fn remove(tx: &mut WriteTx<'_>, what: &Forgetting) -> Sql<u64> {
    let mut texts = Vec::new();
    for one in &what.doomed {
        texts.extend(texts_of(tx.sql(), one.seq)?);
        remove_one(tx.sql(), one)?;
    }
    Ok(keep_gate::withdraw_texts(tx, &texts)?)
}

/// A memory's text, and how it read before.
fn texts_of(sql: &Connection, seq: i64) -> Sql<Vec<String>> {
    let mut find = sql.prepare_cached(
        "SELECT text FROM memory WHERE seq = ?1
         UNION ALL SELECT json_extract(body, '$.text') FROM memory_version WHERE memory = ?1",
    )?;
    let rows = find.query_map([seq], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Versions, links and counts go with the row; the database overwrites what it deletes.
fn remove_one(sql: &Connection, doomed: &Doomed) -> Sql<()> {
    let tags = "DELETE FROM memory_tag WHERE space = ?1 AND place = ?2";
    let tags_of: Option<String> = sql
        .prepare_cached("SELECT tags FROM memory WHERE seq = ?1 AND id = ?2")?
        .query_row(params![doomed.seq, doomed.id.to_string()], |row| row.get(0))
        .optional()?;
    let tags_of = tags_of.ok_or(MemoryError::Moved(doomed.id))?;
    let tags_of: Vec<String> =
        serde_json::from_str(&tags_of).map_err(|error| MemoryError::corrupt("memory", error))?;
    for tag in tags_of {
        sql.prepare_cached(&format!("{tags} AND tag = ?3"))?.execute(params![
            doomed.space.0,
            doomed.place,
            tag
        ])?;
    }
    index::remove(sql, doomed.space, doomed.place, &doomed.prepared)?;
    sql.prepare_cached("DELETE FROM memory WHERE seq = ?1")?.execute([doomed.seq])?;
    sql.prepare_cached("UPDATE memory_space SET memories = memories - 1 WHERE id = ?1")?
        .execute([doomed.space.0])?;
    Ok(())
}
