//! From a question to the places that answer it.

use super::cache::{Cache, View};
use super::card::{ASKS, Card, SPEAKS_OF_TIME, UNSAID};
use super::confidence::Signs;
use super::filter::{Admission, Filters};
use super::meaning::{Reader, Wanted, distances, nearness_of};
use super::words::{self, Words};
use super::{IndexError, Place, SpaceId};
use crate::rank::{Legs, Question, Weights};
use keep_embed::Embedder;
use keep_types::Timestamp;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is asked.
    pub question: Question,
    /// What may be found.
    pub filters: Filters,
    /// How much each part counts.
    pub weights: Weights,
    /// How many are wanted at most.
    pub most: usize,
    /// The moment of asking.
    pub now: Timestamp,
}

/// A memory that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Its space.
    pub space: SpaceId,
    /// Its place there.
    pub place: Place,
    /// Its score.
    pub score: f32,
    /// What that is made of.
    pub legs: Legs,
}

/// What was found, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The memories.
    pub found: Vec<Found>,
    /// How likely it is that any of them answers the question, from 0 to 1.
    pub confidence: f32,
    /// What that follows from.
    pub signs: Signs,
}

/// So many of those whose words and bits promise most are compared with the circumstances that are asked for.
const PROMISING: usize = 2_048;
/// And so many where the question names a day, which may decide more than all words.
const PROMISING_OF_A_DAY: usize = 8_192;
/// From so many places on the legs are searched side by side; reading fewer codes takes no longer than waking another
/// thread where others are at work.
const SIDE_BY_SIDE: usize = 300_000;
/// How many are looked at exactly, for each that is wanted and at least.
const EXACT: (usize, usize) = (8, 192);
/// Among so many of the best is the one that speaks most for an answer.
const BEST: usize = 8;
/// How many of those with the most of the question's words are promising wherever they stand by bits.
const WORDED: usize = 8_192;
/// How many of the nearest by bits are promising without any word of the question.
const NEAREST: usize = 4_096;

/// Finds the memories of these spaces that answer a question best. The connection is in one transaction that
/// only reads: what lies in the cache is compared with what this snapshot says.
///
/// # Errors
/// When the database refuses, the question cannot be embedded, or a part of the index is damaged; then
/// [`super::repair`] makes it whole.
pub fn search(
    sql: &Connection,
    cache: &Cache,
    embedders: &[&dyn Embedder],
    spaces: &[SpaceId],
    query: &Query,
) -> Result<Answer, IndexError> {
    let wanted: BTreeSet<SpaceId> = spaces.iter().copied().collect();
    let mut views = Vec::new();
    for space in wanted {
        views.extend(cache.view(sql, space)?.filter(|view| view.row.memories > 0));
    }
    let question = &query.question;
    let is_speaker = |word: &str| views.iter().any(|view| view.numbers.contains_key(word));
    let wanted = Wanted::by(sql, embedders, &question.without(is_speaker))?;
    let read_once = |view: &Arc<View>| view.distances_once(sql, &wanted);
    let once: Option<Vec<Vec<u16>>> =
        if cache.reads_once() { Some(views.iter().map(read_once).collect::<Result<_, _>>()?) } else { None };
    let of_words = || words::score(sql, &views, &question.terms, &query.weights);
    let of_bits = || views.iter().map(|view| distances(view, &wanted)).collect::<Vec<_>>();
    let places: usize = views.iter().map(|view| view.places()).sum();
    // The two legs have nothing to do with each other.
    let (words, bits) = match (once, places) {
        (Some(bits), _) => (of_words()?, bits),
        (None, ..SIDE_BY_SIDE) => (of_words()?, of_bits()),
        (None, _) => std::thread::scope(|scope| {
            let beside = std::thread::Builder::new().spawn_scoped(scope, of_bits);
            let words = of_words();
            // Where no thread is to be had, one comes after the other.
            let bits = beside
                .map_or_else(|_| of_bits(), |thread| thread.join().unwrap_or_else(|why| resume_unwind(why)));
            Ok::<_, IndexError>((words?, bits))
        })?,
    };
    let scene = Scene {
        admission: Admission::new(&query.filters, query.now),
        cues: Cues::of(question, &views),
        views: &views,
        words: &words,
        query,
    };
    let candidates = scene.candidates(&bits);
    let (mut found, nearest) = scene.exact(sql, &wanted, &candidates)?;
    let order = |one: &Found, other: &Found| {
        // Equal scores keep the order in which things were written, so that answers do not change.
        let places = (one.space, one.place).cmp(&(other.space, other.place));
        other.score.total_cmp(&one.score).then(places)
    };
    found.sort_by(order);
    let signs = scene.signs(&found, nearest);
    found.truncate(query.most);
    let confidence = if found.is_empty() { 0.0 } else { signs.confidence() };
    Ok(Answer { found, confidence, signs })
}

/// A memory by the number of its view and its place.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    view: usize,
    place: Place,
    estimate: f32,
}

/// All that a search goes by.
struct Scene<'q> {
    admission: Admission<'q>,
    cues: Cues,
    views: &'q [Arc<View>],
    words: &'q Words,
    query: &'q Query,
}

/// The circumstances that a question names.
struct Cues {
    /// The number of the one participant that it names, by view.
    speaker: Vec<Option<u16>>,
}

impl Cues {
    fn of(question: &Question, views: &[Arc<View>]) -> Self {
        let mut named: BTreeSet<&String> = BTreeSet::new();
        for view in views {
            named.extend(question.words.iter().filter_map(|word| view.names.get(word)).flatten());
        }
        let the_one = if named.len() == 1 { named.first().copied() } else { None };
        let number = |view: &Arc<View>| view.numbers.get(the_one?).copied();
        Self { speaker: views.iter().map(number).collect() }
    }
}

impl Scene<'_> {
    /// The circumstances of a memory as far as the question asks for them.
    fn cues(&self, view: usize, card: &Card) -> Legs {
        let question = &self.query.question;
        let one = |holds: bool| f32::from(u8::from(holds));
        let said = card.speaker != UNSAID;
        let day = match question.days.as_slice() {
            [] => 0.0,
            days => {
                card.day().map_or(0.0, |said| days.iter().map(|day| day.nearness(said)).fold(0.0, f32::max))
            }
        };
        Legs {
            speaker: one(self.cues.speaker[view].is_some_and(|number| number == card.speaker)),
            question: one(said && card.is(ASKS)),
            time_word: one(said && question.wants_time && card.is(SPEAKS_OF_TIME)),
            day,
            importance: (f32::from(card.importance) - 5.0) / 5.0,
            recency: self.recency(card),
            ..Legs::default()
        }
    }

    /// One for what is of now, half for what is a season old.
    fn recency(&self, card: &Card) -> f32 {
        const SEASON_MS: f32 = 90.0 * 86_400_000.0;
        let age = self.query.now.ms().saturating_sub(card.said().unwrap_or(card.recorded()).ms());
        (-(age.max(0) as f32) / SEASON_MS).exp2()
    }

    fn score(&self, legs: &Legs) -> f32 {
        self.query.weights.score(legs)
    }

    /// The memories worth an exact look.
    fn candidates(&self, bits: &[Vec<u16>]) -> Vec<Candidate> {
        let (mut all, greatest) = self.promising(bits);
        for one in &mut all {
            let card = self.views[one.view].card(one.place);
            let words = self.words.scores[one.view][one.place as usize];
            let meaning = nearness_of(bits[one.view][one.place as usize]);
            let legs = Legs {
                words: share(words, greatest.words),
                meaning: share(meaning, greatest.meaning),
                ..self.cues(one.view, &card)
            };
            one.estimate = self.score(&legs);
        }
        keep_best(&mut all, (self.query.most * EXACT.0).max(EXACT.1));
        all
    }

    /// The memories that may be found and whose words and bits promise most, and the greatest of either.
    fn promising(&self, bits: &[Vec<u16>]) -> (Vec<Candidate>, Legs) {
        let limit = nearest_bits(bits);
        let least = self.least_words();
        let most = if self.query.question.days.is_empty() { PROMISING } else { PROMISING_OF_A_DAY };
        let mut all = Vec::new();
        for (view, scores) in self.words.scores.iter().enumerate() {
            for ((place, &words), &bits) in (0..).zip(scores).zip(&bits[view]) {
                if words > least || bits <= limit {
                    all.push(Candidate { view, place, estimate: 0.0 });
                }
            }
        }
        self.estimate(&mut all, bits);
        // Looking whether one may be found is what takes long here. Most may, so that twice as many as are needed
        // are enough; where they are not, circumstances rule out the best, and all are looked at.
        let spare = if self.admission.is_plain() && all.len() > 2 * most {
            all.select_nth_unstable_by(2 * most, |one, other| other.estimate.total_cmp(&one.estimate));
            all.split_off(2 * most)
        } else {
            Vec::new()
        };
        let may = |one: &Candidate| {
            let view = &self.views[one.view];
            self.admission.admits(view, one.place, &view.card(one.place))
        };
        all.retain(may);
        if all.len() < most {
            all.extend(spare.into_iter().filter(may));
        }
        if all.len() > most {
            self.estimate(&mut all, bits);
            keep_best(&mut all, most);
        }
        let greatest = self.greatest(&all, bits);
        (all, greatest)
    }

    /// What each promises by its words and bits.
    fn estimate(&self, all: &mut [Candidate], bits: &[Vec<u16>]) {
        let greatest = self.greatest(all, bits);
        for one in all {
            let words = share(self.words.scores[one.view][one.place as usize], greatest.words);
            let meaning = share(nearness_of(bits[one.view][one.place as usize]), greatest.meaning);
            one.estimate = words + self.query.weights.meaning * meaning;
        }
    }

    /// The greatest of either leg.
    fn greatest(&self, all: &[Candidate], bits: &[Vec<u16>]) -> Legs {
        let mut greatest = Legs::default();
        for one in all {
            let words = self.words.scores[one.view][one.place as usize];
            greatest.words = greatest.words.max(words);
            greatest.meaning = greatest.meaning.max(nearness_of(bits[one.view][one.place as usize]));
        }
        greatest
    }

    /// Above so much by words alone about [`WORDED`] memories lie, or all that have any of the words. Where
    /// circumstances may rule out the best, none is left out.
    fn least_words(&self) -> f32 {
        if !self.admission.is_plain() {
            return 0.0;
        }
        let greatest = self.words.scores.iter().map(|scores| greatest_of(scores)).fold(0.0, f32::max);
        if greatest == 0.0 {
            return 0.0;
        }
        const STEPS: usize = 256;
        let mut counts = [0_usize; STEPS + 1];
        for scores in &self.words.scores {
            for score in scores.iter().filter(|score| **score > 0.0) {
                counts[(score / greatest * STEPS as f32) as usize] += 1;
            }
        }
        let mut sum = 0;
        let reached = counts.iter().rposition(|count| {
            sum += count;
            sum >= WORDED
        });
        // What lies in the same step is let in as well.
        reached.map_or(0.0, |step| (greatest * step as f32 / STEPS as f32).next_down().max(0.0))
    }

    /// How much of what the question's words are worth a memory has.
    fn held(&self, found: &Found) -> f32 {
        let at = self.views.iter().position(|view| view.space == found.space);
        at.map_or(0.0, |at| self.words.held(at, &self.views[at], found.place, &self.query.weights))
    }

    /// What speaks for an answer among what was found, which is sorted. `nearest` is the greatest cosine.
    fn signs(&self, found: &[Found], nearest: f32) -> Signs {
        let mut by_words: Vec<&Found> = found.iter().filter(|found| found.legs.words > 0.0).collect();
        by_words.sort_by(|one, other| other.legs.words.total_cmp(&one.legs.words));
        let words = by_words.iter().take(BEST).map(|found| self.held(found)).fold(0.0, f32::max);
        let names_speaker = self.cues.speaker.iter().any(Option::is_some);
        Signs::of(found, [words, nearest], names_speaker, &self.query.weights)
    }

    /// Scores candidates by their vectors, and says how near the nearest is.
    fn exact(
        &self,
        sql: &Connection,
        wanted: &[Wanted],
        candidates: &[Candidate],
    ) -> Result<(Vec<Found>, f32), IndexError> {
        let weights = Weights::default();
        let mut readers: Vec<Reader<'_>> =
            self.views.iter().map(|view| Reader::new(sql, view, &weights)).collect();
        let mut all = Vec::with_capacity(candidates.len());
        for one in candidates {
            let card = self.views[one.view].card(one.place);
            let legs = Legs {
                words: self.words.scores[one.view][one.place as usize],
                meaning: readers[one.view].nearness(wanted, one.place, &card)?,
                ..self.cues(one.view, &card)
            };
            all.push(Found { space: self.views[one.view].space, place: one.place, score: 0.0, legs });
        }
        let greatest = |leg: fn(&Legs) -> f32| all.iter().map(|found| leg(&found.legs)).fold(0.0, f32::max);
        let (words, meaning) = (greatest(|legs| legs.words), greatest(|legs| legs.meaning));
        for found in &mut all {
            found.legs.words = share(found.legs.words, words);
            found.legs.meaning = share(found.legs.meaning, meaning);
            found.score = self.score(&found.legs);
        }
        Ok((all, meaning))
    }
}

/// Drops all but the best by estimate.
fn keep_best(all: &mut Vec<Candidate>, most: usize) {
    if all.len() > most {
        all.select_nth_unstable_by(most, |one, other| other.estimate.total_cmp(&one.estimate));
        all.truncate(most);
    }
}

/// The greatest, sixteen side by side: each comparison would wait for the one before.
fn greatest_of(scores: &[f32]) -> f32 {
    let (rows, rest) = scores.as_chunks::<16>();
    let mut lanes = [0.0_f32; 16];
    for row in rows {
        for (lane, score) in lanes.iter_mut().zip(row) {
            *lane = if *score > *lane { *score } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(0.0, f32::max)
}

fn share(part: f32, greatest: f32) -> f32 {
    if greatest > 0.0 { part / greatest } else { 0.0 }
}

/// So many bits may differ that about [`NEAREST`] memories are as near.
fn nearest_bits(bits: &[Vec<u16>]) -> u16 {
    // Four counts side by side: most codes lie near the same number of bits, and one count would wait for itself.
    let mut lanes = [[0_u32; keep_embed::SIGN_DIMENSIONS + 1]; 4];
    for bits in bits {
        let (fours, rest) = bits.as_chunks::<4>();
        for four in fours {
            for (lane, bits) in lanes.iter_mut().zip(four) {
                lane[usize::from(*bits)] += 1;
            }
        }
        rest.iter().for_each(|bits| lanes[0][usize::from(*bits)] += 1);
    }
    let counts: [usize; keep_embed::SIGN_DIMENSIONS + 1] =
        std::array::from_fn(|at| lanes.iter().map(|lane| lane[at] as usize).sum());
    let mut sum = 0;
    let reached = counts.iter().position(|count| {
        sum += count;
        sum >= NEAREST
    });
    reached.unwrap_or(keep_embed::SIGN_DIMENSIONS) as u16
}
