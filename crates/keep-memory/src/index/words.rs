//! The lexical leg over the index: the same as [`crate::rank`]'s over texts in memory.

use super::cache::View;
use super::card::{ASKS, NOBODY};
use super::{IndexError, Place, tables};
use crate::rank::{Manner, Weights, rarity};
use rusqlite::Connection;
use std::sync::Arc;

/// What the words of a question give each memory.
pub(super) struct Words {
    /// By space and place.
    pub(super) scores: Vec<Vec<f32>>,
    /// The places with a score, by space.
    pub(super) touched: Vec<Vec<Place>>,
    /// What a memory with every word of the question would get.
    pub(super) most: f32,
}

/// Up to so many spaces, the lists of each are looked up; those of more are read among those of all.
const ONE_BY_ONE: usize = 16;

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
    let mut words = Words {
        scores: views.iter().map(|view| vec![0.0; view.places()]).collect(),
        touched: vec![Vec::new(); views.len()],
        most: 0.0,
    };
    let mut lists: Vec<Vec<(Place, f32)>> = vec![Vec::new(); views.len()];
    let mut lent: Vec<Vec<f32>> = views.iter().map(|view| vec![0.0; view.places()]).collect();
    let mut touched = Vec::new();
    for term in terms {
        read(sql, views, term, &mut lists)?;
        let holders: usize = lists.iter().map(Vec::len).sum();
        let rarity = rarity(count, holders as f32);
        words.most += rarity * manner.most();
        for (at, view) in views.iter().enumerate() {
            lend(view, &lists[at], weights, &mut lent[at], &mut touched);
            for &place in &touched {
                let frequency = std::mem::take(&mut lent[at][place as usize]);
                if frequency > 0.0 {
                    let score = &mut words.scores[at][place as usize];
                    if *score == 0.0 {
                        words.touched[at].push(place);
                    }
                    *score += rarity * manner.gain(frequency, f32::from(view.card(place).length));
                }
            }
        }
    }
    Ok(words)
}

/// Reads where a word occurs, by view.
fn read(
    sql: &Connection,
    views: &[Arc<View>],
    term: &str,
    lists: &mut [Vec<(Place, f32)>],
) -> Result<(), IndexError> {
    lists.iter_mut().for_each(Vec::clear);
    if views.len() <= ONE_BY_ONE {
        return lists.iter_mut().zip(views).try_for_each(|(list, view)| {
            tables::each_posting(sql, view.space, term, |place, count| list.push((place, count)))
        });
    }
    // The views are in the order of their spaces.
    let wanted = |space| views.binary_search_by_key(&space, |view| view.space).ok();
    tables::each_posting_of_all(sql, term, wanted, |view, place, count| lists[view].push((place, count)))
}

/// Adds a word's frequencies to `lent`, those that neighbours lend among them. `touched` then has each place
/// with a frequency at least once.
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
