//! The memories of one namespace, ready to be searched.

use super::cue;
use super::date::Day;
use super::lexical::{Neighbours, Postings};
use super::question::Question;
use super::term::terms;
use super::weight::Weights;
use keep_embed::{EmbedError, Embedder, normalise};
use std::borrow::Cow;
use std::collections::HashMap;

/// One memory, as the ranking sees it.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// A headline.
    pub title: Option<String>,
    /// The conversation it is a turn of, in the order in which turns are pushed.
    pub conversation: Option<String>,
    /// Who said it.
    pub speaker: Option<String>,
    /// When.
    pub day: Option<Day>,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Legs {
    /// The words, one for the best match.
    pub words: f32,
    /// The meaning, one for the nearest.
    pub meaning: f32,
    /// Who said it.
    pub speaker: f32,
    /// That it asks.
    pub question: f32,
    /// That it speaks of a time.
    pub time_word: f32,
    /// How near its day is.
    pub day: f32,
    /// How much it matters, none for the usual.
    pub importance: f32,
    /// How new it is.
    pub recency: f32,
}

/// A memory that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Its place on the shelf.
    pub at: usize,
    /// Its score.
    pub score: f32,
    /// What that is made of.
    pub legs: Legs,
}

/// What is known of one memory beside its words and its vector.
#[derive(Clone, Copy, Debug)]
struct Card {
    speaker: Option<u16>,
    day: Option<Day>,
    asks: bool,
    speaks_of_time: bool,
}

/// Memories in the order they were written.
pub struct Shelf<'e> {
    embedder: &'e dyn Embedder,
    weights: Weights,
    postings: Postings,
    neighbours: Vec<Neighbours>,
    cards: Vec<Card>,
    /// Own vectors, one after another.
    vectors: Vec<f32>,
    /// Vectors with their neighbours' mixed in; made anew when memories were added.
    mixed: Vec<f32>,
    last_of: HashMap<String, u32>,
    speakers: Vec<String>,
}

impl<'e> Shelf<'e> {
    /// An empty one.
    pub fn new(embedder: &'e dyn Embedder, weights: Weights) -> Self {
        Self {
            embedder,
            weights,
            postings: Postings::default(),
            neighbours: Vec::new(),
            cards: Vec::new(),
            vectors: Vec::new(),
            mixed: Vec::new(),
            last_of: HashMap::new(),
            speakers: Vec::new(),
        }
    }

    /// How many memories it holds.
    pub fn len(&self) -> usize {
        self.cards.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// Adds a memory.
    ///
    /// # Errors
    /// When its text cannot be made a vector.
    pub fn push(&mut self, note: &Note) -> Result<(), EmbedError> {
        let dimensions = self.embedder.dimensions();
        let from = self.vectors.len();
        self.vectors.resize(from + dimensions, 0.0);
        let title = note.title.as_deref();
        self.embedder.embed(&meant(title, &note.text), &mut self.vectors[from..])?;
        let at = u32::try_from(self.cards.len()).unwrap_or(u32::MAX);
        let before = note.conversation.as_ref().and_then(|name| self.last_of.insert(name.clone(), at));
        if let Some(before) = before {
            self.neighbours[before as usize].after = Some(at);
        }
        let asks = cue::asks(&note.text);
        self.neighbours.push(Neighbours { before, after: None, asks });
        let speaker = note.speaker.as_deref().map(str::to_lowercase);
        let beside = speaker.as_deref().into_iter().chain(title).flat_map(terms).collect();
        self.postings.push(terms(&headed(title, &note.text)), beside);
        let speaker = speaker.map(|name| self.speaker(name));
        self.cards.push(Card {
            speaker,
            day: note.day,
            asks,
            speaks_of_time: cue::speaks_of_time(&note.text),
        });
        self.mixed.clear();
        Ok(())
    }

    fn speaker(&mut self, name: String) -> u16 {
        let found = self.speakers.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.speakers.push(name);
            self.speakers.len() - 1
        });
        u16::try_from(found).unwrap_or(u16::MAX)
    }

    /// Mixes neighbours' meaning into each vector. Searching does so itself when it has to.
    pub fn settle(&mut self) {
        let dimensions = self.embedder.dimensions();
        if self.mixed.len() == self.vectors.len() {
            return;
        }
        self.mixed = self.vectors.clone();
        for at in 0..self.cards.len() {
            let own = at * dimensions..(at + 1) * dimensions;
            let lenders: Vec<(u32, f32)> = self.lenders(at).collect();
            for (other, weight) in lenders {
                let other = other as usize * dimensions;
                let lent = &self.vectors[other..other + dimensions];
                for (mine, lent) in self.mixed[own.clone()].iter_mut().zip(lent) {
                    *mine += weight * lent;
                }
            }
            normalise(&mut self.mixed[own]);
        }
    }

    /// Whose meaning is mixed into a memory's, and how much of it.
    fn lenders(&self, at: usize) -> impl Iterator<Item = (u32, f32)> {
        let weights = self.weights;
        let of = |at: u32| self.neighbours[at as usize];
        let here = self.neighbours[at];
        let before = here
            .before
            .map(|one| (one, if of(one).asks { weights.meaning_answer } else { weights.meaning_near }));
        let after = here.after.map(|one| (one, weights.meaning_near));
        let second_before = here.before.and_then(|one| of(one).before).map(|one| (one, weights.meaning_far));
        let second_after = here.after.and_then(|one| of(one).after).map(|one| (one, weights.meaning_far));
        [before, after, second_before, second_after].into_iter().flatten()
    }

    /// The best memories for a question, best first.
    ///
    /// # Errors
    /// When the question cannot be made a vector.
    pub fn search(&mut self, question: &Question, most: usize) -> Result<Vec<Hit>, EmbedError> {
        self.settle();
        let mut legs = vec![Legs::default(); self.cards.len()];
        self.words(question, &mut legs);
        self.meaning(question, &mut legs)?;
        self.cues(question, &mut legs);
        let w = self.weights;
        let mut hits: Vec<Hit> = legs
            .into_iter()
            .enumerate()
            .map(|(at, legs)| {
                let score = w.score(&legs);
                Hit { at, score, legs }
            })
            .collect();
        // Equal scores keep the order in which things were written, so that answers do not change.
        hits.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.at.cmp(&other.at)));
        hits.truncate(most);
        Ok(hits)
    }

    fn words(&self, question: &Question, legs: &mut [Legs]) {
        let mut scores = vec![0.0; legs.len()];
        self.postings.score(&question.terms, &self.neighbours, &self.weights, &mut scores);
        for (leg, score) in legs.iter_mut().zip(over_greatest(scores)) {
            leg.words = score;
        }
    }

    fn meaning(&self, question: &Question, legs: &mut [Legs]) -> Result<(), EmbedError> {
        let dimensions = self.embedder.dimensions();
        let mut wanted = vec![0.0; dimensions];
        self.embedder
            .embed(&question.without(|word| self.speakers.iter().any(|name| name == word)), &mut wanted)?;
        let scores =
            self.mixed.chunks_exact(dimensions).map(|own| keep_embed::dot(own, &wanted).max(0.0)).collect();
        for (leg, score) in legs.iter_mut().zip(over_greatest(scores)) {
            leg.meaning = score;
        }
        Ok(())
    }

    fn cues(&self, question: &Question, legs: &mut [Legs]) {
        let named: Vec<usize> = (0..self.speakers.len())
            .filter(|&at| {
                self.speakers[at]
                    .split_whitespace()
                    .any(|name| question.words.iter().any(|word| word == name))
            })
            .collect();
        let the_one = match named.as_slice() {
            [one] => u16::try_from(*one).ok(),
            _ => None,
        };
        for (leg, card) in legs.iter_mut().zip(&self.cards) {
            leg.speaker = f32::from(u8::from(the_one.is_some() && card.speaker == the_one));
            let in_conversation = card.speaker.is_some();
            leg.question = f32::from(u8::from(in_conversation && card.asks));
            leg.time_word =
                f32::from(u8::from(in_conversation && question.wants_time && card.speaks_of_time));
            leg.day = card
                .day
                .map_or(0.0, |said| question.days.iter().map(|day| day.nearness(said)).fold(0.0, f32::max));
        }
    }
}

/// A text with its headline before it: what its words are read from. The headline's count a second time beside that,
/// since they were chosen to say what it is about.
pub(crate) fn headed<'t>(title: Option<&str>, text: &'t str) -> Cow<'t, str> {
    title.map_or(Cow::Borrowed(text), |title| Cow::Owned(format!("{title} {text}")))
}

/// What its meaning is read from.
pub(crate) fn meant<'t>(title: Option<&str>, text: &'t str) -> Cow<'t, str> {
    title.map_or(Cow::Borrowed(text), |title| Cow::Owned(format!("{title} {title} {text}")))
}

/// Scores divided by their greatest.
fn over_greatest(mut scores: Vec<f32>) -> Vec<f32> {
    let greatest = scores.iter().copied().fold(0.0, f32::max);
    if greatest > 0.0 {
        scores.iter_mut().for_each(|score| *score /= greatest);
    }
    scores
}
