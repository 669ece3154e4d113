use super::Item;
use super::pair::{Found, Judged, judge};
use super::words::Words;
use crate::model::{LinkKind, Memory};
use keep_types::{Id, MemoryKind};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What is proposed about memories that are alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Memories that say the same, each group with one to keep; by the id of that one.
    pub groups: Vec<Group>,
    /// Pairs that may contradict each other. Nothing is proposed about these.
    pub hints: Vec<Hint>,
}

/// Memories around one that stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The one that stays: the most trusted, then the most important, then the most recalled, then the newest.
    pub keep: Id<MemoryKind>,
    /// What to do about the others.
    pub steps: Vec<Step>,
}

/// One thing to do. It is a link from the one that stays; `supersedes` retires the other, too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The other memory.
    pub other: Id<MemoryKind>,
    /// `supersedes` where nothing of the other is lost, `extends` where it may stay beside.
    pub link: LinkKind,
    /// The part of the words that both have.
    pub words: f32,
    /// How near their vectors are.
    pub cosine: f32,
    /// Why, for a person.
    pub why: &'static str,
}

/// A pair to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hint {
    /// The older.
    pub older: Id<MemoryKind>,
    /// The newer.
    pub newer: Id<MemoryKind>,
    /// Why they may contradict each other.
    pub why: &'static str,
}

/// Makes the plan of the pairs that were judged.
pub(super) fn make(items: &[&Item<'_>], words: &[Words], judged: Vec<Judged>) -> Plan {
    let mut plan = Plan::default();
    let mut same = Sets::new(items.len());
    let mut held = Vec::new();
    for Judged { a, b, found } in judged {
        match found {
            Found::Same { .. } => same.join(a, b),
            Found::Holds { words, cosine } => held.push((a, b, words, cosine)),
            Found::HeldBy { words, cosine } => held.push((b, a, words, cosine)),
            Found::Against { why } => {
                let (a, b) = (items[a].memory, items[b].memory);
                let (older, newer) = if a.recorded_at <= b.recorded_at { (a.id, b.id) } else { (b.id, a.id) };
                plan.hints.push(Hint { older, newer, why });
            }
        }
    }
    let mut steps: BTreeMap<usize, Vec<Step>> = BTreeMap::new();
    let mut gone = vec![false; items.len()];
    for members in same.groups() {
        split(items, words, members, &mut steps, &mut gone);
    }
    for (longer, shorter, words, cosine) in held {
        if !gone[longer] && !gone[shorter] {
            steps.entry(longer).or_default().push(held_step(
                items[longer].memory,
                items[shorter].memory,
                words,
                cosine,
            ));
        }
    }
    plan.groups =
        steps.into_iter().map(|(keep, steps)| Group { keep: items[keep].memory.id, steps }).collect();
    plan.groups.iter_mut().for_each(|group| group.steps.sort_by_key(|step| step.other));
    plan.hints.sort_by_key(|hint| (hint.older, hint.newer));
    plan
}

/// Takes a set of memories of which each is like some other, and makes groups of which each is like the one
/// that stays. Being alike is not handed on: the ends of a long chain may have little in common.
fn split(
    items: &[&Item<'_>],
    words: &[Words],
    mut members: Vec<usize>,
    steps: &mut BTreeMap<usize, Vec<Step>>,
    gone: &mut [bool],
) {
    members.sort_by_key(|&at| worth(items[at].memory));
    // A set is as long as the longest chain, so the work is bounded by how many are tried as the middle.
    for _ in 0..MOST_MIDDLES {
        let Some((&keep, others)) = members.split_first() else { return };
        let mut rest = Vec::new();
        for &other in others {
            let (kept, gives_way) = (items[keep], items[other]);
            match judge(kept, &words[keep], gives_way, &words[other]) {
                Some(Found::Same { words, cosine })
                    if gives_way.memory.trust <= kept.memory.trust && !gives_way.memory.pinned =>
                {
                    let why = if words >= 1.0 {
                        "it says the same in the same words"
                    } else {
                        "it says the same in nearly the same words"
                    };
                    let step =
                        Step { other: gives_way.memory.id, link: LinkKind::Supersedes, words, cosine, why };
                    steps.entry(keep).or_default().push(step);
                    gone[other] = true;
                }
                _ => rest.push(other),
            }
        }
        members = rest;
    }
}

/// How many middles a set is split around.
const MOST_MIDDLES: usize = 64;

/// What sorts the one that stays first.
fn worth(memory: &Memory) -> impl Ord {
    let stays = (
        memory.pinned,
        memory.flag.is_none(),
        memory.trust,
        memory.importance,
        memory.recalls,
        memory.edited_at,
    );
    (Reverse(stays), memory.id)
}

/// One memory holds all that another says. It takes its place where it may, and is linked with it where not.
fn held_step(longer: &Memory, shorter: &Memory, words: f32, cosine: f32) -> Step {
    let may = longer.trust >= shorter.trust
        && !shorter.pinned
        && longer.importance >= shorter.importance
        && longer.flag.is_none();
    let (link, why) = match may && words >= 1.0 && longer.kind == shorter.kind {
        true => (LinkKind::Supersedes, "it says all that the other says, and more"),
        false => (LinkKind::Extends, "it says nearly all that the other says, and more"),
    };
    Step { other: shorter.id, link, words, cosine, why }
}

/// Sets that grow together.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }

    /// Those of more than one.
    fn groups(&mut self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.0.len() {
            let root = self.root(at);
            groups.entry(root).or_default().push(at);
        }
        groups.into_values().filter(|group| group.len() > 1).collect()
    }
}
