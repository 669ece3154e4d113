//! Writing memories down.

use crate::acts::{self, Deed};
use crate::checked::{Writing, checked};
use crate::engine::{Memories, Where, places, trust_of};
use crate::error::MemoryError;
use crate::index::Prepared;
use crate::limits::CHUNK;
use crate::model::{Draft, Memory, Source};
use crate::screen::flag;
use crate::store::{self, Fresh};
use keep_embed::Embedder;
use keep_gate::{Outcome, Started};
use keep_types::{Caller, Id, MemoryKind, Namespace, Trust, chain};
use serde::Serialize;
use serde_json::json;

/// What the act of remembering writes.
pub(crate) struct Remembering {
    pub(crate) namespace: Namespace,
    pub(crate) fresh: Vec<Fresh>,
    /// Each taken apart for the index; not yet, where there are too many for one transaction.
    pub(crate) prepared: Vec<Prepared>,
    /// Memories that the namespace may hold.
    pub(crate) most: u64,
}

/// What was remembered at once.
#[derive(Clone, Debug, Serialize)]
pub struct Remembered {
    /// Where.
    pub namespace: Namespace,
    /// The memories' ids, in the order of the drafts.
    pub ids: Vec<Id<MemoryKind>>,
    /// How many of them wait in quarantine for a person.
    pub quarantined: usize,
}

impl Memories {
    /// Remembers one thing.
    ///
    /// # Errors
    /// When it cannot be taken, or the gate refuses; then nothing is remembered.
    pub async fn remember(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        draft: Draft,
    ) -> Result<Memory, MemoryError> {
        let made = self.freshen(caller, namespace, vec![draft]).await?;
        let (memory, home) = (made.fresh[0].memory.clone(), made.namespace.clone());
        let act = acts::remember(made, "memory.write", &home, &[&memory]);
        store::remember(self.gate.admit(caller, act).await?).await?;
        Ok(memory)
    }

    /// Remembers many things. All of them are checked before any is written. A few are written in one
    /// transaction; many in several, one after another, so that others may write in between: what ends the
    /// work half way leaves the first ones written.
    ///
    /// # Errors
    /// When one of them cannot be taken, or the gate refuses; then nothing is remembered.
    pub async fn remember_all(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        drafts: Vec<Draft>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Remembered, MemoryError> {
        let made = self.freshen(caller, namespace, drafts).await?;
        self.write_all(caller, "memory.write", made, progress).await
    }

    /// Writes what was checked.
    pub(crate) async fn write_all(
        &self,
        caller: &Caller,
        action: &'static str,
        made: Remembering,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Remembered, MemoryError> {
        let all: Vec<&Memory> = made.fresh.iter().map(|fresh| &fresh.memory).collect();
        let done = Remembered {
            namespace: made.namespace.clone(),
            ids: all.iter().map(|memory| memory.id).collect(),
            quarantined: all.iter().filter(|memory| memory.quarantine.is_some()).count(),
        };
        if all.is_empty() {
            return Ok(done);
        }
        let few = !made.prepared.is_empty();
        let facts = acts::remember((), action, &made.namespace, &all);
        let permit = self.gate.admit(caller, facts.with(made)).await?;
        if few {
            store::remember(permit).await?;
            return Ok(done);
        }
        let started = permit.begin().await?;
        match self.write_chunks(&started, progress).await {
            Ok(()) => started.finish(Outcome::Done(json!({ "count": done.ids.len() }))).await?,
            Err(error) => {
                started.finish(Outcome::Failed(chain(&error).join(": "))).await?;
                return Err(error);
            }
        }
        Ok(done)
    }

    /// Writes the memories of an act in chunks. While one is written, the next is taken apart.
    async fn write_chunks(
        &self,
        started: &Started<Deed<Remembering>>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), MemoryError> {
        let what = &started.act().what;
        let all = what.fresh.len() as u64;
        let (mut done, mut writing) = (0, None);
        for chunk in what.fresh.chunks(CHUNK) {
            let chunk = chunk.to_vec();
            let (chunk, prepared) = self.compute(move |embedder| prepare(embedder, chunk)).await??;
            let count = chunk.len() as u64;
            if let Some((pending, count)) = writing.take() {
                pending.await?;
                done += count;
                progress(done, all);
            }
            let namespace = what.namespace.clone();
            let pending = store::remember_some(started, &self.db, namespace, (chunk, prepared), what.most);
            writing = Some((pending, count));
        }
        if let Some((pending, count)) = writing {
            pending.await?;
            progress(done + count, all);
        }
        Ok(())
    }

    /// Checks drafts and makes memories of them.
    pub(crate) async fn freshen(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        drafts: Vec<Draft>,
    ) -> Result<Remembering, MemoryError> {
        let drafts = drafts.into_iter().map(|draft| self.new_id().map(|id| (id, draft)));
        self.freshen_named(caller, namespace, drafts.collect::<Result<_, _>>()?).await
    }

    /// Checks drafts that have ids.
    pub(crate) async fn freshen_named(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        drafts: Vec<(Id<MemoryKind>, Draft)>,
    ) -> Result<Remembering, MemoryError> {
        let namespace = namespace.cloned().unwrap_or_else(|| caller.home.clone());
        let (count, limit) = (drafts.len(), self.limits.batch);
        if count > limit {
            let (count, limit) = (count as u64, limit as u64);
            return Err(MemoryError::TooMany { what: "memories at once", count, limit });
        }
        let writing = Writing {
            by: caller.principal.clone(),
            trust: trust_of(caller),
            namespace: namespace.clone(),
            now: self.now(),
            limits: self.limits,
        };
        let screen = self.screen()?;
        let mut fresh = Vec::with_capacity(count);
        for (at, (id, mut draft)) in drafts.into_iter().enumerate() {
            let wrong = |error| match count {
                1 => error,
                _ => MemoryError::At { number: at + 1, source: Box::new(error) },
            };
            screen.draft(&mut draft).map_err(wrong)?;
            let (parents, trust) = self.parents(caller, &namespace, &draft.source).await.map_err(wrong)?;
            let mut memory = checked(draft, id, &writing, trust).map_err(wrong)?;
            flag(&mut memory);
            fresh.push(Fresh { memory, parents, before: Vec::new() });
        }
        let most = self.limits.memories;
        if count > CHUNK {
            return Ok(Remembering { namespace, fresh, prepared: Vec::new(), most });
        }
        let (fresh, prepared) = self.compute(move |embedder| prepare(embedder, fresh)).await??;
        Ok(Remembering { namespace, fresh, prepared, most })
    }

    /// Takes memories apart again that changed since they were checked.
    pub(crate) async fn prepared_again(&self, mut made: Remembering) -> Result<Remembering, MemoryError> {
        if !made.prepared.is_empty() {
            let fresh = std::mem::take(&mut made.fresh);
            (made.fresh, made.prepared) = self.compute(move |embedder| prepare(embedder, fresh)).await??;
        }
        Ok(made)
    }

    /// The rows of the memories that something is made from, and the lowest trust among them.
    async fn parents(
        &self,
        caller: &Caller,
        namespace: &Namespace,
        source: &Source,
    ) -> Result<(Vec<i64>, Trust), MemoryError> {
        let Source::Memories { parents } = source else { return Ok((Vec::new(), Trust::User)) };
        // What is written in a namespace is made from what is seen from there.
        let mut seen = places(caller, &Where::Here).unwrap_or_default();
        seen.retain(|place| namespace.sees(place));
        let (handles, now) = (parents.clone(), self.now());
        self.db
            .read(move |tx| {
                let spaces = store::spaces(tx.sql(), &seen)?;
                let mut found = (Vec::new(), Trust::User);
                for parent in handles {
                    let parent = store::by_handle(tx.sql(), &spaces, &parent.into(), now)?;
                    found.0.push(parent.seq);
                    found.1 = found.1.min(parent.memory.trust);
                }
                Ok(found)
            })
            .await
    }
}

/// Takes memories apart for the index.
fn prepare(embedder: &dyn Embedder, fresh: Vec<Fresh>) -> Result<(Vec<Fresh>, Vec<Prepared>), MemoryError> {
    let prepared = fresh.iter().map(|fresh| store::prepared_of(embedder, &fresh.memory));
    let prepared = prepared.collect::<Result<_, _>>()?;
    Ok((fresh, prepared))
}
