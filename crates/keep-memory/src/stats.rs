//! How many memories there are, and of which sort.

use crate::engine::{Memories, Where, places};
use crate::error::MemoryError;
use crate::look::spaces_of;
use crate::store;
use keep_types::{Caller, Namespace};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a namespace holds.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Which.
    pub namespace: Namespace,
    /// Memories in it; what has expired is not counted.
    pub memories: u64,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// How many of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// How many of each level of trust.
    pub trust: BTreeMap<String, u64>,
    /// How many were edited since they were written down.
    pub edited: u64,
    /// How many count less by now than they were given.
    pub faded: u64,
    /// How many are retired.
    pub retired: u64,
    /// How many are pinned.
    pub pinned: u64,
    /// How many wait in quarantine for a person.
    pub quarantined: u64,
    /// Links that go out from them, as far as the caller sees where they lead.
    pub links: u64,
}

impl Memories {
    /// What the namespaces that are looked at hold.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn stats(&self, caller: &Caller, place: &Where) -> Result<Vec<Stats>, MemoryError> {
        self.may_read(caller, place).await?;
        let (looked, now) = (places(caller, place), self.now());
        self.db
            .read(move |tx| {
                let spaces = spaces_of(tx.sql(), looked.as_deref())?;
                spaces.iter().map(|space| store::stats(tx.sql(), space, &spaces, now)).collect()
            })
            .await
    }
}
