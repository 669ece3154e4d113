//! What of the index is kept in memory between searches.

use super::card::{Card, LIVE};
use super::leaf::Sheet;
use super::meaning::{Distances, Wanted};
use super::tables::{self, SpaceRow};
use super::{IndexError, LEAF, Part, Place, SpaceId};
use keep_embed::Quantised;
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How much is kept between searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: for a process that searches once. Only the vectors that a search needs are read.
    Nothing,
    /// Whole spaces, the least recently searched ones dropped beyond this many bytes.
    UpTo(usize),
}

/// Cards, codes and vectors of spaces that were searched. Shared by all readers; each compares what it takes
/// with its own snapshot.
pub struct Cache {
    keep: Keep,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    views: HashMap<SpaceId, (u64, Arc<View>)>,
    searches: u64,
}

/// A space as one snapshot has it.
pub(super) struct View {
    pub(super) space: SpaceId,
    pub(super) row: SpaceRow,
    /// Filled by [`Self::distances_once`] where nothing is kept.
    leaves: OnceLock<Vec<Arc<Loaded>>>,
    speakers: HashMap<u16, String>,
    /// Numbers of the speakers by name.
    pub(super) numbers: HashMap<String, u16>,
    /// Names of the speakers by a part of it.
    pub(super) names: HashMap<String, Vec<String>>,
}

/// A leaf, and its vectors where they are kept.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) sheet: Sheet,
    vectors: Option<Vectors>,
}

/// Vectors side by side.
struct Vectors {
    stride: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
}

impl Loaded {
    fn read(sql: &Connection, space: SpaceId, number: u32) -> Result<Self, IndexError> {
        let sheet = tables::sheet(sql, space, number)?.unwrap_or_default();
        let mut read: Vec<(Place, Quantised)> = Vec::with_capacity(sheet.len());
        tables::vectors_of_leaf(sql, space, number, |place, vector| read.push((place, vector)))?;
        let mut read_places = read.iter().map(|(place, _)| *place);
        let lacks = (number * LEAF..)
            .zip(sheet.cards())
            .find(|(place, card)| card.is(LIVE) && read_places.next() != Some(*place));
        if let Some((place, _)) = lacks {
            return Err(IndexError::Damaged { space, part: Part::Vector(place) });
        }
        let vectors = Some(Vectors::of(read, sheet.len()));
        Ok(Self { sheet, vectors })
    }

    /// The vector at a slot, where vectors are kept.
    pub(super) fn vector(&self, slot: usize) -> Option<(&[i8], f32)> {
        let vectors = self.vectors.as_ref()?;
        let codes = vectors.codes.get(slot * vectors.stride..(slot + 1) * vectors.stride)?;
        Some((codes, vectors.scales[slot]))
    }

    fn bytes(&self) -> usize {
        let vectors = self.vectors.as_ref();
        self.sheet.size() + vectors.map_or(0, |vectors| vectors.codes.len() + 4 * vectors.scales.len())
    }
}

impl Vectors {
    fn of(read: Vec<(Place, Quantised)>, count: usize) -> Self {
        let stride = read.iter().map(|(_, vector)| vector.codes.len()).max().unwrap_or_default();
        let mut all = Self { stride, codes: vec![0; stride * count], scales: vec![0.0; count] };
        for (place, vector) in read {
            let slot = (place % LEAF) as usize;
            if slot < count {
                all.codes[slot * stride..][..vector.codes.len()].copy_from_slice(&vector.codes);
                all.scales[slot] = vector.scale;
            }
        }
        all
    }
}

impl View {
    /// The card of a place.
    pub(super) fn card(&self, place: Place) -> Card {
        let leaf = self.leaves().get((place / LEAF) as usize);
        leaf.map_or(Card::EMPTY, |loaded| loaded.sheet.card((place % LEAF) as usize))
    }

    /// How long the memory at a place is.
    pub(super) fn length(&self, place: Place) -> u16 {
        let leaf = self.leaves().get((place / LEAF) as usize);
        leaf.map_or(0, |loaded| loaded.sheet.length((place % LEAF) as usize))
    }

    pub(super) fn places(&self) -> usize {
        self.row.places as usize
    }

    /// The leaves that were read, in their order.
    pub(super) fn leaves(&self) -> &[Arc<Loaded>] {
        self.leaves.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Reads all leaves of a space of which nothing is kept, and answers how far each memory is from what is wanted.
    /// Its codes are not needed again and not held.
    pub(super) fn distances_once(&self, sql: &Connection, wanted: &[Wanted]) -> Result<Vec<u16>, IndexError> {
        let mut distances = Distances::with_room(wanted, self.places());
        let most = self.places().div_ceil(LEAF as usize);
        let mut leaves: Vec<Arc<Loaded>> = Vec::with_capacity(most);
        tables::each_leaf(sql, self.space, |number, bytes| {
            let damaged = IndexError::Damaged { space: self.space, part: Part::Leaf(number) };
            let apart = if (number as usize) < most { Sheet::open_apart(bytes) } else { None };
            let (codes, sheet) = apart.ok_or(damaged)?;
            distances.add(number as usize, codes, &sheet);
            leaves.resize_with(number as usize, Arc::default);
            leaves.push(Arc::new(Loaded { sheet, vectors: None }));
            Ok(())
        })?;
        self.leaves.get_or_init(|| leaves);
        Ok(distances.of(self.places()))
    }

    fn read(
        sql: &Connection,
        space: SpaceId,
        row: SpaceRow,
        known: Option<&Self>,
        keep: Keep,
    ) -> Result<Self, IndexError> {
        let after = known.map_or(i64::MIN, |view| view.row.stamp);
        let leaves = match keep {
            Keep::Nothing => OnceLock::new(),
            Keep::UpTo(_) => {
                let mut leaves = known.map(|view| view.leaves().to_vec()).unwrap_or_default();
                for number in tables::leaves_after(sql, space, after)? {
                    let at = number as usize;
                    if leaves.len() <= at {
                        leaves.resize_with(at + 1, Arc::default);
                    }
                    leaves[at] = Arc::new(Loaded::read(sql, space, number)?);
                }
                OnceLock::from(leaves)
            }
        };
        let mut speakers = known.map(|view| view.speakers.clone()).unwrap_or_default();
        for (number, name) in tables::speakers_after(sql, space, after)? {
            match name {
                Some(name) => speakers.insert(number, name),
                None => speakers.remove(&number),
            };
        }
        let numbers = speakers.iter().map(|(number, name)| (name.clone(), *number)).collect();
        let mut names: HashMap<String, Vec<String>> = HashMap::new();
        for name in speakers.values() {
            for part in name.split_whitespace() {
                names.entry(part.to_owned()).or_default().push(name.clone());
            }
        }
        Ok(Self { space, row, leaves, speakers, numbers, names })
    }

    fn bytes(&self) -> usize {
        self.leaves().iter().map(|loaded| loaded.bytes()).sum()
    }
}

impl Cache {
    /// An empty one.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self { keep, kept: Mutex::default() }
    }

    /// Whether each search reads everything anew, and leaves are read by [`View::distances_once`].
    pub(super) fn reads_once(&self) -> bool {
        self.keep == Keep::Nothing
    }

    /// A space as the snapshot of this connection has it; none when nothing was ever remembered there.
    pub(super) fn view(&self, sql: &Connection, space: SpaceId) -> Result<Option<Arc<View>>, IndexError> {
        let Some(row) = tables::space(sql, space)? else { return Ok(None) };
        let known = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.searches += 1;
            let now = kept.searches;
            kept.views.get_mut(&space).map(|(used, view)| {
                *used = now;
                Arc::clone(view)
            })
        };
        let known = match known {
            Some(view) if view.row == row => return Ok(Some(view)),
            // A reader whose snapshot is older than what is kept reads all for itself.
            Some(view) if view.row.stamp > row.stamp => None,
            other => other,
        };
        let view = Arc::new(View::read(sql, space, row, known.as_deref(), self.keep)?);
        if let Keep::UpTo(most) = self.keep {
            self.keep(&view, most);
        }
        Ok(Some(view))
    }

    fn keep(&self, view: &Arc<View>, most: usize) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.views.get(&view.space).is_some_and(|(_, known)| known.row.stamp > view.row.stamp) {
            return;
        }
        let now = kept.searches;
        kept.views.insert(view.space, (now, Arc::clone(view)));
        let mut bytes: usize = kept.views.values().map(|(_, view)| view.bytes()).sum();
        while bytes > most && kept.views.len() > 1 {
            let oldest = kept.views.iter().min_by_key(|(_, (used, _))| *used).map(|(space, _)| *space);
            if let Some((_, view)) = oldest.and_then(|space| kept.views.remove(&space)) {
                bytes -= view.bytes();
            }
        }
    }
}
