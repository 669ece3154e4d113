//! Memories that say the same: a plan, and carrying it out. Nothing is merged without somebody saying so.

use crate::acts;
use crate::alike::{self, Item, Plan, Print};
use crate::change::Changing;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::index::Place;
use crate::links::Linking;
use crate::look::spaces_of;
use crate::model::{Link, LinkKind, Memory, Strength};
use crate::store::{self, Space, Stored};
use keep_embed::{Embedder, Quantised, SignCode};
use keep_gate::Outcome;
use keep_types::{Caller, Id, MemoryKind, Namespace, chain};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;

/// The newest memories of a namespace that are compared: each leaves some hundred bytes behind while its like are
/// looked for, and this many of them take about as much as the index of a million does.
const COMPARED: usize = 1_000_000;
/// Memories that are read again and compared exactly at once.
const AT_HAND: usize = 8_192;

/// What the act of consolidating writes.
pub(crate) struct Consolidating {
    pub(crate) steps: Vec<Merging>,
}

/// A link, and the memory that is retired with it.
#[derive(Clone)]
pub(crate) struct Merging {
    pub(crate) link: Linking,
    pub(crate) retired: Option<Changing>,
}

/// Steps in one transaction. An act of more is done in several, so that others may write in between.
const AT_ONCE: usize = 64;

/// A plan, and what came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Dupes {
    /// What is proposed.
    #[serde(flatten)]
    pub plan: Plan,
    /// How many memories were compared.
    pub compared: u64,
    /// How many of the oldest were not, since there are more than are compared at once.
    pub left_out: u64,
    /// How many steps were carried out.
    pub applied: usize,
}

impl Memories {
    /// What could be made simpler among the memories that are looked at, within each namespace; with `apply`, it
    /// is done: links are made, and what another says as well is retired.
    ///
    /// # Errors
    /// When the gate refuses, or one of the memories has changed since it was compared.
    pub async fn dupes(&self, caller: &Caller, place: &Where, apply: bool) -> Result<Dupes, MemoryError> {
        self.may_read(caller, place).await?;
        let looked = places(caller, place);
        let spaces = self.db.read(move |tx| spaces_of(tx.sql(), looked.as_deref())).await?;
        let mut done = Dupes::default();
        let mut work = Vec::new();
        for space in spaces {
            let mut steps = Vec::new();
            for batch in self.alike(&space, &mut done).await? {
                let (found, plan) = self.compare(&space, batch).await?;
                if apply {
                    self.merge_of(caller, &found, &plan, &mut steps);
                }
                done.plan.groups.extend(plan.groups);
                done.plan.hints.extend(plan.hints);
            }
            work.push((space.namespace, steps));
        }
        done.plan.groups.sort_by_key(|group| group.keep);
        done.plan.hints.sort_by_key(|hint| (hint.older, hint.newer));
        for (namespace, steps) in work.into_iter().filter(|(_, steps)| !steps.is_empty()) {
            done.applied += self.consolidate(caller, &namespace, steps).await?;
        }
        Ok(done)
    }

    /// The places of what may be alike in a space, as much together as is compared at once.
    async fn alike(&self, space: &Space, done: &mut Dupes) -> Result<Vec<Vec<Place>>, MemoryError> {
        let (id, now) = (space.id, self.now());
        let mut to = self.db.read(move |tx| store::end_of(tx.sql(), id)).await?;
        let (mut prints, mut at) = (Vec::new(), Vec::new());
        while to > 0 {
            let (from, inside) = (to.saturating_sub(STRETCH), space.clone());
            let stored = self.db.read(move |tx| store::within(tx.sql(), &inside, from..to, now)).await?;
            let compared = stored.into_iter().filter(|one| alike::is_compared(&one.memory));
            let mut compared: Vec<Stored> = compared.collect();
            let room = COMPARED - prints.len();
            if compared.len() > room {
                done.left_out += (compared.len() - room) as u64;
                compared.drain(..compared.len() - room);
            }
            at.extend(compared.iter().map(|one| one.place));
            let made = self.compute(move |embedder| {
                compared.iter().map(|one| print_of(embedder, one)).collect::<Result<Vec<_>, _>>()
            });
            prints.extend(made.await??);
            to = from;
        }
        done.compared += prints.len() as u64;
        let families = self.compute(move |_| alike::families(&prints)).await?;
        let mut batches: Vec<Vec<Place>> = Vec::new();
        for family in families {
            // One of very many is a text that a program writes again and again; its neighbours say enough of it.
            for part in family.chunks(AT_HAND) {
                let places = part.iter().map(|one| at[*one as usize]);
                match batches.last_mut().filter(|batch| batch.len() + part.len() <= AT_HAND) {
                    Some(batch) => batch.extend(places),
                    None => batches.push(places.collect()),
                }
            }
        }
        Ok(batches)
    }

    /// Compares the memories at these places exactly.
    async fn compare(&self, space: &Space, places: Vec<Place>) -> Result<(Vec<Stored>, Plan), MemoryError> {
        let (inside, now) = (space.clone(), self.now());
        let found = self
            .db
            .read(move |tx| {
                let mut found = Vec::with_capacity(places.len());
                for place in places {
                    found.extend(store::at_place(tx.sql(), &inside, place, now)?);
                }
                Ok::<_, MemoryError>(found)
            })
            .await?;
        self.compute(move |embedder| {
            let prepared = found.iter().map(|one| store::prepared_of(embedder, &one.memory));
            let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
            let items = found.iter().zip(&prepared).map(|(one, prepared)| {
                let vector = prepared.vector();
                Item { memory: &one.memory, code: code_of(vector), vector }
            });
            let plan = alike::plan(&items.collect::<Vec<_>>());
            Ok((found, plan))
        })
        .await?
    }

    /// Adds what a plan proposes to the steps that are carried out.
    fn merge_of(&self, caller: &Caller, found: &[Stored], plan: &Plan, steps: &mut Vec<Merging>) {
        let known: HashMap<Id<MemoryKind>, &Stored> = found.iter().map(|one| (one.memory.id, one)).collect();
        for group in &plan.groups {
            for step in &group.steps {
                let (Some(keep), Some(other)) = (known.get(&group.keep), known.get(&step.other)) else {
                    continue;
                };
                let link = Link {
                    from: keep.memory.id,
                    to: other.memory.id,
                    kind: step.link,
                    strength: Strength::default(),
                    reason: Some(step.why.to_owned()),
                    made_at: self.now(),
                    made_by: caller.principal.clone(),
                };
                let link = Linking { from: keep.seq, to: other.seq, link, most: self.limits.links };
                let retired = (step.link == LinkKind::Supersedes).then(|| {
                    let new = Memory { retired_at: Some(self.now()), ..other.memory.clone() };
                    Changing { stored: (*other).clone(), new, words: None }
                });
                steps.push(Merging { link, retired });
            }
        }
    }

    /// Carries out the steps of one namespace.
    async fn consolidate(
        &self,
        caller: &Caller,
        namespace: &Namespace,
        steps: Vec<Merging>,
    ) -> Result<usize, MemoryError> {
        let count = steps.len();
        let permit = self.gate.admit(caller, acts::consolidate(Consolidating { steps }, namespace)).await?;
        if count <= AT_ONCE {
            store::consolidate(permit).await?;
            return Ok(count);
        }
        let started = permit.begin().await?;
        match store::consolidate_many(&started, &self.db, AT_ONCE).await {
            Ok(()) => started.finish(Outcome::Done(json!({ "steps": count }))).await?,
            Err(error) => {
                started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                return Err(error);
            }
        }
        Ok(count)
    }
}

/// Places that are read at once.
const STRETCH: Place = 1_024;

fn print_of(embedder: &dyn Embedder, one: &Stored) -> Result<Print, MemoryError> {
    let prepared = store::prepared_of(embedder, &one.memory)?;
    Ok(Print::of(&one.memory.text, code_of(prepared.vector())))
}

fn code_of(vector: &Quantised) -> SignCode {
    let plain: Vec<f32> = vector.codes.iter().map(|code| f32::from(*code)).collect();
    SignCode::of(&plain)
}
