//! A draft, checked once: sizes, words, times, and how far it may be believed.

use crate::error::MemoryError;
pub(crate) use crate::limits::LINE_BYTES as LINE;
use crate::limits::{Limits, TAGS, WORD_BYTES};
use crate::model::{Draft, Memory, Source};
use keep_types::{Id, MemoryKind, Namespace, Principal, Timestamp, Trust};

/// Who writes, where and when.
#[derive(Clone, Debug)]
pub(crate) struct Writing {
    pub(crate) by: Principal,
    /// How far what the writer says may be believed.
    pub(crate) trust: Trust,
    pub(crate) namespace: Namespace,
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
}

/// The memory that a draft becomes. Its trust is the lowest of what its writer, its source, its parents and
/// the draft itself say: nothing that is handed in raises it.
pub(crate) fn checked(
    draft: Draft,
    id: Id<MemoryKind>,
    writing: &Writing,
    parents: Trust,
) -> Result<Memory, MemoryError> {
    let Draft { text, title, kind, tags, importance, confidence, .. } = draft;
    let trust =
        writing.trust.min(draft.source.ceiling()).min(parents).min(draft.trust.unwrap_or(Trust::User));
    check_source(&draft.source)?;
    if draft.expires_at.is_some_and(|end| end <= writing.now) {
        return Err(MemoryError::Times("the memory would be expired before it is written"));
    }
    if let (Some(from), Some(to)) = (draft.valid.from, draft.valid.to)
        && from >= to
    {
        return Err(MemoryError::Times("it would end being true before it begins"));
    }
    Ok(Memory {
        id,
        namespace: writing.namespace.clone(),
        version: 1,
        kind,
        title: title.map(|title| within("title", title, LINE)).transpose()?.filter(|t| !t.is_empty()),
        text: text_of(text, &writing.limits)?,
        tags: tags_of(tags)?,
        importance,
        confidence,
        trust,
        source: draft.source,
        written_by: writing.by.clone(),
        edited_by: None,
        speaker: draft.speaker.map(|name| within("speaker", name, WORD_BYTES)).transpose()?,
        said_at: draft.said_at,
        valid: draft.valid,
        recorded_at: writing.now,
        edited_at: writing.now,
        retired_at: None,
        expires_at: draft.expires_at,
        pinned: draft.pinned,
        quarantine: None,
        flag: None,
        recalls: 0,
        recalled_at: None,
    })
}

/// A text that may be remembered.
pub(crate) fn text_of(text: String, limits: &Limits) -> Result<String, MemoryError> {
    let text = within("text", text, limits.text_bytes)?;
    if text.is_empty() { Err(MemoryError::Empty) } else { Ok(text) }
}

/// Tags in order, each once, in lower case so that nobody looks for one in vain.
pub(crate) fn tags_of(tags: Vec<String>) -> Result<Vec<String>, MemoryError> {
    let mut checked = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = within("tag", tag, WORD_BYTES)?.to_lowercase();
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == ',';
        if tag.is_empty() || tag.contains(odd) {
            return Err(MemoryError::BadTag(tag.chars().take(80).collect()));
        }
        checked.push(tag);
    }
    checked.sort();
    checked.dedup();
    if checked.len() > TAGS {
        let (count, limit) = (checked.len() as u64, TAGS as u64);
        return Err(MemoryError::TooMany { what: "tags of one memory", count, limit });
    }
    Ok(checked)
}

/// The text without blanks around it, where it is no longer than this.
pub(crate) fn within(what: &'static str, text: String, limit: usize) -> Result<String, MemoryError> {
    let trimmed = text.trim();
    if trimmed.len() > limit {
        return Err(MemoryError::TooLong { what, size: trimmed.len(), limit });
    }
    Ok(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
}

fn check_source(source: &Source) -> Result<(), MemoryError> {
    let (what, words): (_, [&str; 2]) = match source {
        Source::Caller => return Ok(()),
        Source::Conversation { conversation, turn } => {
            ("conversation's name", [conversation, turn.as_deref().unwrap_or_default()])
        }
        Source::File { path, .. } => ("path of the source", [path, ""]),
        Source::Tool { tool, call } => ("tool's name", [tool, call.as_deref().unwrap_or_default()]),
        Source::Document { at } => ("place of the source", [at, ""]),
        Source::Memories { parents } => {
            let (count, limit) = (parents.len() as u64, 256);
            return match count > limit {
                true => Err(MemoryError::TooMany { what: "parents of one memory", count, limit }),
                false => Ok(()),
            };
        }
    };
    match words.iter().find(|word| word.len() > LONGEST_PLACE) {
        Some(word) => Err(MemoryError::TooLong { what, size: word.len(), limit: LONGEST_PLACE }),
        None => Ok(()),
    }
}

/// Bytes of a path or an address.
const LONGEST_PLACE: usize = 2_048;
