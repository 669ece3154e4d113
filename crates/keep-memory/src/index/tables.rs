//! The rows of the index in the database.

use super::leaf::{Leaf, Sheet};
use super::postings::{self, Posting, opened, seal};
use super::{BLOCK, FORM, IndexError, LEAF, PART, Part, Place, SpaceId};
use keep_embed::{EmbedderId, Quantised};
use rusqlite::{Connection, OptionalExtension, params};

/// What is known of a space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SpaceRow {
    /// Counted up by every change.
    pub(super) stamp: i64,
    /// Places that were given out.
    pub(super) places: u32,
    /// Memories that are there.
    pub(super) memories: u32,
    /// The length of all of them.
    pub(super) words: i64,
}

/// A key of two numbers.
pub(super) fn key(space: SpaceId, number: u32) -> i64 {
    space.0 << 32 | i64::from(number)
}

/// The number in a key.
pub(super) fn number(key: i64) -> u32 {
    (key & 0xffff_ffff) as u32
}

pub(super) fn space(sql: &Connection, space: SpaceId) -> Result<Option<SpaceRow>, IndexError> {
    let mut find = sql.prepare_cached(
        "SELECT form, stamp, places, memories, words FROM memory_index_space WHERE space = ?1",
    )?;
    let row = find
        .query_row([space.0], |row| {
            let found = SpaceRow {
                stamp: row.get(1)?,
                places: row.get(2)?,
                memories: row.get(3)?,
                words: row.get(4)?,
            };
            Ok((row.get::<_, i64>(0)?, found))
        })
        .optional()?;
    match row {
        Some((FORM, row)) => Ok(Some(row)),
        Some(_) => Err(IndexError::Damaged { space, part: Part::Whole }),
        None => Ok(None),
    }
}

pub(super) fn put_space(sql: &Connection, space: SpaceId, row: SpaceRow) -> Result<(), IndexError> {
    let mut put = sql.prepare_cached(
        "INSERT OR REPLACE INTO memory_index_space (space, form, stamp, places, memories, words)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    put.execute(params![space.0, FORM, row.stamp, row.places, row.memories, row.words])?;
    Ok(())
}

pub(super) fn sheet(sql: &Connection, space: SpaceId, leaf: u32) -> Result<Option<Sheet>, IndexError> {
    let mut find = sql.prepare_cached("SELECT body FROM memory_index_leaf WHERE key = ?1")?;
    let damaged = IndexError::Damaged { space, part: Part::Leaf(leaf) };
    let mut rows = find.query([key(space, leaf)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Sheet::open(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?).map(Some).ok_or(damaged)
}

/// Hands on the bytes of each leaf of a space with its number, in their order.
pub(super) fn each_leaf(
    sql: &Connection,
    space: SpaceId,
    mut hand_on: impl FnMut(u32, &[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut find = sql
        .prepare_cached("SELECT key, body FROM memory_index_leaf WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
    let mut rows = find.query([key(space, 0), key(space, u32::MAX)])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        hand_on(number(row.get(0)?), body)?;
    }
    Ok(())
}

pub(super) fn leaf(sql: &Connection, space: SpaceId, leaf: u32) -> Result<Option<Leaf>, IndexError> {
    Ok(sheet(sql, space, leaf)?.map(|sheet| sheet.leaf()))
}

pub(super) fn put_leaf(
    sql: &Connection,
    space: SpaceId,
    leaf: u32,
    stamp: i64,
    body: &Leaf,
) -> Result<(), IndexError> {
    let mut put = sql.prepare_cached(
        "INSERT OR REPLACE INTO memory_index_leaf (key, space, stamp, body) VALUES (?1, ?2, ?3, ?4)",
    )?;
    put.execute(params![key(space, leaf), space.0, stamp, body.encode()])?;
    Ok(())
}

/// The leaves of a space that changed after a stamp, or all of them.
pub(super) fn leaves_after(sql: &Connection, space: SpaceId, stamp: i64) -> Result<Vec<u32>, IndexError> {
    let mut find =
        sql.prepare_cached("SELECT key FROM memory_index_leaf WHERE space = ?1 AND stamp > ?2 ORDER BY key")?;
    let keys = find.query_map(params![space.0, stamp], |row| row.get(0).map(number))?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// The next leaf of a space in the order in which they were last written, and among those written at once in that
/// of their numbers, with its stamp.
pub(super) fn leaf_written_after(
    sql: &Connection,
    space: SpaceId,
    (stamp, leaf): (i64, u32),
) -> Result<Option<(i64, u32)>, IndexError> {
    let mut find = sql.prepare_cached(
        "SELECT stamp, key FROM memory_index_leaf WHERE space = ?1 AND (stamp, key) > (?2, ?3)
         ORDER BY stamp, key LIMIT 1",
    )?;
    let found = find.query_row(params![space.0, stamp, key(space, leaf)], |row| {
        Ok((row.get(0)?, row.get(1).map(number)?))
    });
    Ok(found.optional()?)
}

pub(super) fn postings(
    sql: &Connection,
    space: SpaceId,
    term: &str,
    block: u32,
) -> Result<Vec<Posting>, IndexError> {
    let mut find = sql.prepare_cached(
        "SELECT postings FROM memory_index_term WHERE space = ?1 AND part = ?2 AND term = ?3 AND block = ?4",
    )?;
    let mut rows = find.query(params![space.0, block / PART, term, block])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let list = postings::decode(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
    Ok(list.ok_or(IndexError::Damaged { space, part: Part::Words(block) })?.collect())
}

pub(super) fn put_postings(
    sql: &Connection,
    space: SpaceId,
    term: &str,
    block: u32,
    list: &[Posting],
) -> Result<(), IndexError> {
    if list.is_empty() {
        let mut drop = sql.prepare_cached(
            "DELETE FROM memory_index_term WHERE space = ?1 AND part = ?2 AND term = ?3 AND block = ?4",
        )?;
        drop.execute(params![space.0, block / PART, term, block])?;
        return Ok(());
    }
    let mut put = sql.prepare_cached(
        "INSERT INTO memory_index_term (space, part, term, block, postings) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET postings = excluded.postings",
    )?;
    put.execute(params![space.0, block / PART, term, block, postings::encode(list)])?;
    Ok(())
}

/// Calls `with` for every place of a space, of so many, that has a word, in order.
pub(super) fn each_posting(
    sql: &Connection,
    space: SpaceId,
    places: u32,
    term: &str,
    mut with: impl FnMut(Place, f32),
) -> Result<(), IndexError> {
    let mut find = sql.prepare_cached(
        "SELECT block, postings FROM memory_index_term WHERE space = ?1 AND part = ?2 AND term = ?3
         ORDER BY block",
    )?;
    for part in 0..places.div_ceil(PART * BLOCK) {
        let mut rows = find.query(params![space.0, part, term])?;
        while let Some(row) = rows.next()? {
            let block: u32 = row.get(0)?;
            let list = postings::decode(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
            let list = list.ok_or(IndexError::Damaged { space, part: Part::Words(block) })?;
            list.for_each(|posting| with(block * BLOCK + posting.slot(), posting.count()));
        }
    }
    Ok(())
}

/// A vector as bytes.
fn vector_bytes(vector: &Quantised) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + vector.codes.len());
    bytes.extend([0; 4]);
    bytes.extend(vector.scale.to_le_bytes());
    bytes.extend(vector.codes.iter().map(|code| code.cast_unsigned()));
    seal(&mut bytes);
    bytes
}

fn vector_of(bytes: &[u8]) -> Option<Quantised> {
    let (scale, codes) = opened(bytes)?.split_first_chunk::<4>()?;
    let codes = codes.iter().map(|code| code.cast_signed()).collect();
    Some(Quantised { scale: f32::from_le_bytes(*scale), codes })
}

pub(super) fn vector(sql: &Connection, space: SpaceId, place: Place) -> Result<Quantised, IndexError> {
    let mut find = sql.prepare_cached("SELECT vector FROM memory_index_vector WHERE key = ?1")?;
    let mut rows = find.query([key(space, place)])?;
    let found = match rows.next()? {
        Some(row) => vector_of(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?),
        None => None,
    };
    found.ok_or(IndexError::Damaged { space, part: Part::Vector(place) })
}

/// Calls `with` for the vector of every memory of a leaf.
pub(super) fn vectors_of_leaf(
    sql: &Connection,
    space: SpaceId,
    leaf: u32,
    mut with: impl FnMut(Place, Quantised),
) -> Result<(), IndexError> {
    let first = key(space, leaf * LEAF);
    let mut find =
        sql.prepare_cached("SELECT key, vector FROM memory_index_vector WHERE key BETWEEN ?1 AND ?2")?;
    let mut rows = find.query(params![first, first + i64::from(LEAF) - 1])?;
    while let Some(row) = rows.next()? {
        let place = number(row.get(0)?);
        let vector = vector_of(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
        with(place, vector.ok_or(IndexError::Damaged { space, part: Part::Vector(place) })?);
    }
    Ok(())
}

pub(super) fn put_vector(
    sql: &Connection,
    space: SpaceId,
    place: Place,
    vector: &Quantised,
) -> Result<(), IndexError> {
    let mut put =
        sql.prepare_cached("INSERT OR REPLACE INTO memory_index_vector (key, vector) VALUES (?1, ?2)")?;
    put.execute(params![key(space, place), vector_bytes(vector)])?;
    Ok(())
}

pub(super) fn drop_vector(sql: &Connection, space: SpaceId, place: Place) -> Result<(), IndexError> {
    sql.prepare_cached("DELETE FROM memory_index_vector WHERE key = ?1")?.execute([key(space, place)])?;
    Ok(())
}

/// The last turn of a conversation.
pub(super) fn last_turn(sql: &Connection, space: SpaceId, talk: i64) -> Result<Option<Place>, IndexError> {
    let mut find = sql.prepare_cached("SELECT last FROM memory_index_talk WHERE space = ?1 AND talk = ?2")?;
    Ok(find.query_row(params![space.0, talk], |row| row.get(0)).optional()?)
}

pub(super) fn put_last_turn(
    sql: &Connection,
    space: SpaceId,
    talk: i64,
    last: Option<Place>,
) -> Result<(), IndexError> {
    match last {
        Some(last) => sql
            .prepare_cached(
                "INSERT OR REPLACE INTO memory_index_talk (space, talk, last) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![space.0, talk, last])?,
        None => sql
            .prepare_cached("DELETE FROM memory_index_talk WHERE space = ?1 AND talk = ?2")?
            .execute(params![space.0, talk])?,
    };
    Ok(())
}

/// The number of a speaker, given now where there is none.
pub(super) fn speaker_number(sql: &Connection, space: SpaceId, name: &str) -> Result<u16, IndexError> {
    let mut find =
        sql.prepare_cached("SELECT number FROM memory_index_speaker WHERE space = ?1 AND name = ?2")?;
    if let Some(known) = find.query_row(params![space.0, name], |row| row.get(0)).optional()? {
        return Ok(known);
    }
    let mut next = sql.prepare_cached(
        "INSERT INTO memory_index_speaker (space, number, name, memories, stamp)
         SELECT ?1, coalesce(max(number) + 1, 0), ?2, 0, 0 FROM memory_index_speaker WHERE space = ?1
         RETURNING number",
    )?;
    let number: i64 = next.query_row(params![space.0, name], |row| row.get(0))?;
    // The last number stands for nobody.
    let number = u16::try_from(number).ok().filter(|number| *number < u16::MAX);
    number.ok_or(IndexError::TooMany("speakers in a space"))
}

/// Counts the memories of a speaker up or down; a name goes with the last of them.
pub(super) fn count_speaker(
    sql: &Connection,
    space: SpaceId,
    number: u16,
    by: i64,
    stamp: i64,
) -> Result<(), IndexError> {
    sql.prepare_cached(
        "UPDATE memory_index_speaker SET memories = memories + ?3, stamp = ?4,
             name = CASE WHEN memories + ?3 > 0 THEN name END
         WHERE space = ?1 AND number = ?2",
    )?
    .execute(params![space.0, number, by, stamp])?;
    Ok(())
}

/// The speakers of a space that changed after a stamp; one without a name has gone.
pub(super) fn speakers_after(
    sql: &Connection,
    space: SpaceId,
    stamp: i64,
) -> Result<Vec<(u16, Option<String>)>, IndexError> {
    let mut find = sql.prepare_cached(
        "SELECT number, name FROM memory_index_speaker WHERE space = ?1 AND stamp > ?2 ORDER BY number",
    )?;
    let rows = find.query_map(params![space.0, stamp], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The number of an embedder, given to it now when it has none.
pub(super) fn embedder_number(
    sql: &Connection,
    id: &EmbedderId,
    dimensions: usize,
) -> Result<u8, IndexError> {
    if let Some(known) = known_embedder(sql, id)? {
        return Ok(known);
    }
    sql.prepare_cached(
        "INSERT INTO memory_index_embedder (number, name, version, digest, dimensions)
         VALUES ((SELECT coalesce(max(number) + 1, 0) FROM memory_index_embedder), ?1, ?2, ?3, ?4)",
    )?
    .execute(params![id.name, id.version, id.digest.to_string(), dimensions as i64])?;
    known_embedder(sql, id)?.ok_or(IndexError::TooMany("embedders"))
}

pub(super) fn known_embedder(sql: &Connection, id: &EmbedderId) -> Result<Option<u8>, IndexError> {
    let mut find = sql.prepare_cached(
        "SELECT number FROM memory_index_embedder WHERE name = ?1 AND version = ?2 AND digest = ?3",
    )?;
    let number: Option<i64> =
        find.query_row(params![id.name, id.version, id.digest.to_string()], |row| row.get(0)).optional()?;
    number.map(|number| u8::try_from(number).map_err(|_| IndexError::TooMany("embedders"))).transpose()
}
