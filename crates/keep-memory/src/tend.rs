//! Looking after the index: what of it is damaged, and making it again.

use crate::acts;
use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::index;
use crate::look::spaces_of;
use crate::store;
use keep_types::{Caller, Namespace};
use serde::Serialize;
use std::sync::Arc;

/// What a check of the index found in one namespace.
#[derive(Clone, Debug, Serialize)]
pub struct Checkup {
    /// Where.
    pub namespace: Namespace,
    /// The damaged parts, in words.
    pub damaged: Vec<String>,
    /// Whether they were made again.
    pub repaired: bool,
}

impl Memories {
    /// Reads the whole index of each namespace that is looked at, and says what of it is damaged. The
    /// memories themselves are not part of it: it follows from them, and is made again from them.
    ///
    /// # Errors
    /// When the gate refuses, or the database cannot be read or written.
    pub async fn check(
        &self,
        caller: &Caller,
        place: &Where,
        repair: bool,
    ) -> Result<Vec<Checkup>, MemoryError> {
        let home = match place {
            Where::Only(place) => place.clone(),
            Where::Here | Where::Everywhere => caller.home.clone(),
        };
        let permit = self.gate.admit(caller, acts::read((), &home)).await?;
        let looked = places(caller, place);
        let spaces = self.db.read(move |tx| spaces_of(tx.sql(), looked.as_deref())).await?;
        let mut found = Vec::new();
        for space in spaces {
            let id = space.id;
            let parts = self.db.read(move |tx| Ok::<_, MemoryError>(index::check(tx.sql(), id)?)).await?;
            let damaged: Vec<_> = parts.iter().map(ToString::to_string).collect();
            let repaired = repair && !damaged.is_empty();
            if repaired {
                for part in parts {
                    store::repair(&permit, &self.db, Arc::clone(&self.embedder), (id, part)).await?;
                }
            }
            found.push(Checkup { namespace: space.namespace, damaged, repaired });
        }
        permit.observe().await?;
        Ok(found)
    }
}
