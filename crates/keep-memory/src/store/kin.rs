//! What the tables say of links and of descent; nothing here changes anything. A memory at the other end is
//! there only where it lies in one of the spaces that are seen and has not expired.

use super::find::by_seq;
use super::row::{Space, Stored};
use crate::error::MemoryError;
use crate::links::Linking;
use crate::model::{Link, Strength};
use keep_types::{Id, MemoryKind, Namespace, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

type Sql<T> = Result<T, MemoryError>;

/// The links of a memory, in either direction, each with the memory at its other end. One whose other end
/// lies in another space, is quarantined or has expired is not there.
pub(crate) fn links_of(
    sql: &Connection,
    spaces: &[Space],
    seq: i64,
    now: Timestamp,
) -> Sql<Vec<(Link, Stored)>> {
    let mut found = Vec::new();
    for (own, other) in [("source", "target"), ("target", "source")] {
        let mut statement = sql.prepare_cached(&format!(
            "SELECT l.kind, l.strength, l.reason, l.made_ms, l.made_by, l.{other}, o.space,
                (SELECT id FROM memory WHERE seq = ?1)
             FROM memory_link l JOIN memory o ON o.seq = l.{other}
             WHERE l.{own} = ?1 AND o.quarantine IS NULL AND (o.expires_ms IS NULL OR o.expires_ms > ?2)
             ORDER BY l.made_ms, l.{other}"
        ))?;
        let mut rows = statement.query(params![seq, now.ms()])?;
        while let Some(row) = rows.next()? {
            let space: i64 = row.get(6)?;
            let Some(space) = spaces.iter().find(|one| one.id.0 == space) else { continue };
            let Some(far) = by_seq(sql, row.get(5)?, &space.namespace)? else { continue };
            let own_id: String = row.get(7)?;
            let own_id = own_id.parse().map_err(|e| MemoryError::corrupt("memory", e))?;
            let (from, to) = if own == "source" { (own_id, far.memory.id) } else { (far.memory.id, own_id) };
            found.push((link_of(row, from, to)?, far));
        }
    }
    Ok(found)
}

/// The links that go out from a memory, those to what is quarantined with them: for an export, which leaves
/// nothing out.
pub(super) fn links_from(
    sql: &Connection,
    spaces: &[Space],
    from: &Stored,
    now: Timestamp,
) -> Sql<Vec<Link>> {
    let mut find = sql.prepare_cached(
        "SELECT l.kind, l.strength, l.reason, l.made_ms, l.made_by, o.id, o.space
         FROM memory_link l JOIN memory o ON o.seq = l.target
         WHERE l.source = ?1 AND (o.expires_ms IS NULL OR o.expires_ms > ?2) ORDER BY l.made_ms, l.kind, o.id",
    )?;
    let mut rows = find.query(params![from.seq, now.ms()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, space): (String, i64) = (row.get(5)?, row.get(6)?);
        if spaces.iter().any(|one| one.id.0 == space) {
            let to = id.parse().map_err(|e| MemoryError::corrupt("memory", e))?;
            found.push(link_of(row, from.memory.id, to)?);
        }
    }
    Ok(found)
}

fn link_of(row: &rusqlite::Row<'_>, from: Id<MemoryKind>, to: Id<MemoryKind>) -> Sql<Link> {
    let wrong = |what: String| MemoryError::corrupt("memory_link", what);
    let (kind, by): (String, String) = (row.get(0)?, row.get(4)?);
    Ok(Link {
        from,
        to,
        kind: kind.parse().map_err(|e| wrong(format!("{e}")))?,
        strength: Strength::try_from(row.get::<_, f32>(1)?).map_err(|e| wrong(format!("{e}")))?,
        reason: row.get(2)?,
        made_at: Timestamp::from_ms(row.get(3)?),
        made_by: by.parse().map_err(|e| wrong(format!("{e}")))?,
    })
}

/// The rows that links of a namespace join, each with where its other end lies; one that is there already, or
/// whose end is not there, is left out.
pub(crate) fn linkings(
    sql: &Connection,
    namespace: &Namespace,
    links: Vec<(Link, Namespace)>,
    most: usize,
) -> Sql<Vec<Linking>> {
    let mut known =
        sql.prepare_cached("SELECT 1 FROM memory_link WHERE source = ?1 AND kind = ?2 AND target = ?3")?;
    let mut found = Vec::new();
    for (link, there) in links {
        let ends = (row_of(sql, namespace, link.from)?, row_of(sql, &there, link.to)?);
        if let (Some(from), Some(to)) = ends
            && !known.exists(params![from, link.kind.as_str(), to])?
        {
            found.push(Linking { from, to, link, most });
        }
    }
    Ok(found)
}

/// The rows of children in a namespace with those of their parents, as far as both are there and the child says
/// that it was made from the parent.
pub(crate) fn descents(
    sql: &Connection,
    namespace: &Namespace,
    family: &[(Id<MemoryKind>, Id<MemoryKind>, Namespace)],
) -> Sql<Vec<(i64, i64)>> {
    let mut says_so = sql.prepare_cached(
        "SELECT 1 FROM memory m, json_each(m.source, '$.parents') p WHERE m.seq = ?1 AND p.value = ?2",
    )?;
    let mut found = Vec::new();
    for (child, parent, there) in family {
        let rows = (row_of(sql, namespace, *child)?, row_of(sql, there, *parent)?);
        if let (Some(child), Some(row)) = rows
            && says_so.exists(params![child, parent.to_string()])?
        {
            found.push((child, row));
        }
    }
    Ok(found)
}

fn row_of(sql: &Connection, namespace: &Namespace, id: Id<MemoryKind>) -> Sql<Option<i64>> {
    let mut find = sql.prepare_cached(
        "SELECT m.seq FROM memory m JOIN memory_space s ON s.id = m.space WHERE s.namespace = ?1 AND m.id = ?2",
    )?;
    Ok(find.query_row([namespace.to_string(), id.to_string()], |row| row.get(0)).optional()?)
}

/// The memories that were made from these, as far as the spaces that are seen hold them.
pub(crate) fn children(sql: &Connection, spaces: &[Space], seqs: &[i64]) -> Sql<Vec<Id<MemoryKind>>> {
    let mut find = sql.prepare_cached(
        "SELECT m.id, m.space, m.seq FROM memory_parent p JOIN memory m ON m.seq = p.child WHERE p.parent = ?1",
    )?;
    let mut found = Vec::new();
    for seq in seqs {
        let mut rows = find.query([seq])?;
        while let Some(row) = rows.next()? {
            let (id, space, child): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if spaces.iter().any(|one| one.id.0 == space) && !seqs.contains(&child) {
                found.push(id.parse().map_err(|e| MemoryError::corrupt("memory", e))?);
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}
