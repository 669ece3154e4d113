//! Vectors of another embedder, block by block, after the program has come with one. Until a memory's turn
//! it is found by its words alone; nothing waits for it, and what ends the work half way loses nothing.

use crate::acts;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::look::spaces_of;
use crate::store::{self, Space};
use keep_types::{Caller, Namespace};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Memories whose vectors are written in one transaction: each touches the leaf that it lies in and its
/// neighbours' mixtures.
const AT_ONCE: usize = 32;
/// Memories that are looked for at once. Looking for them reads the index from its beginning.
const LOOKED_FOR: usize = 4_096;

/// What was embedded anew in one namespace.
#[derive(Clone, Debug, Serialize)]
pub struct Reembedded {
    /// Where.
    pub namespace: Namespace,
    /// How many memories.
    pub memories: u64,
}

impl Memories {
    /// Embeds anew what another embedder embedded, in the namespaces that are looked at. Vectors follow from
    /// the memories, so whoever may read them may have them made.
    ///
    /// # Errors
    /// When the gate refuses, or the database or the index cannot be read or written; what was embedded
    /// until then stays so.
    pub async fn reembed(
        &self,
        caller: &Caller,
        place: &Where,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Reembedded>, MemoryError> {
        self.reembed_until(caller, place, u64::MAX, progress).await
    }

    /// Embeds some of it anew, for about so long, where anything may be left of another embedder.
    ///
    /// # Errors
    /// As for [`Memories::reembed`].
    pub async fn reembed_in_passing(&self, caller: &Caller, within: Duration) -> Result<u64, MemoryError> {
        let own = self.embedder.id().clone();
        if !self.db.read(move |tx| store::has_other_embedders(tx.sql(), &own)).await? {
            return Ok(0);
        }
        let ends_ns =
            self.monotonic_ns().saturating_add(u64::try_from(within.as_nanos()).unwrap_or(u64::MAX));
        let done = self.reembed_until(caller, &Where::Everywhere, ends_ns, &mut |_, _| ()).await?;
        Ok(done.iter().map(|one| one.memories).sum())
    }

    async fn reembed_until(
        &self,
        caller: &Caller,
        place: &Where,
        ends_ns: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Reembedded>, MemoryError> {
        let home = match place {
            Where::Only(place) => place.clone(),
            Where::Here | Where::Everywhere => caller.home.clone(),
        };
        let permit = self.gate.admit(caller, acts::read((), &home)).await?;
        let looked = places(caller, place);
        let spaces = self.db.read(move |tx| spaces_of(tx.sql(), looked.as_deref())).await?;
        let mut done = Vec::new();
        for space in spaces {
            let all = self.stale(&space, usize::MAX).await?.len() as u64;
            let mut memories = 0;
            'space: loop {
                let stale = self.stale(&space, LOOKED_FOR).await?;
                if stale.is_empty() {
                    break;
                }
                for chunk in stale.chunks(AT_ONCE) {
                    if self.monotonic_ns() >= ends_ns {
                        break 'space;
                    }
                    let embedder = Arc::clone(&self.embedder);
                    let work = (space.clone(), chunk.to_vec());
                    memories += store::reembed(&permit, &self.db, embedder, work).await?;
                    progress(memories.min(all), all);
                }
            }
            if memories > 0 {
                done.push(Reembedded { namespace: space.namespace, memories });
            }
        }
        if matches!(place, Where::Everywhere) && self.monotonic_ns() < ends_ns {
            store::forget_embedders(&permit, &self.db, self.embedder.id().clone()).await?;
        }
        permit.observe().await?;
        Ok(done)
    }

    async fn stale(&self, space: &Space, most: usize) -> Result<Vec<crate::index::Place>, MemoryError> {
        let (id, own) = (space.id, self.embedder.id().clone());
        self.db.read(move |tx| Ok(crate::index::stale(tx.sql(), id, &own, most)?)).await
    }
}
