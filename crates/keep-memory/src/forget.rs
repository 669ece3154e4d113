//! Forgetting for good.

use crate::acts;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::index::{Place, Prepared, SpaceId};
use crate::look::spaces_of;
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
    /// Memories that were made from them and are still there.
    pub derived: Vec<Id<MemoryKind>>,
    /// How many requests that waited for a person were withdrawn, since they showed one of the texts.
    pub withdrawn: u64,
    /// Where what they said may still be, out of reach of this.
    pub beyond: Vec<String>,
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
        let derived = self.derived(caller, place, &found).await?;
        let mut namespaces: Vec<Namespace> = found.iter().map(|one| one.memory.namespace.clone()).collect();
        namespaces.sort();
        namespaces.dedup();
        let (mut ids, mut withdrawn) = (Vec::new(), 0);
        for namespace in namespaces {
            let here: Vec<_> =
                found.iter().filter(|one| one.memory.namespace == namespace).cloned().collect();
            let doomed = self.compute(move |embedder| doom(embedder, here)).await??;
            let gone: Vec<_> = doomed.iter().map(|one| one.id).collect();
            let act = acts::forget(Forgetting { doomed }, &namespace, &gone);
            withdrawn += store::forget(self.gate.admit(caller, act).await?).await?;
            ids.extend(gone);
        }
        Ok(Forgotten { ids, derived, withdrawn, beyond: self.beyond() })
    }

    /// The memories that the caller sees and that were made from these.
    async fn derived(
        &self,
        caller: &Caller,
        place: &Where,
        found: &[Stored],
    ) -> Result<Vec<Id<MemoryKind>>, MemoryError> {
        let looked = places(caller, place);
        let seqs: Vec<i64> = found.iter().map(|one| one.seq).collect();
        self.db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                store::children(tx.sql(), &spaces, &seqs)
            })
            .await
    }

    /// Empties the write-ahead log, and lists where else the text may be.
    fn beyond(&self) -> Vec<String> {
        let mut beyond = Vec::new();
        if let Err(error) = self.db.truncate_log() {
            let why = keep_types::chain(&error).join(": ");
            beyond.push(format!(
                "the database's log, which is emptied by the next `keep memory forget`: {why}"
            ));
        }
        let folder = &self.db.config().backups;
        match std::fs::read_dir(folder) {
            Ok(entries) => {
                let names = entries.filter_map(|entry| Some(entry.ok()?.path().display().to_string()));
                beyond.extend(names.map(|name| format!("the backup {name}")));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => beyond.push(format!("backups in {}: {error}", folder.display())),
        }
        beyond.sort();
        beyond.push("exports and backups that were made elsewhere, and whatever read it".into());
        beyond
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
