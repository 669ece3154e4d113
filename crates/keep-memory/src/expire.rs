//! Removing what has expired. It is shown to nobody from the moment on at which it expires; this takes it
//! off the disk.

use crate::acts;
use crate::engine::Memories;
use crate::error::MemoryError;
use crate::forget::{Forgetting, doom};
use crate::limits::CHUNK;
use crate::store;
use keep_types::Caller;

impl Memories {
    /// Removes for good what has expired, everywhere that the caller may write; says how many went.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be written; what was removed until then stays removed.
    pub async fn remove_expired(&self, caller: &Caller) -> Result<u64, MemoryError> {
        let (now, mut removed) = (self.now(), 0);
        let spaces = self.db.read(move |tx| store::expired_spaces(tx.sql(), now)).await?;
        for space in spaces.into_iter().filter(|space| caller.may_write(&space.namespace)) {
            loop {
                let inside = space.clone();
                let expired = self.db.read(move |tx| store::expired(tx.sql(), &inside, now, CHUNK)).await?;
                if expired.is_empty() {
                    break;
                }
                let ids: Vec<_> = expired.iter().map(|one| one.memory.id).collect();
                let doomed = self.compute(move |embedder| doom(embedder, expired)).await??;
                let act = acts::expire(Forgetting { doomed }, &space.namespace, &ids);
                store::forget(self.gate.admit(caller, act).await?).await?;
                removed += ids.len() as u64;
            }
        }
        if removed > 0 {
            self.db.truncate_log()?;
        }
        Ok(removed)
    }
}
