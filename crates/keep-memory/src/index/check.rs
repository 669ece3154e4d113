//! Finding out what of an index is damaged, and making it again from the memories.

use super::card::{LIVE, NOBODY};
use super::entry::Prepared;
use super::{BLOCK, IndexError, LEAF, Part, Place, SpaceId, tables, write};
use rusqlite::Connection;
use std::collections::BTreeSet;

/// Where an index is made again from: the memories of a space as the database has them.
pub trait Rows {
    /// Calls `with` for each memory of a space, in the order of their places.
    ///
    /// # Errors
    /// When the memories cannot be read, or `with` fails.
    fn each(
        &self,
        space: SpaceId,
        with: &mut dyn FnMut(Place, Prepared) -> Result<(), IndexError>,
    ) -> Result<(), IndexError>;
}

/// What of a space's index is damaged. Reads all of it.
///
/// # Errors
/// When the database refuses.
pub fn check(sql: &Connection, space: SpaceId) -> Result<BTreeSet<Part>, IndexError> {
    let mut damaged = BTreeSet::new();
    let mut note = |outcome: Result<(), IndexError>| match outcome {
        Err(IndexError::Damaged { part, .. }) => {
            damaged.insert(part);
            Ok(())
        }
        other => other,
    };
    note(tables::space(sql, space).map(drop))?;
    for (term, block) in terms_of(sql, space)? {
        note(tables::postings(sql, space, &term, block).map(drop))?;
    }
    for leaf in tables::leaves_after(sql, space, i64::MIN)? {
        note(check_leaf(sql, space, leaf))?;
    }
    Ok(damaged)
}

fn check_leaf(sql: &Connection, space: SpaceId, leaf: u32) -> Result<(), IndexError> {
    let body = tables::leaf(sql, space, leaf)?.unwrap_or_default();
    for (place, card) in (leaf * LEAF..).zip(&body.cards) {
        if card.is(LIVE) {
            tables::vector(sql, space, place)?;
        }
    }
    Ok(())
}

fn terms_of(sql: &Connection, space: SpaceId) -> Result<Vec<(String, u32)>, IndexError> {
    let mut find = sql.prepare_cached("SELECT term, block FROM memory_index_term WHERE space = ?1")?;
    let rows = find.query_map([space.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes a damaged part again.
///
/// # Errors
/// When the memories cannot be read or the database refuses.
pub fn repair(sql: &Connection, space: SpaceId, part: Part, rows: &dyn Rows) -> Result<(), IndexError> {
    // The lists of a block hold nothing but what its memories say. What else is damaged also says which turns
    // follow each other, and that the whole space knows.
    match part {
        Part::Words(block) => rewrite_words(sql, space, block, rows),
        Part::Whole | Part::Leaf(_) | Part::Vector(_) => rebuild(sql, space, rows),
    }
}

fn rewrite_words(sql: &Connection, space: SpaceId, block: u32, rows: &dyn Rows) -> Result<(), IndexError> {
    sql.prepare_cached("DELETE FROM memory_index_term WHERE space = ?1 AND block = ?2")?
        .execute((space.0, block))?;
    let mut work = super::work::Work::begin(sql, space)?;
    rows.each(space, &mut |place, memory| {
        if place / BLOCK == block {
            memory.counts.iter().for_each(|(term, count)| work.add_word(term, place, *count));
        }
        Ok(())
    })?;
    work.finish()
}

/// Makes the index of a space again.
///
/// # Errors
/// When the memories cannot be read or the database refuses.
pub fn rebuild(sql: &Connection, space: SpaceId, rows: &dyn Rows) -> Result<(), IndexError> {
    // The stamp goes on counting, so that nobody takes what was kept for what is there now.
    let stamp: Option<i64> =
        sql.query_row("SELECT max(stamp) FROM memory_index_space WHERE space = ?1", [space.0], |row| {
            row.get(0)
        })?;
    clear(sql, space)?;
    let row = tables::SpaceRow { stamp: stamp.unwrap_or_default(), ..tables::SpaceRow::default() };
    tables::put_space(sql, space, row)?;
    let mut batch: Vec<(Place, Prepared)> = Vec::new();
    rows.each(space, &mut |place, memory| {
        let follows = batch.last().is_none_or(|(last, _)| last + 1 == place);
        if !follows || batch.len() >= LEAF as usize {
            add_batch(sql, space, &mut batch)?;
        }
        batch.push((place, memory));
        Ok(())
    })?;
    add_batch(sql, space, &mut batch)
}

fn add_batch(sql: &Connection, space: SpaceId, batch: &mut Vec<(Place, Prepared)>) -> Result<(), IndexError> {
    let first = batch.first().map_or(NOBODY, |(place, _)| *place);
    let entries: Vec<Prepared> = batch.drain(..).map(|(_, memory)| memory).collect();
    if entries.is_empty() { Ok(()) } else { write::add(sql, space, first, &entries) }
}

/// Takes everything of a space out.
fn clear(sql: &Connection, space: SpaceId) -> Result<(), IndexError> {
    for table in ["space", "term", "leaf", "speaker", "talk"] {
        sql.execute(&format!("DELETE FROM memory_index_{table} WHERE space = ?1"), [space.0])?;
    }
    sql.execute(
        "DELETE FROM memory_index_vector WHERE key BETWEEN ?1 AND ?2",
        [tables::key(space, 0), tables::key(space, u32::MAX)],
    )?;
    Ok(())
}
