//! Memories that say the same: a plan, and carrying it out. Nothing is merged without somebody saying so.

use crate::acts;
use crate::alike::{self, Item, Plan};
use crate::change::Changing;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::links::Linking;
use crate::look::spaces_of;
use crate::model::{Link, LinkKind, Memory, Strength};
use crate::store::{self, ListFilter, Stored};
use keep_embed::SignCode;
use keep_gate::Outcome;
use keep_types::{Caller, Id, MemoryKind, Namespace, chain};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// The newest memories that are compared at once.
const COMPARED: usize = 20_000;

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
#[derive(Clone, Debug, Serialize)]
pub struct Dupes {
    /// What is proposed.
    #[serde(flatten)]
    pub plan: Plan,
    /// How many steps were carried out.
    pub applied: usize,
    /// How many were not, since they reach from one namespace to another.
    pub left: usize,
}

impl Memories {
    /// What could be made simpler among the newest memories that are looked at; with `apply`, what is
    /// proposed within each namespace is done: links are made, and what another says as well is retired.
    ///
    /// # Errors
    /// When the gate refuses, or one of the memories has changed since it was compared.
    pub async fn dupes(&self, caller: &Caller, place: &Where, apply: bool) -> Result<Dupes, MemoryError> {
        self.may_read(caller, place).await?;
        let (looked, now) = (places(caller, place), self.now());
        let filter = ListFilter { most: COMPARED, ..ListFilter::default() };
        let found = self
            .db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                store::list(tx.sql(), &spaces, &filter, now)
            })
            .await?;
        let (found, plan) = self
            .compute(move |embedder| {
                let prepared = found.iter().map(|one| store::prepared_of(embedder, &one.memory));
                let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
                let items = found.iter().zip(&prepared).map(|(one, prepared)| {
                    let vector = prepared.vector();
                    let plain: Vec<f32> = vector.codes.iter().map(|code| f32::from(*code)).collect();
                    Item { memory: &one.memory, code: SignCode::of(&plain), vector }
                });
                let plan = alike::plan(&items.collect::<Vec<_>>());
                Ok::<_, MemoryError>((found, plan))
            })
            .await??;
        let mut done = Dupes { plan, applied: 0, left: 0 };
        if apply {
            self.consolidate(caller, &found, &mut done).await?;
        }
        Ok(done)
    }

    async fn consolidate(
        &self,
        caller: &Caller,
        found: &[Stored],
        done: &mut Dupes,
    ) -> Result<(), MemoryError> {
        let mut known: HashMap<Id<MemoryKind>, &Stored> = HashMap::with_capacity(found.len());
        for one in found {
            // Where two namespaces have the same id, the nearer one's is meant, as everywhere.
            known.entry(one.memory.id).or_insert(one);
        }
        let of = |id: Id<MemoryKind>| known.get(&id).copied();
        let mut work: BTreeMap<Namespace, Vec<Merging>> = BTreeMap::new();
        for group in &done.plan.groups {
            for step in &group.steps {
                let (Some(keep), Some(other)) = (of(group.keep), of(step.other)) else { continue };
                if keep.memory.namespace != other.memory.namespace {
                    done.left += 1;
                    continue;
                }
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
                    Changing { stored: other.clone(), new, words: None }
                });
                work.entry(keep.memory.namespace.clone()).or_default().push(Merging { link, retired });
            }
        }
        for (namespace, steps) in work {
            let count = steps.len();
            let permit =
                self.gate.admit(caller, acts::consolidate(Consolidating { steps }, &namespace)).await?;
            if count <= AT_ONCE {
                store::consolidate(permit).await?;
                done.applied += count;
                continue;
            }
            let started = permit.begin().await?;
            match store::consolidate_many(&started, &self.db, AT_ONCE).await {
                Ok(()) => started.finish(Outcome::Done(json!({ "steps": count }))).await?,
                Err(error) => {
                    started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                    return Err(error);
                }
            }
            done.applied += count;
        }
        Ok(())
    }
}
