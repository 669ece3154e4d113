//! A memory as a row.

use crate::error::MemoryError;
use crate::index::{Place, SpaceId};
use crate::model::{Importance, Memory, Strength, Validity};
use keep_types::{Namespace, Timestamp};
use rusqlite::Row;
use std::str::FromStr;

/// A namespace that holds memories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) id: SpaceId,
    pub(crate) namespace: Namespace,
}

/// A memory and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) space: SpaceId,
    pub(crate) place: Place,
    pub(crate) memory: Memory,
}

/// What every query that wants whole memories selects, with `m` the memory and `u` its use.
pub(super) const SELECT: &str =
    "SELECT m.seq, m.space, m.place, m.id, m.version, m.kind, m.title, m.text, m.tags, m.importance,
        m.confidence, m.trust, m.source, m.written_by, m.edited_by, m.speaker, m.said_ms, m.valid_from_ms,
        m.valid_to_ms, m.recorded_ms, m.edited_ms, m.retired_ms, m.expires_ms, m.pinned, m.quarantine,
        m.flag, u.recalls, u.recalled_ms
     FROM memory m LEFT JOIN memory_use u ON u.memory = m.seq";

fn corrupt(what: impl std::fmt::Display) -> MemoryError {
    MemoryError::corrupt("memory", what)
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, at: usize) -> Result<T, MemoryError> {
    row.get_ref(at)?.as_str().map_err(corrupt)?.parse().map_err(corrupt)
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, at: usize) -> Result<T, MemoryError> {
    serde_json::from_str(row.get_ref(at)?.as_str().map_err(corrupt)?).map_err(corrupt)
}

fn moment(row: &Row<'_>, at: usize) -> Result<Option<Timestamp>, MemoryError> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_ms))
}

/// Reads a row of [`SELECT`]; the namespace is that of its space.
pub(super) fn stored(row: &Row<'_>, namespace: &Namespace) -> Result<Stored, MemoryError> {
    let edited_by: Option<String> = row.get(14)?;
    let memory = Memory {
        id: parsed(row, 3)?,
        namespace: namespace.clone(),
        version: row.get(4)?,
        kind: parsed(row, 5)?,
        title: row.get(6)?,
        text: row.get(7)?,
        tags: from_json(row, 8)?,
        importance: Importance::try_from(row.get::<_, u8>(9)?).map_err(corrupt)?,
        confidence: Strength::try_from(row.get::<_, f32>(10)?).map_err(corrupt)?,
        trust: parsed(row, 11)?,
        source: from_json(row, 12)?,
        written_by: parsed(row, 13)?,
        edited_by: edited_by.map(|by| by.parse().map_err(corrupt)).transpose()?,
        speaker: row.get(15)?,
        said_at: moment(row, 16)?,
        valid: Validity { from: moment(row, 17)?, to: moment(row, 18)? },
        recorded_at: Timestamp::from_ms(row.get(19)?),
        edited_at: Timestamp::from_ms(row.get(20)?),
        retired_at: moment(row, 21)?,
        expires_at: moment(row, 22)?,
        pinned: row.get(23)?,
        quarantine: row.get(24)?,
        flag: row.get(25)?,
        recalls: row.get::<_, Option<i64>>(26)?.unwrap_or(0).cast_unsigned(),
        recalled_at: moment(row, 27)?,
    };
    Ok(Stored { seq: row.get(0)?, space: SpaceId(row.get(1)?), place: row.get(2)?, memory })
}
