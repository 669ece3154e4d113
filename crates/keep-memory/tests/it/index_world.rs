//! Small worlds of memories for the tests of the index.

use keep_embed::{Embedder, Table};
use keep_memory::SCHEMA;
use keep_memory::index::{
    Answer, Cache, Entry, IndexError, Keep, Place, Prepared, Query, Rows, SpaceId, Standing, add, search,
};
use keep_memory::model::{Kind, Validity};
use keep_memory::rank::{Question, Weights};
use keep_types::{Timestamp, Trust};
use rusqlite::Connection;
use std::ops::Range;

pub(crate) const SPACE: SpaceId = SpaceId(7);

/// A memory as the tests write it.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) conversation: Option<String>,
    pub(crate) speaker: Option<String>,
    pub(crate) said_at: Option<Timestamp>,
    pub(crate) standing: Standing,
}

pub(crate) fn standing() -> Standing {
    Standing {
        kind: Kind::default(),
        trust: Trust::User,
        importance: 5,
        held: false,
        pinned: false,
        recorded_at: now(),
        retired_at: None,
        valid: Validity::default(),
        expires_at: None,
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn says(text: &str) -> Said {
    Said { text: text.to_owned(), conversation: None, speaker: None, said_at: None, standing: standing() }
}

pub(crate) fn turn(conversation: &str, speaker: &str, text: &str) -> Said {
    Said { conversation: Some(conversation.into()), speaker: Some(speaker.into()), ..says(text) }
}

impl Said {
    pub(crate) fn prepared(&self, embedder: &dyn Embedder) -> Prepared {
        let entry = Entry {
            text: &self.text,
            title: None,
            tags: &[],
            conversation: self.conversation.as_deref(),
            speaker: self.speaker.as_deref(),
            said_at: self.said_at,
            standing: self.standing.clone(),
        };
        Prepared::of(embedder, &entry).unwrap()
    }
}

/// A database with an index, and what searches it.
pub(crate) struct World {
    pub(crate) sql: Connection,
    pub(crate) table: Table,
    pub(crate) cache: Cache,
}

impl World {
    pub(crate) fn new() -> Self {
        let sql = Connection::open_in_memory().unwrap();
        for step in SCHEMA.steps {
            sql.execute_batch(step).unwrap();
        }
        sql.execute_batch("PRAGMA secure_delete = ON").unwrap();
        Self { sql, table: Table::built_in().unwrap(), cache: Cache::new(Keep::UpTo(1 << 30)) }
    }

    pub(crate) fn of(said: &[Said]) -> Self {
        let world = Self::new();
        world.add(SPACE, 0, said);
        world
    }

    pub(crate) fn add(&self, space: SpaceId, first: Place, said: &[Said]) {
        let entries: Vec<Prepared> = said.iter().map(|said| said.prepared(&self.table)).collect();
        add(&self.sql, space, first, &entries).unwrap();
    }

    pub(crate) fn ask(&self, text: &str) -> Answer {
        self.search(&[SPACE], &query(text)).unwrap()
    }

    pub(crate) fn search(&self, spaces: &[SpaceId], query: &Query) -> Result<Answer, IndexError> {
        search(&self.sql, &self.cache, &[&self.table], spaces, query)
    }

    /// The same with nothing kept in memory.
    pub(crate) fn search_cold(&self, spaces: &[SpaceId], query: &Query) -> Answer {
        search(&self.sql, &Cache::new(Keep::Nothing), &[&self.table], spaces, query).unwrap()
    }

    /// Every row of every table, as text that can be compared, but for the stamps.
    pub(crate) fn rows(&self) -> Vec<String> {
        let tables = [
            "SELECT 'space', space, form, places, memories, words FROM memory_index_space",
            "SELECT 'term', space, term, block, hex(postings) FROM memory_index_term ORDER BY 2, 3, 4",
            "SELECT 'leaf', key, space, hex(body) FROM memory_index_leaf ORDER BY key",
            "SELECT 'vector', key, hex(vector) FROM memory_index_vector ORDER BY key",
            "SELECT 'speaker', space, name, memories FROM memory_index_speaker WHERE name NOT NULL ORDER BY 2, 3",
            "SELECT 'talk', space, talk, last FROM memory_index_talk ORDER BY 2, 3",
        ];
        let mut all = Vec::new();
        for table in tables {
            let mut rows = self.sql.prepare(table).unwrap();
            let width = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells =
                    (0..width).map(|at| format!("{:?}", row.get::<_, rusqlite::types::Value>(at).unwrap()));
                all.push(cells.collect::<Vec<_>>().join(" "));
            }
        }
        all
    }
}

pub(crate) fn query(text: &str) -> Query {
    Query {
        question: Question::new(text),
        filters: Default::default(),
        weights: Weights::default(),
        most: 10,
        now: now(),
    }
}

pub(crate) fn places(answer: &Answer) -> Vec<Place> {
    answer.found.iter().map(|found| found.place).collect()
}

/// Memories to make an index from again.
pub(crate) struct Written<'w> {
    pub(crate) said: &'w [(Place, Said)],
    pub(crate) table: &'w Table,
}

impl Rows for Written<'_> {
    fn each(
        &self,
        _: SpaceId,
        places: Range<Place>,
        with: &mut dyn FnMut(Place, Prepared) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        let mut said = self.said.iter().filter(|(place, _)| places.contains(place));
        said.try_for_each(|(place, said)| with(*place, said.prepared(self.table)))
    }
}
