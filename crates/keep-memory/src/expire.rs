//! Removing what has expired. It is shown to nobody from the moment on at which it expires; this takes it
//! off the disk.

use crate::acts;
use crate::engine::Memories;
use crate::error::MemoryError;
use crate::forget::{Forgetting, doom};
use crate::store;
use keep_db::Db;
use keep_types::{Act, Caller, Timestamp};
use std::time::Duration;

/// Memories that go in one transaction. Taking one out of the index rewrites the leaf that it lies in and a
/// list of each of its words, and others wait meanwhile.
const AT_ONCE: usize = 16;

/// Whether anything has expired and is still on the disk. It costs a look into an index of what expires, so
/// that whoever comes by may ask.
///
/// # Errors
/// When the database cannot be read.
pub async fn any_expired(db: &Db, now: Timestamp) -> Result<bool, MemoryError> {
    db.read(move |tx| store::any_expired(tx.sql(), now)).await
}

impl Memories {
    /// Removes for good what has expired, everywhere that the caller may write; says how many went.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be written; what was removed until then stays removed.
    pub async fn remove_expired(&self, caller: &Caller) -> Result<u64, MemoryError> {
        let removed = self.remove(caller, Until::AllIsGone).await?;
        if removed > 0 {
            self.db.truncate_log()?;
        }
        Ok(removed)
    }

    /// Removes some of what has expired, for about so long, without asking anybody and where policy lets
    /// the caller do it unasked: whoever uses Keep for something else comes by and should not notice.
    ///
    /// # Errors
    /// As for [`Memories::remove_expired`].
    pub async fn tidy(&self, caller: &Caller, within: Duration) -> Result<u64, MemoryError> {
        let ends_ns =
            self.monotonic_ns().saturating_add(u64::try_from(within.as_nanos()).unwrap_or(u64::MAX));
        let removed = self.remove(caller, Until::Moment { ends_ns }).await?;
        if removed > 0 {
            // Where somebody reads just now, the texts stay in the log until it is emptied the next time.
            self.db.truncate_log_unless_busy()?;
        }
        Ok(removed)
    }

    async fn remove(&self, caller: &Caller, until: Until) -> Result<u64, MemoryError> {
        let (now, mut removed) = (self.now(), 0);
        let spaces = self.db.read(move |tx| store::expired_spaces(tx.sql(), now)).await?;
        for space in spaces.into_iter().filter(|space| caller.may_write(&space.namespace)) {
            if let Until::Moment { .. } = until {
                let facts = acts::expire((), &space.namespace, &[]).facts();
                if !self.gate.admits_unasked(caller, &facts).await? {
                    continue;
                }
            }
            while !until.is_over(self) {
                let inside = space.clone();
                let expired = self.db.read(move |tx| store::expired(tx.sql(), &inside, now, AT_ONCE)).await?;
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
        Ok(removed)
    }
}

/// How long it goes on.
#[derive(Clone, Copy)]
enum Until {
    AllIsGone,
    Moment { ends_ns: u64 },
}

impl Until {
    fn is_over(self, memories: &Memories) -> bool {
        match self {
            Self::AllIsGone => false,
            Self::Moment { ends_ns } => memories.monotonic_ns() >= ends_ns,
        }
    }
}
