//! What is looked at before anything is kept: secrets, and text that reads like orders.

use crate::care;
use crate::engine::Memories;
use crate::error::MemoryError;
use crate::model::{Draft, Memory, Source};
use keep_redact::Redactor;
use keep_types::Trust;

/// What happens with a memory that holds a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSecret {
    /// It is not kept.
    #[default]
    Refuse,
    /// It is kept with a mark in the secret's place.
    Redact,
}

/// Knows what must not be kept, for one act.
pub(crate) struct Screen {
    redactor: Redactor,
    on_secret: OnSecret,
}

impl Memories {
    /// What must not be kept now. While the vault is locked nobody can tell whether a text holds one of its
    /// values, so nothing is kept.
    pub(crate) fn screen(&self) -> Result<Screen, MemoryError> {
        let redactor =
            self.gate.redactor().map_err(|why| MemoryError::SecretsUnknown(why.reason.to_string()))?;
        Ok(Screen { redactor, on_secret: self.limits.on_secret })
    }
}

impl Screen {
    /// Looks over every word of a draft.
    pub(crate) fn draft(&self, draft: &mut Draft) -> Result<(), MemoryError> {
        self.text(&mut draft.text)?;
        self.maybe(draft.title.as_mut())?;
        self.maybe(draft.speaker.as_mut())?;
        draft.tags.iter_mut().try_for_each(|tag| self.text(tag))?;
        match &mut draft.source {
            Source::Caller | Source::Memories { .. } => Ok(()),
            Source::Conversation { conversation: one, turn: other }
            | Source::Tool { tool: one, call: other } => {
                self.text(one)?;
                self.maybe(other.as_mut())
            }
            Source::File { path: one, .. } | Source::Document { at: one } => self.text(one),
        }
    }

    fn maybe(&self, text: Option<&mut String>) -> Result<(), MemoryError> {
        text.map_or(Ok(()), |text| self.text(text))
    }

    /// Refuses a text that holds a secret, or puts a mark in the secret's place.
    pub(crate) fn text(&self, text: &mut String) -> Result<(), MemoryError> {
        let known = self.redactor.find(text.as_bytes()).map(|found| found.label.to_owned());
        let shaped = care::secrets(text);
        let what = known.clone().or_else(|| shaped.first().map(|secret| secret.what.to_owned()));
        let Some(what) = what else { return Ok(()) };
        match self.on_secret {
            OnSecret::Refuse => Err(MemoryError::HoldsSecret(what)),
            OnSecret::Redact => {
                let cleaned = self.redactor.text(text).into_owned();
                *text = care::without(&cleaned, &care::secrets(&cleaned)).into_owned();
                Ok(())
            }
        }
    }
}

/// Flags a memory that reads like orders. One that no person or agent vouches for is kept from being
/// recalled as well, until a person has looked at it.
pub(crate) fn flag(memory: &mut Memory) {
    let title = memory.title.as_deref().and_then(care::reads_like_orders);
    memory.flag = title.or_else(|| care::reads_like_orders(&memory.text)).map(|orders| orders.why.to_owned());
    if let Some(why) = &memory.flag
        && memory.trust <= Trust::Tool
    {
        memory.quarantine = Some(format!("reads like orders: {why}"));
    }
}
