//! Forgetting for good.

use crate::acts;
use crate::engine::{Memories, Where};
use crate::error::MemoryError;
use crate::model::Handle;
use crate::store::{self, Place, SpaceId, Stored};
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
            let here = found.iter().filter(|one| one.memory.namespace == namespace);
            let doomed: Vec<Doomed> = here
                .map(|one| Doomed { seq: one.seq, id: one.memory.id, space: one.space, place: one.place })
                .collect();
            let gone: Vec<_> = doomed.iter().map(|one| one.id).collect();
            let act = acts::forget(Forgetting { doomed }, &namespace, &gone);
            store::forget(self.gate.admit(caller, act).await?).await?;
            ids.extend(gone);
        }
        self.db.truncate_log()?;
        Ok(Forgotten { ids })
    }
}
