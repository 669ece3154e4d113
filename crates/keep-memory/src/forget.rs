//! Forgetting for good.

use crate::acts;
use crate::engine::{Memories, Where};
use crate::error::MemoryError;
use crate::index::{Place, Prepared, SpaceId};
use crate::model::Handle;
use crate::store::{self, Stored};
use keep_embed::Embedder;
use keep_types::{Caller, Id, MemoryKind, Namespace};
use serde::Serialize;

/// What the act of forgetting removes.
pub(crate) struct Forgetting {
    pub(crate) doomed: Vec<Doomed>,
}

/// One memory that goes.
#[derive(Clone, Debug)]
pub(crate) struct Doomed {
    pub(crate) seq: i64,
    pub(crate) id: Id<MemoryKind>,
    pub(crate) space: SpaceId,
    pub(crate) place: Place,
    pub(crate) prepared: Prepared,
}

/// What was forgotten.
#[derive(Clone, Debug, Serialize)]
pub struct Forgotten {
    /// The memories that are gone.
    pub ids: Vec<Id<MemoryKind>>,
}

impl Memories {
    /// Forgets memories for good.
    ///
    /// # Errors
    /// When one of them is not there, or the gate refuses.
    pub async fn forget(
        &self,
        caller: &Caller,
        place: &Where,
        handles: &[Handle],
    ) -> Result<Forgotten, MemoryError> {
        let mut found: Vec<Stored> = Vec::new();
        for handle in handles {
            let one = self.find(caller, place, handle).await?;
            if found.iter().all(|other| other.seq != one.seq) {
                found.push(one);
            }
        }
        let mut namespaces: Vec<Namespace> = found.iter().map(|one| one.memory.namespace.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        let mut ids = Vec::new();
        for namespace in namespaces {
            let here: Vec<_> =
                found.iter().filter(|one| one.memory.namespace == namespace).cloned().collect();
            let doomed = self.compute(move |embedder| doom(embedder, here)).await??;
            let gone: Vec<_> = doomed.iter().map(|one| one.id).collect();
            let act = acts::forget(Forgetting { doomed }, &namespace, &gone);
            store::forget(self.gate.admit(caller, act).await?).await?;
            ids.extend(gone);
        }
        self.db.truncate_log()?;
        Ok(Forgotten { ids })
    }
}

/// Works out what of the index goes with each memory.
pub(crate) fn doom(embedder: &dyn Embedder, found: Vec<Stored>) -> Result<Vec<Doomed>, MemoryError> {
    let one = |stored: Stored| {
        let prepared = store::prepared_of(embedder, &stored.memory)?;
        let Stored { seq, space, place, memory } = stored;
        Ok(Doomed { seq, id: memory.id, space, place, prepared })
    };
    found.into_iter().map(one).collect()
}
