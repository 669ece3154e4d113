//! Writing memories down.

use crate::acts;
use crate::checked::{Writing, checked};
use crate::engine::{Memories, Where, places, trust_of};
use crate::error::MemoryError;
use crate::model::{Draft, Memory, Source};
use crate::store::{self, Fresh};
use keep_types::{Caller, Namespace, Trust};

/// What the act of remembering writes.
pub(crate) struct Remembering {
    pub(crate) namespace: Namespace,
    pub(crate) fresh: Vec<Fresh>,
    /// Memories that the namespace may hold.
    pub(crate) most: u64,
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
        let mut made = self.freshen(caller, namespace, vec![draft]).await.map_err(|error| match error {
            MemoryError::At { source, .. } => *source,
            other => other,
        })?;
        let memory = made.fresh[0].memory.clone();
        made.fresh.truncate(1);
        let home = made.namespace.clone();
        let act = acts::remember(made, "memory.write", &home, &[&memory]);
        store::remember(self.gate.admit(caller, act).await?).await?;
        Ok(memory)
    }

    /// Checks drafts and makes memories of them.
    pub(crate) async fn freshen(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        drafts: Vec<Draft>,
    ) -> Result<Remembering, MemoryError> {
        let namespace = namespace.cloned().unwrap_or_else(|| caller.home.clone());
        if drafts.len() > self.limits.batch {
            let (count, limit) = (drafts.len() as u64, self.limits.batch as u64);
            return Err(MemoryError::TooMany { what: "memories at once", count, limit });
        }
        let writing = Writing {
            by: caller.principal.clone(),
            trust: trust_of(caller),
            namespace: namespace.clone(),
            now: self.now(),
            limits: self.limits,
        };
        let mut fresh = Vec::with_capacity(drafts.len());
        for (at, draft) in drafts.into_iter().enumerate() {
            let wrong = |error| MemoryError::At { number: at + 1, source: Box::new(error) };
            let (parents, trust) = self.parents(caller, &namespace, &draft.source).await.map_err(wrong)?;
            let id = self.new_id()?;
            let memory = checked(draft, id, &writing, trust).map_err(wrong)?;
            fresh.push(Fresh { memory, parents });
        }
        Ok(Remembering { namespace, fresh, most: self.limits.memories })
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
