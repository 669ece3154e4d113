//! What the settings say of memories, and removing those that have expired in passing.

use crate::app::App;
use crate::config::Values;
use crate::error::AppError;
use keep_memory::{Limits, OnSecret};
use keep_types::Caller;
use std::time::Duration;

/// How long a run of the program goes on removing what has expired: as long as nobody notices.
const IN_PASSING: Duration = Duration::from_millis(20);

/// How much memories may take.
pub(crate) fn limits(values: &Values) -> Limits {
    Limits {
        text_bytes: values.memory_text_bytes,
        links: values.memory_links,
        memories: values.memory_per_namespace,
        batch: values.memory_batch,
        on_secret: if values.memory_redact { OnSecret::Redact } else { OnSecret::Refuse },
    }
}

impl App {
    /// Removes some of the memories that have expired, and the texts of requests that are over, for whoever
    /// comes by; where memories were used, also embeds some anew that another embedder did, and counts some anew
    /// that have faded. No process stays behind to do it later, so every run of the program looks, which costs a
    /// few small queries.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn tidy(&self, caller: &Caller) -> Result<u64, AppError> {
        if !self.ledger.health().takes_records() {
            return Ok(0);
        }
        self.gate.sweep_requests().await?;
        if let Some(memories) = self.open_memories() {
            memories.reembed_in_passing(caller, IN_PASSING).await?;
            memories.decay_in_passing(caller, IN_PASSING).await?;
        }
        if !keep_memory::any_expired(&self.db, self.now()).await? {
            return Ok(0);
        }
        Ok(self.memories()?.tidy(caller, IN_PASSING).await?)
    }
}
