//! Vectors of another embedder, block by block, after the program has come with one. Until a memory's turn
//! it is found by its words alone; nothing waits for it, and what ends the work half way loses nothing.

use crate::acts::{self, Deed};
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::index::{self, Behind};
use crate::look::spaces_of;
use crate::store::{self, Space};
use keep_gate::Permit;
use keep_types::{Caller, Namespace};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

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
            let memories = self.reembed_space(&permit, &space, ends_ns, progress).await?;
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

    /// Embeds a space anew, leaf by leaf: what lies in one is written in one transaction.
    async fn reembed_space(
        &self,
        permit: &Permit<Deed<()>>,
        space: &Space,
        ends_ns: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, MemoryError> {
        let id = space.id;
        let all = self.db.read(move |tx| Ok::<_, MemoryError>(index::count(tx.sql(), id)?)).await?;
        let (mut memories, mut behind) = (0, Behind::NONE);
        while self.monotonic_ns() < ends_ns {
            let own = self.embedder.id().clone();
            let stale = self
                .db
                .read(move |tx| Ok::<_, MemoryError>(index::stale(tx.sql(), id, &own, behind)?))
                .await?;
            let Some((places, next)) = stale else { break };
            behind = next;
            let embedder = Arc::clone(&self.embedder);
            memories += store::reembed(permit, &self.db, embedder, (space.clone(), places)).await?;
            progress(memories.min(all), all);
        }
        Ok(memories)
    }
}
