//! A change to the index of one space: what it reads is read once, what it alters is written once.

use super::card::{Card, Times};
use super::leaf::{Leaf, Mixed};
use super::mix::{lenders, meaning, mix};
use super::postings::Posting;
use super::tables::{self, SpaceRow};
use super::{BLOCK, IndexError, LEAF, Place, SpaceId};
use crate::rank::Weights;
use keep_embed::{EmbedderId, Quantised};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The change that is under way.
pub(super) struct Work<'t> {
    pub(super) sql: &'t Connection,
    pub(super) space: SpaceId,
    pub(super) row: SpaceRow,
    leaves: BTreeMap<u32, Leaf>,
    vectors: HashMap<Place, Quantised>,
    /// Memories whose own meaning, or a neighbour's, is another now.
    remix: BTreeSet<Place>,
    /// Words by block, and the places that now have them.
    words: BTreeMap<(String, u32), Vec<Posting>>,
    talks: HashMap<i64, Option<Place>>,
    /// How many memories each speaker gains or loses, and the speaker's number.
    speakers: BTreeMap<String, (u16, i64)>,
    embedder: Option<(EmbedderId, u8)>,
}

impl<'t> Work<'t> {
    pub(super) fn begin(sql: &'t Connection, space: SpaceId) -> Result<Self, IndexError> {
        let mut row = tables::space(sql, space)?.unwrap_or_default();
        row.stamp += 1;
        Ok(Self {
            sql,
            space,
            row,
            leaves: BTreeMap::new(),
            vectors: HashMap::new(),
            remix: BTreeSet::new(),
            words: BTreeMap::new(),
            talks: HashMap::new(),
            speakers: BTreeMap::new(),
            embedder: None,
        })
    }

    /// Has the leaf of this place at hand.
    fn load(&mut self, place: Place) -> Result<&mut Leaf, IndexError> {
        let leaf = place / LEAF;
        if !self.leaves.contains_key(&leaf) {
            let found = tables::leaf(self.sql, self.space, leaf)?.unwrap_or_default();
            self.leaves.insert(leaf, found);
        }
        Ok(self.leaves.entry(leaf).or_default())
    }

    pub(super) fn card(&mut self, place: Place) -> Result<Card, IndexError> {
        let leaf = self.load(place)?;
        Ok(leaf.cards.get(slot(place)).copied().unwrap_or(Card::EMPTY))
    }

    pub(super) fn set_card(&mut self, place: Place, card: Card) -> Result<(), IndexError> {
        let leaf = self.load(place)?;
        leaf.reach(slot(place));
        leaf.cards[slot(place)] = card;
        Ok(())
    }

    pub(super) fn set_times(&mut self, place: Place, times: Times) -> Result<(), IndexError> {
        self.load(place)?.set_times(slot(place), times);
        Ok(())
    }

    pub(super) fn set_mixed(&mut self, place: Place, mixed: Mixed) -> Result<(), IndexError> {
        self.load(place)?.set_mixed(slot(place), mixed);
        Ok(())
    }

    pub(super) fn set_vector(&mut self, place: Place, vector: Quantised) -> Result<(), IndexError> {
        tables::put_vector(self.sql, self.space, place, &vector)?;
        self.vectors.insert(place, vector);
        Ok(())
    }

    pub(super) fn drop_vector(&mut self, place: Place) -> Result<(), IndexError> {
        self.vectors.remove(&place);
        tables::drop_vector(self.sql, self.space, place)
    }

    pub(super) fn last_turn(&mut self, talk: i64) -> Result<Option<Place>, IndexError> {
        if let Some(last) = self.talks.get(&talk) {
            return Ok(*last);
        }
        tables::last_turn(self.sql, self.space, talk)
    }

    pub(super) fn set_last_turn(&mut self, talk: i64, last: Option<Place>) {
        self.talks.insert(talk, last);
    }

    /// Counts the memories of a speaker up or down, and returns the speaker's number.
    pub(super) fn count_speaker(&mut self, name: &str, by: i64) -> Result<u16, IndexError> {
        if let Some((number, change)) = self.speakers.get_mut(name) {
            *change += by;
            return Ok(*number);
        }
        let number = tables::speaker_number(self.sql, self.space, name)?;
        self.speakers.insert(name.to_owned(), (number, by));
        Ok(number)
    }

    /// The number of an embedder.
    pub(super) fn embedder_number(&mut self, id: &EmbedderId, dimensions: usize) -> Result<u8, IndexError> {
        match &self.embedder {
            Some((known, number)) if known == id => Ok(*number),
            _ => {
                let number = tables::embedder_number(self.sql, id, dimensions)?;
                self.embedder = Some((id.clone(), number));
                Ok(number)
            }
        }
    }

    /// Notes that a memory has a word.
    pub(super) fn add_word(&mut self, term: &str, place: Place, count: u8) {
        self.words.entry((term.to_owned(), place / BLOCK)).or_default().push(Posting::new(place, count));
    }

    /// Takes a memory out of the list of a word.
    pub(super) fn drop_word(&mut self, term: &str, place: Place) -> Result<(), IndexError> {
        let block = place / BLOCK;
        let mut list = tables::postings(self.sql, self.space, term, block)?;
        let before = list.len();
        list.retain(|posting| posting.slot() != place % BLOCK);
        if list.len() == before {
            return Ok(());
        }
        tables::put_postings(self.sql, self.space, term, block, &list)
    }

    /// Notes that the meaning of a memory, and of those beside it, is to be mixed anew.
    pub(super) fn remix_around(&mut self, place: Place) -> Result<(), IndexError> {
        self.remix.insert(place);
        let here = self.card(place)?;
        for first in [here.before, here.after] {
            if first != super::card::NOBODY {
                self.remix.insert(first);
                let beside = self.card(first)?;
                let seconds = [beside.before, beside.after];
                self.remix.extend(seconds.iter().filter(|at| **at != super::card::NOBODY));
            }
        }
        Ok(())
    }

    /// Writes everything.
    pub(super) fn finish(mut self) -> Result<(), IndexError> {
        self.mix()?;
        for ((term, block), added) in std::mem::take(&mut self.words) {
            let mut list = tables::postings(self.sql, self.space, &term, block)?;
            for posting in added {
                match list.binary_search_by_key(&posting.slot(), |known| known.slot()) {
                    Ok(at) => list[at] = posting,
                    Err(at) => list.insert(at, posting),
                }
            }
            tables::put_postings(self.sql, self.space, &term, block, &list)?;
        }
        for (leaf, body) in &self.leaves {
            tables::put_leaf(self.sql, self.space, *leaf, self.row.stamp, body)?;
        }
        for (talk, last) in &self.talks {
            tables::put_last_turn(self.sql, self.space, *talk, *last)?;
        }
        for (number, change) in self.speakers.values().filter(|(_, change)| *change != 0) {
            tables::count_speaker(self.sql, self.space, *number, *change, self.row.stamp)?;
        }
        tables::put_space(self.sql, self.space, self.row)
    }

    /// Mixes the meaning of all memories that need it.
    fn mix(&mut self) -> Result<(), IndexError> {
        let weights = Weights::default();
        let places: Vec<Place> = self.remix.iter().copied().collect();
        for place in places {
            let here = self.card(place)?;
            if !here.is(super::card::LIVE) {
                continue;
            }
            self.load_around(place)?;
            let parts: Vec<(Place, f32)> = std::iter::once((place, 1.0))
                .chain(lenders(place, |at| self.known_card(at), meaning(&weights)))
                .filter(|(at, _)| self.known_card(*at).embedder == here.embedder)
                .collect();
            for (at, _) in &parts {
                if !self.vectors.contains_key(at) {
                    self.vectors.insert(*at, tables::vector(self.sql, self.space, *at)?);
                }
            }
            let mixed = mix(parts.iter().map(|(at, share)| (&self.vectors[at], *share)));
            self.load(place)?.set_mixed(slot(place), mixed);
        }
        Ok(())
    }

    /// Has the leaves of a memory and of the four beside it at hand.
    fn load_around(&mut self, place: Place) -> Result<(), IndexError> {
        let here = self.card(place)?;
        for first in [here.before, here.after] {
            if first != super::card::NOBODY {
                let beside = self.card(first)?;
                for second in [beside.before, beside.after] {
                    if second != super::card::NOBODY {
                        self.card(second)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn known_card(&self, place: Place) -> Card {
        let leaf = self.leaves.get(&(place / LEAF));
        leaf.and_then(|leaf| leaf.cards.get(slot(place))).copied().unwrap_or(Card::EMPTY)
    }
}

fn slot(place: Place) -> usize {
    (place % LEAF) as usize
}
