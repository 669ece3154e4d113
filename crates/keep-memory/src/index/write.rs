//! Changes to the index, inside the transaction that changes the memories.

use super::card::{ASKS, Card, LIVE, NOBODY, SPEAKS_OF_TIME, Times, UNSAID};
use super::entry::{Prepared, Standing};
use super::leaf::Mixed;
use super::work::Work;
use super::{IndexError, Place, SpaceId, tables};
use keep_embed::{Embedder, EmbedderId, Quantised};
use rusqlite::Connection;

/// Adds memories at consecutive places. Many at once cost far less than one by one, since each word's list is
/// written once.
///
/// # Errors
/// When a place is taken or the database refuses.
pub fn add(sql: &Connection, space: SpaceId, first: Place, entries: &[Prepared]) -> Result<(), IndexError> {
    let mut work = Work::begin(sql, space)?;
    for (place, entry) in (first..).zip(entries) {
        if work.card(place)?.is(LIVE) {
            return Err(IndexError::Place { space, place });
        }
        let before = match entry.talk {
            Some(talk) => {
                let last = work.last_turn(talk)?;
                work.set_last_turn(talk, Some(place));
                last
            }
            None => None,
        };
        if let Some(before) = before {
            let card = work.card(before)?;
            work.set_card(before, Card { after: place, ..card })?;
        }
        write_memory(&mut work, place, entry, [before.unwrap_or(NOBODY), NOBODY])?;
        work.row.places = work.row.places.max(place + 1);
    }
    work.finish()
}

/// Puts a memory at a place whose neighbours are known.
fn write_memory(
    work: &mut Work<'_>,
    place: Place,
    entry: &Prepared,
    beside: [Place; 2],
) -> Result<(), IndexError> {
    if let Some(name) = &entry.speaker {
        work.count_speaker(name, 1)?;
    }
    put_again(work, place, entry, beside)?;
    work.remix_around(place)?;
    for (term, count) in &entry.counts {
        work.add_word(term, place, *count);
    }
    work.row.memories += 1;
    work.row.words += i64::from(entry.length);
    Ok(())
}

/// Puts the card, the times and the vector of a memory at its place.
pub(super) fn put_again(
    work: &mut Work<'_>,
    place: Place,
    entry: &Prepared,
    [before, after]: [Place; 2],
) -> Result<(), IndexError> {
    let embedder = work.embedder_number(&entry.embedder, entry.vector.codes.len())?;
    let speaker = match &entry.speaker {
        Some(name) => work.count_speaker(name, 0)?,
        None => UNSAID,
    };
    let mut card = Card { before, after, length: entry.length, speaker, embedder, ..Card::EMPTY };
    card.set(LIVE, true);
    card.set(ASKS, entry.asks);
    card.set(SPEAKS_OF_TIME, entry.speaks_of_time);
    card.set_said(entry.said);
    card.stand(&entry.standing);
    work.set_card(place, card)?;
    work.set_times(place, Times::of(&entry.standing))?;
    work.set_vector(place, entry.vector.clone())
}

/// Takes over how a memory stands; its text is the same.
///
/// # Errors
/// When there is no memory at that place or the database refuses.
pub fn restand(
    sql: &Connection,
    space: SpaceId,
    place: Place,
    standing: &Standing,
) -> Result<(), IndexError> {
    let mut work = Work::begin(sql, space)?;
    let mut card = taken(&mut work, place)?;
    card.stand(standing);
    work.set_card(place, card)?;
    work.set_times(place, Times::of(standing))?;
    work.finish()
}

/// Has a search count memories as this important; says how many it counted otherwise before. Places without a
/// memory are passed over.
///
/// # Errors
/// When the database refuses or a leaf is damaged.
pub fn weigh(sql: &Connection, space: SpaceId, counts: &[(Place, u8)]) -> Result<u64, IndexError> {
    let mut others = Vec::new();
    for leaf in counts.chunk_by(|one, next| one.0 / super::LEAF == next.0 / super::LEAF) {
        let Some((first, _)) = leaf.first() else { continue };
        let Some(sheet) = tables::sheet(sql, space, first / super::LEAF)? else { continue };
        others.extend(leaf.iter().filter(|(place, count)| {
            let card = sheet.card((place % super::LEAF) as usize);
            card.is(LIVE) && card.importance != *count
        }));
    }
    if others.is_empty() {
        return Ok(0);
    }
    let mut work = Work::begin(sql, space)?;
    for (place, importance) in &others {
        let card = work.card(*place)?;
        work.set_card(*place, Card { importance: *importance, ..card })?;
    }
    work.finish()?;
    Ok(others.len() as u64)
}

/// Puts another text in the place of a memory's. It stays the same turn of its conversation.
///
/// # Errors
/// When there is no memory at that place or the database refuses.
pub fn replace(
    sql: &Connection,
    space: SpaceId,
    place: Place,
    old: &Prepared,
    new: &Prepared,
) -> Result<(), IndexError> {
    let mut work = Work::begin(sql, space)?;
    let card = taken(&mut work, place)?;
    wipe(&mut work, place, old, card)?;
    write_memory(&mut work, place, new, [card.before, card.after])?;
    work.finish()
}

/// Takes a memory out. Nothing that follows from its text stays, neither in what was written of it nor in what
/// its neighbours had taken up.
///
/// # Errors
/// When there is no memory at that place or the database refuses.
pub fn remove(sql: &Connection, space: SpaceId, place: Place, old: &Prepared) -> Result<(), IndexError> {
    let mut work = Work::begin(sql, space)?;
    let card = taken(&mut work, place)?;
    wipe(&mut work, place, old, card)?;
    if card.before != NOBODY {
        let before = work.card(card.before)?;
        work.set_card(card.before, Card { after: card.after, ..before })?;
    }
    if card.after != NOBODY {
        let after = work.card(card.after)?;
        work.set_card(card.after, Card { before: card.before, ..after })?;
    } else if let Some(talk) = old.talk {
        work.set_last_turn(talk, (card.before != NOBODY).then_some(card.before));
    }
    for beside in [card.before, card.after] {
        if beside != NOBODY {
            work.remix_around(beside)?;
        }
    }
    work.finish()
}

/// Clears a place.
fn wipe(work: &mut Work<'_>, place: Place, old: &Prepared, card: Card) -> Result<(), IndexError> {
    for (term, _) in &old.counts {
        work.drop_word(term, place)?;
    }
    if card.speaker != UNSAID
        && let Some(name) = &old.speaker
    {
        work.count_speaker(name, -1)?;
    }
    work.drop_vector(place)?;
    work.set_card(place, Card::EMPTY)?;
    work.set_times(place, Times::default())?;
    work.set_mixed(place, Mixed::default())?;
    work.row.memories = work.row.memories.saturating_sub(1);
    work.row.words -= i64::from(card.length);
    Ok(())
}

fn taken(work: &mut Work<'_>, place: Place) -> Result<Card, IndexError> {
    let card = work.card(place)?;
    if card.is(LIVE) { Ok(card) } else { Err(IndexError::Place { space: work.space, place }) }
}

/// How many memories a space's index has.
///
/// # Errors
/// When the database refuses or the index is of another form.
pub fn count(sql: &Connection, space: SpaceId) -> Result<u64, IndexError> {
    Ok(tables::space(sql, space)?.map_or(0, |row| u64::from(row.memories)))
}

/// Where looking for what another embedder embedded goes on: behind a leaf, in the order in which leaves were
/// last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Behind {
    stamp: i64,
    leaf: u32,
}

impl Behind {
    /// Before all leaves.
    pub const NONE: Self = Self { stamp: i64::MIN, leaf: 0 };
}

/// The places in the next leaf that holds vectors of another embedder, and where to go on; none when no further
/// one does. What is embedded anew is written again and so moves to the end of that order: whoever goes through it
/// once has seen all, and whoever begins anew comes upon the next ones at once.
///
/// # Errors
/// When the database refuses or a leaf is damaged.
pub fn stale(
    sql: &Connection,
    space: SpaceId,
    embedder: &EmbedderId,
    mut behind: Behind,
) -> Result<Option<(Vec<Place>, Behind)>, IndexError> {
    let wanted = tables::known_embedder(sql, embedder)?;
    while let Some((stamp, leaf)) = tables::leaf_written_after(sql, space, (behind.stamp, behind.leaf))? {
        behind = Behind { stamp, leaf };
        let sheet = tables::sheet(sql, space, leaf)?.unwrap_or_default();
        let places = (leaf * super::LEAF..).zip(sheet.cards());
        let stale = places.filter(|(_, card)| card.is(LIVE) && Some(card.embedder) != wanted);
        let stale: Vec<Place> = stale.map(|(place, _)| place).collect();
        if !stale.is_empty() {
            return Ok(Some((stale, behind)));
        }
    }
    Ok(None)
}

/// Puts the vectors of a new embedder in the place of old ones. Memories whose neighbours still have the old
/// one are mixed with those that have the same.
///
/// # Errors
/// When there is no memory at one of the places or the database refuses.
pub fn reembed(
    sql: &Connection,
    space: SpaceId,
    embedder: &dyn Embedder,
    vectors: Vec<(Place, Quantised)>,
) -> Result<(), IndexError> {
    let mut work = Work::begin(sql, space)?;
    let number = work.embedder_number(embedder.id(), embedder.dimensions())?;
    for (place, vector) in vectors {
        let card = taken(&mut work, place)?;
        work.set_card(place, Card { embedder: number, ..card })?;
        work.set_vector(place, vector)?;
        work.remix_around(place)?;
    }
    work.finish()
}
