//! What the settings say of memories.

use crate::config::Values;
use keep_memory::{Limits, OnSecret};

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
