//! Finding out what of an index is damaged, and making it again from the memories.

use super::card::{Card, LIVE, NOBODY};
use super::entry::Prepared;
use super::work::Work;
use super::{BLOCK, IndexError, LEAF, PART, Part, Place, SpaceId, tables, write};
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Where an index is made again from: the memories of a space as the database has them.
pub trait Rows {
    /// Calls `with` for each memory of a space within these places, in their order.
    ///
    /// # Errors
    /// When the memories cannot be read, or `with` fails.
    fn each(
        &self,
        space: SpaceId,
        places: Range<Place>,
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

/// Makes a damaged part again, and all of the space where more is damaged than that.
///
/// # Errors
/// When the memories cannot be read or the database refuses.
pub fn repair(sql: &Connection, space: SpaceId, part: Part, rows: &dyn Rows) -> Result<(), IndexError> {
    let repaired = match part {
        Part::Words(block) => rewrite_words(sql, space, block, rows),
        Part::Vector(place) => rewrite_vector(sql, space, place, rows),
        Part::Leaf(leaf) => rewrite_leaf(sql, space, leaf, rows),
        Part::Whole => rebuild(sql, space, rows),
    };
    match repaired {
        Err(IndexError::Damaged { .. }) => rebuild(sql, space, rows),
        other => other,
    }
}

fn rewrite_words(sql: &Connection, space: SpaceId, block: u32, rows: &dyn Rows) -> Result<(), IndexError> {
    sql.prepare_cached("DELETE FROM memory_index_term WHERE space = ?1 AND part = ?2 AND block = ?3")?
        .execute((space.0, block / PART, block))?;
    let mut work = Work::begin(sql, space)?;
    rows.each(space, span(block, BLOCK), &mut |place, memory| {
        memory.counts.iter().for_each(|(term, count)| work.add_word(term, place, *count));
        Ok(())
    })?;
    work.finish()
}

fn rewrite_vector(sql: &Connection, space: SpaceId, place: Place, rows: &dyn Rows) -> Result<(), IndexError> {
    let mut work = Work::begin(sql, space)?;
    rows.each(space, place..place.saturating_add(1), &mut |place, memory| {
        let card = work.card(place)?;
        let embedder = tables::embedder_number(sql, &memory.embedder, memory.vector.codes.len())?;
        work.set_card(place, Card { embedder, ..card })?;
        work.set_vector(place, memory.vector)?;
        work.remix_around(place)
    })?;
    work.finish()
}

fn rewrite_leaf(sql: &Connection, space: SpaceId, leaf: u32, rows: &dyn Rows) -> Result<(), IndexError> {
    sql.prepare_cached("DELETE FROM memory_index_leaf WHERE key = ?1")?
        .execute([tables::key(space, leaf)])?;
    let places = span(leaf, LEAF);
    let mut turns = Turns::leading_into(sql, space, &places)?;
    let mut work = Work::begin(sql, space)?;
    let mut found = Vec::new();
    rows.each(space, places, &mut |place, memory| {
        if let Some(talk) = memory.talk
            && let Some(before) = turns.last_here.insert(talk, place)
        {
            turns.before.insert(place, before);
            turns.after.insert(before, place);
        }
        found.push((place, memory));
        Ok(())
    })?;
    for (place, memory) in &found {
        let beside = [&turns.before, &turns.after].map(|turns| turns.get(place).copied().unwrap_or(NOBODY));
        write::put_again(&mut work, *place, memory, beside)?;
    }
    for (place, _) in &found {
        work.remix_around(*place)?;
    }
    work.finish()
}

/// Which turns follow each other in and around a leaf.
#[derive(Default)]
struct Turns {
    before: HashMap<Place, Place>,
    after: HashMap<Place, Place>,
    last_here: HashMap<i64, Place>,
}

impl Turns {
    /// What the other leaves know of their neighbours in these places: each points at the other.
    fn leading_into(sql: &Connection, space: SpaceId, places: &Range<Place>) -> Result<Self, IndexError> {
        let mut turns = Self::default();
        for leaf in tables::leaves_after(sql, space, i64::MIN)? {
            let body = tables::leaf(sql, space, leaf)?.unwrap_or_default();
            for (at, card) in (leaf * LEAF..).zip(&body.cards) {
                if places.contains(&card.after) {
                    turns.before.insert(card.after, at);
                }
                if places.contains(&card.before) {
                    turns.after.insert(card.before, at);
                }
            }
        }
        Ok(turns)
    }
}

fn span(number: u32, width: u32) -> Range<Place> {
    number * width..(number + 1).saturating_mul(width)
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
    rows.each(space, 0..Place::MAX, &mut |place, memory| {
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
