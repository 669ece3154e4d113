//! The lexical leg over the index: the same as [`crate::rank`]'s over texts in memory.

use super::cache::View;
use super::card::{ASKS, NOBODY};
use super::mix::lenders;
use super::{IndexError, Place, tables};
use crate::rank::{Manner, Weights, rarity};
use rusqlite::Connection;
use std::sync::Arc;

/// What the words of a question give each memory.
pub(super) struct Words {
    /// By space and place.
    pub(super) scores: Vec<Vec<f32>>,
    manner: Manner,
    /// How many memories there are.
    count: f32,
    terms: Vec<Term>,
}

/// A word that more memories have than this adds to those that rarer words found, once there are [`ENOUGH`], and
/// finds no others: by itself it says next to nothing. Nor does it lend anything to neighbours, whose cards
/// would have to be looked at all over the space.
const COMMON: usize = 4_096;
const ENOUGH: usize = 2_048;

/// How sure one can be of a question's words is worked out as if there were so many memories more, none with any
/// of them. Few memories say little about what is common: of two, one that has a word makes it look as common as
/// "the", and the words that neither has would outweigh all that were found.
const BESIDE: f32 = 1_000.0;
/// A question with more words is held to so many of the rarest kind: nobody answers a long one word by word.
const ASKED: f32 = 4.0;

impl Words {
    /// The part of what the question's words are worth that a memory has, its neighbours' lent ones counted.
    pub(super) fn held(&self, at: usize, view: &View, place: Place, weights: &Weights) -> f32 {
        let shares = [weights.context_near, weights.context_answer, weights.context_far];
        let around: Vec<(Place, f32)> = lenders(place, |at| view.card(at), shares).collect();
        let length = f32::from(view.length(place));
        let (mut held, mut all, mut rarest) = (0.0, 0.0_f32, 0.0_f32);
        for term in &self.terms {
            let list = &term.lists[at];
            let count = |place: Place| {
                let found = list.binary_search_by_key(&place, |(place, _)| *place);
                found.map_or(0.0, |at| list[at].1)
            };
            let frequency = count(place) + around.iter().map(|(at, share)| share * count(*at)).sum::<f32>();
            let rarity = rarity(self.count + BESIDE, term.holders as f32);
            held += rarity * self.manner.gain(frequency, length);
            all += rarity;
            rarest = rarest.max(rarity);
        }
        let asked = all.min(ASKED * rarest) * self.manner.most();
        if asked > 0.0 { held / asked } else { 0.0 }
    }
}

/// Scores the memories of all spaces together.
pub(super) fn score(
    sql: &Connection,
    views: &[Arc<View>],
    terms: &[String],
    weights: &Weights,
) -> Result<Words, IndexError> {
    let count: f32 = views.iter().map(|view| view.row.memories as f32).sum();
    let total: f64 = views.iter().map(|view| view.row.words as f64).sum();
    let manner = Manner::of(total, f64::from(count));
    let mut all_scores: Vec<Vec<f32>> = views.iter().map(|view| vec![0.0; view.places()]).collect();
    let mut read: Vec<Term> = Vec::with_capacity(terms.len());
    for term in terms {
        let lists = read_lists(sql, views, term)?;
        read.push(Term { holders: lists.iter().map(Vec::len).sum(), lists });
    }
    // The rarest first: what they leave out is not looked for by words that very many have.
    read.sort_by_key(|term| term.holders);
    let mut lent: Vec<Vec<f32>> = views.iter().map(|view| vec![0.0; view.places()]).collect();
    let mut touched = Vec::new();
    let mut reached = 0;
    for term in &read {
        let rarity = rarity(count, term.holders as f32);
        let only_reached = term.holders > COMMON && reached > ENOUGH;
        for (at, view) in views.iter().enumerate() {
            let scores = &mut all_scores[at];
            if only_reached {
                touched.clear();
                for &(place, count) in &term.lists[at] {
                    if scores.get(place as usize).is_some_and(|score| *score > 0.0) {
                        lent[at][place as usize] = count;
                        touched.push(place);
                    }
                }
            } else {
                lend(view, &term.lists[at], weights, &mut lent[at], &mut touched);
            }
            for &place in &touched {
                let frequency = std::mem::take(&mut lent[at][place as usize]);
                if frequency > 0.0 {
                    let score = &mut scores[place as usize];
                    reached += usize::from(*score == 0.0);
                    *score += rarity * manner.gain(frequency, f32::from(view.length(place)));
                }
            }
        }
    }
    Ok(Words { scores: all_scores, manner, count, terms: read })
}

/// One word of the question, and where it occurs, by view.
struct Term {
    holders: usize,
    lists: Vec<Vec<(Place, f32)>>,
}

/// Reads where a word occurs, by view.
fn read_lists(
    sql: &Connection,
    views: &[Arc<View>],
    term: &str,
) -> Result<Vec<Vec<(Place, f32)>>, IndexError> {
    let mut lists = vec![Vec::new(); views.len()];
    for (list, view) in lists.iter_mut().zip(views) {
        tables::each_posting(sql, view.space, view.row.places, term, |place, count| {
            list.push((place, count));
        })?;
    }
    Ok(lists)
}

/// Adds a word's frequencies to `lent`, those that neighbours lend among them. `touched` then has each place with
/// a frequency at least once.
fn lend(view: &View, list: &[(Place, f32)], weights: &Weights, lent: &mut [f32], touched: &mut Vec<Place>) {
    touched.clear();
    let mut give = |place: Place, frequency: f32| {
        if let Some(sum) = lent.get_mut(place as usize) {
            if *sum == 0.0 {
                touched.push(place);
            }
            *sum += frequency;
        }
    };
    for &(place, count) in list {
        give(place, count);
        let here = view.card(place);
        let next = if here.is(ASKS) { weights.context_answer } else { weights.context_near };
        if here.before != NOBODY {
            give(here.before, weights.context_near * count);
            give(view.card(here.before).before, weights.context_far * count);
        }
        if here.after != NOBODY {
            give(here.after, next * count);
            give(view.card(here.after).after, weights.context_far * count);
        }
    }
}
