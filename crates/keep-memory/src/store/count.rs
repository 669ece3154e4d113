//! Counts.

use super::row::Space;
use crate::error::MemoryError;
use crate::stats::Stats;
use keep_types::Timestamp;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

type Sql<T> = Result<T, MemoryError>;

/// What a space holds. Of its links those count that lead to one of the spaces that are seen.
pub(crate) fn stats(sql: &Connection, space: &Space, seen: &[Space], now: Timestamp) -> Sql<Stats> {
    let mut stats = sql
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(CAST(text AS BLOB))), 0), count(retired_ms),
                coalesce(sum(pinned), 0), count(quarantine), coalesce(sum(version > 1), 0)
             FROM memory WHERE space = ?1 AND (expires_ms IS NULL OR expires_ms > ?2)",
        )?
        .query_row(params![space.id.0, now.ms()], |row| {
            let count = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
            Ok(Stats {
                namespace: space.namespace.clone(),
                memories: count(0)?,
                text_bytes: count(1)?,
                kinds: BTreeMap::new(),
                trust: BTreeMap::new(),
                edited: count(5)?,
                faded: 0,
                retired: count(2)?,
                pinned: count(3)?,
                quarantined: count(4)?,
                links: 0,
            })
        })?;
    stats.kinds = by(sql, "kind", space, now)?;
    stats.trust = by(sql, "trust", space, now)?;
    stats.faded = super::fade::count_faded(sql, space.id, now)?;
    let mut links = sql.prepare_cached(
        "SELECT count(*) FROM memory m JOIN memory_link l ON l.source = m.seq JOIN memory o ON o.seq = l.target
         WHERE m.space = ?1 AND o.space = ?2 AND (m.expires_ms IS NULL OR m.expires_ms > ?3)
            AND (o.expires_ms IS NULL OR o.expires_ms > ?3)",
    )?;
    for other in seen {
        let found: i64 = links.query_row(params![space.id.0, other.id.0, now.ms()], |row| row.get(0))?;
        stats.links += found.cast_unsigned();
    }
    Ok(stats)
}

fn by(sql: &Connection, column: &'static str, space: &Space, now: Timestamp) -> Sql<BTreeMap<String, u64>> {
    let mut count = sql.prepare_cached(&format!(
        "SELECT {column}, count(*) FROM memory
         WHERE space = ?1 AND (expires_ms IS NULL OR expires_ms > ?2) GROUP BY {column}"
    ))?;
    let rows = count.query_map(params![space.id.0, now.ms()], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
