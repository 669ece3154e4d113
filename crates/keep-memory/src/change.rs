//! Changing memories that are there: their text, what is said of them, and whether they count.

use crate::acts;
use crate::checked::{LINE, tags_of, text_of, within};
use crate::engine::{Memories, Where, trust_of};
use crate::error::MemoryError;
use crate::index::Prepared;
use crate::model::{Draft, Handle, Importance, Kind, LinkKind, Memory, Strength, Validity};
use crate::remember::Remembering;
use crate::screen::flag;
use crate::store::{self, Stored};
use keep_embed::Embedder;
use keep_types::{Caller, Timestamp, Trust};

/// What is to be different. What is not named stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Another text.
    pub text: Option<String>,
    /// Another headline; an empty one takes it away.
    pub title: Option<String>,
    /// Another kind.
    pub kind: Option<Kind>,
    /// Tags to add.
    pub add_tags: Vec<String>,
    /// Tags to take away.
    pub remove_tags: Vec<String>,
    /// Another importance.
    pub importance: Option<Importance>,
    /// Another confidence.
    pub confidence: Option<Strength>,
    /// A lower trust; it is never raised.
    pub trust: Option<Trust>,
    /// When it was true.
    pub valid: Option<Validity>,
}

/// What the act of changing a memory writes.
#[derive(Clone)]
pub(crate) struct Changing {
    pub(crate) stored: Stored,
    pub(crate) new: Memory,
    /// Both taken apart, where what is found by has changed.
    pub(crate) words: Option<(Prepared, Prepared)>,
}

/// What the act of superseding a memory writes.
pub(crate) struct Superseding {
    pub(crate) new: Remembering,
    pub(crate) old: Changing,
    pub(crate) link: LinkKind,
}

impl Memories {
    /// Changes a memory. How it read before stays readable.
    ///
    /// # Errors
    /// When nothing would change, the new words cannot be taken, or the gate refuses.
    pub async fn edit(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
        edit: Edit,
    ) -> Result<Memory, MemoryError> {
        let stored = self.find(caller, place, handle).await?;
        let mut new = stored.memory.clone();
        self.apply(&mut new, edit)?;
        if new == stored.memory {
            return Err(MemoryError::NothingToChange(new.id));
        }
        if (&new.text, &new.title) != (&stored.memory.text, &stored.memory.title) {
            new.trust = new.trust.min(trust_of(caller));
            flag(&mut new);
        }
        new.version += 1;
        new.edited_at = self.now();
        new.edited_by = Some(caller.principal.clone());
        let (old, edited) = (stored.memory.clone(), new.clone());
        let words = self.compute(move |embedder| reworded(embedder, &old, &edited)).await??;
        self.change(caller, "memory.write", "edit", Changing { stored, new, words }).await
    }

    fn apply(&self, new: &mut Memory, edit: Edit) -> Result<(), MemoryError> {
        let screen = self.screen()?;
        if let Some(mut text) = edit.text {
            screen.text(&mut text)?;
            new.text = text_of(text, &self.limits)?;
        }
        if let Some(mut title) = edit.title {
            screen.text(&mut title)?;
            new.title = Some(within("title", title, LINE)?).filter(|title| !title.is_empty());
        }
        let removed = tags_of(edit.remove_tags)?;
        let mut tags = std::mem::take(&mut new.tags);
        for mut tag in edit.add_tags {
            screen.text(&mut tag)?;
            tags.push(tag);
        }
        new.tags = tags_of(tags)?.into_iter().filter(|tag| !removed.contains(tag)).collect();
        new.kind = edit.kind.unwrap_or_else(|| new.kind.clone());
        new.importance = edit.importance.unwrap_or(new.importance);
        new.confidence = edit.confidence.unwrap_or(new.confidence);
        new.trust = edit.trust.unwrap_or(new.trust).min(new.trust);
        new.valid = edit.valid.unwrap_or(new.valid);
        match (new.valid.from, new.valid.to) {
            (Some(from), Some(to)) if from >= to => {
                Err(MemoryError::Times("it would end being true before it begins"))
            }
            _ => Ok(()),
        }
    }

    /// Puts a new memory in another's place. Without a moment the old one was wrong, or no longer counts,
    /// and is retired; with one it was true until then, and the new one is from then on.
    ///
    /// # Errors
    /// When the new one cannot be taken, or the gate refuses; then both stay as they are.
    pub async fn supersede(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
        mut draft: Draft,
        changed_at: Option<Timestamp>,
    ) -> Result<Memory, MemoryError> {
        let stored = self.find(caller, place, handle).await?;
        let mut retired = stored.memory.clone();
        match changed_at {
            None => retired.retired_at = Some(self.now()),
            Some(moment) => {
                if retired.valid.from.is_some_and(|from| from >= moment) {
                    return Err(MemoryError::Times("it would end being true before it begins"));
                }
                retired.valid.to = Some(moment);
                draft.valid.from = Some(moment);
            }
        }
        let home = stored.memory.namespace.clone();
        let new = self.freshen(caller, Some(&home), vec![draft]).await?;
        let memory = new.fresh[0].memory.clone();
        let above = stored.memory.trust > trust_of(caller);
        let old = Changing { stored, new: retired, words: None };
        let what = Superseding { new, old, link: LinkKind::Supersedes };
        let act = acts::remember(what, "memory.write", &home, &[&memory])
            .above(above)
            .about("in the place of", handle);
        store::supersede(self.gate.admit(caller, act).await?).await?;
        Ok(memory)
    }

    /// Pins a memory, so that it neither decays nor is proposed for removal, or takes the pin away.
    ///
    /// # Errors
    /// When the gate refuses, or there is no such memory.
    pub async fn pin(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
        pinned: bool,
    ) -> Result<Memory, MemoryError> {
        let verb = if pinned { "pin" } else { "unpin" };
        self.restand(caller, place, handle, ("memory.write", verb), |new| new.pinned = pinned).await
    }

    /// Sets when a memory ends, or that it does not.
    ///
    /// # Errors
    /// When that moment is past, the gate refuses, or there is no such memory.
    pub async fn set_expiry(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
        expires_at: Option<Timestamp>,
    ) -> Result<Memory, MemoryError> {
        if expires_at.is_some_and(|end| end <= self.now()) {
            return Err(MemoryError::Times("that moment is past; `keep memory forget` removes it now"));
        }
        let set = |new: &mut Memory| new.expires_at = expires_at;
        self.restand(caller, place, handle, ("memory.write", "set the end of"), set).await
    }

    /// Keeps a memory from being recalled until a person releases it.
    ///
    /// # Errors
    /// When the gate refuses, or there is no such memory.
    pub async fn quarantine(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
        why: String,
    ) -> Result<Memory, MemoryError> {
        let mut why = within("reason", why, LINE)?;
        self.screen()?.text(&mut why)?;
        let set = |new: &mut Memory| new.quarantine = Some(why);
        self.restand(caller, place, handle, ("memory.write", "quarantine"), set).await
    }

    /// Lets a quarantined memory be recalled.
    ///
    /// # Errors
    /// When the gate refuses, as it does with programs, or there is no such memory.
    pub async fn release(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
    ) -> Result<Memory, MemoryError> {
        let set = |new: &mut Memory| new.quarantine = None;
        self.restand(caller, place, handle, ("memory.release", "release"), set).await
    }

    /// Changes what is said of a memory, without a new version of it.
    async fn restand(
        &self,
        caller: &Caller,
        place: &Where,
        handle: &Handle,
        (action, verb): (&'static str, &'static str),
        set: impl FnOnce(&mut Memory),
    ) -> Result<Memory, MemoryError> {
        let stored = self.find(caller, place, handle).await?;
        let mut new = stored.memory.clone();
        set(&mut new);
        if new == stored.memory {
            return Err(MemoryError::NothingToChange(new.id));
        }
        self.change(caller, action, verb, Changing { stored, new, words: None }).await
    }

    async fn change(
        &self,
        caller: &Caller,
        action: &'static str,
        verb: &'static str,
        what: Changing,
    ) -> Result<Memory, MemoryError> {
        let (namespace, new) = (what.stored.memory.namespace.clone(), what.new.clone());
        let above = what.stored.memory.trust > trust_of(caller);
        let act = acts::change(what, action, verb, &namespace, &new).above(above);
        store::change(self.gate.admit(caller, act).await?).await?;
        Ok(new)
    }
}

/// Both versions taken apart, when the words or the meaning by which it is found are others.
fn reworded(
    embedder: &dyn Embedder,
    old: &Memory,
    new: &Memory,
) -> Result<Option<(Prepared, Prepared)>, MemoryError> {
    if (&old.text, &old.title, &old.tags) == (&new.text, &new.title, &new.tags) {
        return Ok(None);
    }
    Ok(Some((store::prepared_of(embedder, old)?, store::prepared_of(embedder, new)?)))
}
