//! What the tables say; nothing here changes anything. Every query names the spaces that it looks at, and
//! what has expired is found by none.

use super::row::{SELECT, Space, Stored, stored};
use crate::error::MemoryError;
use crate::index::{Place, SpaceId};
use crate::links::Linking;
use crate::model::{Handle, Kind, Link, Memory, Strength};
use keep_types::{Id, MemoryKind, Namespace, Timestamp, Trust};
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use std::collections::HashSet;
use std::ops::Range;

type Sql<T> = Result<T, MemoryError>;

/// Ids that begin alike and are counted; more are only more.
const COUNTED: usize = 100;

/// Which memories a list shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListFilter {
    pub(crate) kind: Option<Kind>,
    pub(crate) tag: Option<String>,
    pub(crate) least_trust: Option<Trust>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) quarantined: bool,
    pub(crate) retired: bool,
    pub(crate) pinned: bool,
    pub(crate) most: usize,
}

/// The spaces of these namespaces that hold memories, in this order.
pub(crate) fn spaces(sql: &Connection, places: &[Namespace]) -> Sql<Vec<Space>> {
    let mut statement = sql.prepare_cached("SELECT id FROM memory_space WHERE namespace = ?1")?;
    let mut found = Vec::new();
    for namespace in places {
        let id = statement.query_row([namespace.to_string()], |row| row.get(0)).optional()?;
        found.extend(id.map(|id| Space { id: SpaceId(id), namespace: namespace.clone() }));
    }
    Ok(found)
}

/// All spaces.
pub(crate) fn all_spaces(sql: &Connection) -> Sql<Vec<Space>> {
    let mut statement = sql.prepare_cached("SELECT id, namespace FROM memory_space ORDER BY namespace")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let namespace: String = row.get(1)?;
        let namespace = namespace.parse().map_err(|e| MemoryError::corrupt("memory_space", e))?;
        found.push(Space { id: SpaceId(row.get(0)?), namespace });
    }
    Ok(found)
}

fn select(sql: &Connection, space: &Space, rest: &str, given: &[&dyn ToSql]) -> Sql<Vec<Stored>> {
    let mut statement = sql.prepare_cached(&format!("{SELECT} {rest}"))?;
    let mut rows = statement.query(given)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored(row, &space.namespace)?);
    }
    Ok(found)
}

/// The one memory whose id begins so, in these spaces. A whole id that several of them have means the
/// nearest.
pub(crate) fn by_handle(sql: &Connection, spaces: &[Space], handle: &Handle, now: Timestamp) -> Sql<Stored> {
    // In ASCII nothing that an id is made of comes after the tilde.
    let end = format!("{handle}~");
    let mut found: Vec<Stored> = Vec::new();
    for space in spaces {
        let here = "WHERE m.space = ?1 AND m.id >= ?2 AND m.id < ?3
            AND (m.expires_ms IS NULL OR m.expires_ms > ?4) LIMIT ?5";
        let most = COUNTED as i64;
        let given: [&dyn ToSql; 5] = [&space.id.0, &handle.as_str(), &end, &now.ms(), &most];
        for one in select(sql, space, here, &given)? {
            if found.iter().all(|other| other.memory.id != one.memory.id) {
                found.push(one);
            }
        }
    }
    match found.len() {
        0 => Err(MemoryError::NoSuchMemory(handle.to_string())),
        1 => Ok(found.remove(0)),
        count => Err(MemoryError::Ambiguous { handle: handle.to_string(), count }),
    }
}

/// The newest memories that fit, the newest first.
pub(crate) fn list(
    sql: &Connection,
    spaces: &[Space],
    filter: &ListFilter,
    now: Timestamp,
) -> Sql<Vec<Stored>> {
    let (kind, tag) = (filter.kind.as_ref().map(Kind::as_str), filter.tag.as_deref());
    let trusts = trusts_from(filter.least_trust);
    let (since, until) = (filter.since.map(Timestamp::ms), filter.until.map(Timestamp::ms));
    let most = i64::try_from(filter.most).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for space in spaces {
        let fits = "WHERE m.space = ?1 AND (m.expires_ms IS NULL OR m.expires_ms > ?2)
            AND (?3 IS NULL OR m.kind = ?3)
            AND (?4 IS NULL OR EXISTS (SELECT 1 FROM memory_tag t
                WHERE t.space = m.space AND t.tag = ?4 AND t.place = m.place))
            AND instr(?5, ' ' || m.trust || ' ')
            AND (?6 IS NULL OR coalesce(m.said_ms, m.recorded_ms) >= ?6)
            AND (?7 IS NULL OR coalesce(m.said_ms, m.recorded_ms) < ?7)
            AND (m.quarantine IS NOT NULL) = ?8
            AND (?9 OR m.retired_ms IS NULL)
            AND (NOT ?10 OR m.pinned)
            ORDER BY m.place DESC LIMIT ?11";
        let given: [&dyn ToSql; 11] = [
            &space.id.0,
            &now.ms(),
            &kind,
            &tag,
            &trusts,
            &since,
            &until,
            &filter.quarantined,
            &filter.retired,
            &filter.pinned,
            &most,
        ];
        found.extend(select(sql, space, fits, &given)?);
    }
    found.sort_by(|one, other| {
        other.memory.recorded_at.cmp(&one.memory.recorded_at).then(other.seq.cmp(&one.seq))
    });
    found.truncate(filter.most);
    Ok(found)
}

/// The levels of trust from this one on, as words between blanks.
fn trusts_from(least: Option<Trust>) -> String {
    let all = [Trust::Document, Trust::Tool, Trust::Agent, Trust::User];
    let words: Vec<_> = all.into_iter().filter(|level| Some(*level) >= least).map(Trust::as_str).collect();
    format!(" {} ", words.join(" "))
}

/// How a memory read before its edits, the newest first.
pub(crate) fn versions(sql: &Connection, seq: i64) -> Sql<Vec<Memory>> {
    let mut statement =
        sql.prepare_cached("SELECT body FROM memory_version WHERE memory = ?1 ORDER BY version DESC")?;
    let mut rows = statement.query(params![seq])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        found.push(serde_json::from_str(&body).map_err(|e| MemoryError::corrupt("memory_version", e))?);
    }
    Ok(found)
}

/// The memory of this row, expired or not: for changes, which have been admitted.
pub(super) fn by_seq(sql: &Connection, seq: i64, namespace: &Namespace) -> Sql<Option<Stored>> {
    let mut statement = sql.prepare_cached(&format!("{SELECT} WHERE m.seq = ?1"))?;
    let mut rows = statement.query([seq])?;
    rows.next()?.map(|row| stored(row, namespace)).transpose()
}

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

/// The memories of a space that were edited after a moment, each as it read then. What is said of it as a
/// whole, such as that it is retired or quarantined, is as it is now.
pub(crate) fn edited_since(
    sql: &Connection,
    space: &Space,
    (moment, now): (Timestamp, Timestamp),
    most: usize,
) -> Sql<Vec<Stored>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let here = "WHERE m.seq IN (SELECT memory FROM memory_version WHERE edited_ms <= ?2) AND m.space = ?1
            AND m.edited_ms > ?2 AND (m.expires_ms IS NULL OR m.expires_ms > ?3)
            ORDER BY m.edited_ms DESC LIMIT ?4";
    let mut found = select(sql, space, here, &[&space.id.0, &moment.ms(), &now.ms(), &most])?;
    for one in &mut found {
        let Some(mut then) = versions(sql, one.seq)?.into_iter().find(|one| one.edited_at <= moment) else {
            continue;
        };
        let now = &one.memory;
        (then.retired_at, then.expires_at) = (now.retired_at, now.expires_at);
        (then.quarantine, then.pinned) = (now.quarantine.clone(), now.pinned);
        then.trust = then.trust.min(now.trust);
        one.memory = then;
    }
    Ok(found)
}

/// The links that go out from a memory, those to what is quarantined with them: for an export, which leaves
/// nothing out.
fn links_from(sql: &Connection, spaces: &[Space], from: &Stored, now: Timestamp) -> Sql<Vec<Link>> {
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

/// The memories at these places.
pub(super) fn select_places(sql: &Connection, space: &Space, places: Range<Place>) -> Sql<Vec<Stored>> {
    let here = "WHERE m.space = ?1 AND m.place >= ?2 AND m.place < ?3 ORDER BY m.place";
    select(sql, space, here, &[&space.id.0, &places.start, &places.end])
}

/// The memory at a place, where it has not expired.
pub(crate) fn at_place(sql: &Connection, space: &Space, place: Place, now: Timestamp) -> Sql<Option<Stored>> {
    let here = "WHERE m.space = ?1 AND m.place = ?2 AND (m.expires_ms IS NULL OR m.expires_ms > ?3)";
    Ok(select(sql, space, here, &[&space.id.0, &place, &now.ms()])?.pop())
}

/// The places of a space that are filed under all of these tags.
pub(crate) fn places_tagged(sql: &Connection, space: &Space, tags: &[String]) -> Sql<Vec<Place>> {
    let mut find =
        sql.prepare_cached("SELECT place FROM memory_tag WHERE space = ?1 AND tag = ?2 ORDER BY place")?;
    let mut found: Option<Vec<Place>> = None;
    for tag in tags {
        let places = find.query_map(params![space.id.0, tag], |row| row.get(0))?;
        let places: Vec<Place> = places.collect::<Result<_, _>>()?;
        found = Some(match found {
            None => places,
            Some(before) => before.into_iter().filter(|one| places.binary_search(one).is_ok()).collect(),
        });
    }
    Ok(found.unwrap_or_default())
}

/// Whether anything has expired.
pub(crate) fn any_expired(sql: &Connection, now: Timestamp) -> Sql<bool> {
    let mut any = sql.prepare_cached("SELECT EXISTS (SELECT 1 FROM memory WHERE expires_ms <= ?1)")?;
    Ok(any.query_row([now.ms()], |row| row.get(0))?)
}

/// The spaces in which something has expired.
pub(crate) fn expired_spaces(sql: &Connection, now: Timestamp) -> Sql<Vec<Space>> {
    let mut find = sql.prepare_cached("SELECT DISTINCT space FROM memory WHERE expires_ms <= ?1")?;
    let rows = find.query_map([now.ms()], |row| row.get(0))?;
    let expired: Vec<i64> = rows.collect::<Result<_, _>>()?;
    Ok(all_spaces(sql)?.into_iter().filter(|space| expired.contains(&space.id.0)).collect())
}

/// What has expired in a space, so many at most.
pub(crate) fn expired(sql: &Connection, space: &Space, now: Timestamp, most: usize) -> Sql<Vec<Stored>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // The plus keeps the database from reading all of the space for the few that have.
    let here = "WHERE m.expires_ms <= ?2 AND +m.space = ?1 LIMIT ?3";
    select(sql, space, here, &[&space.id.0, &now.ms(), &most])
}

/// Whether any query of this module finds a memory that expired at one second after the epoch, at this
/// moment. For the probe of that promise, which has a database of its own.
pub(crate) fn finds_expired(now: Timestamp) -> Sql<bool> {
    let sql = Connection::open_in_memory()?;
    for step in crate::SCHEMA.steps {
        sql.execute_batch(step)?;
    }
    sql.execute_batch(
        "INSERT INTO memory_space (namespace, next_place, memories) VALUES ('global', 1, 1);
         INSERT INTO memory (space, place, id, version, kind, text, tags, importance, confidence, trust, source,
            written_by, recorded_ms, edited_ms, expires_ms)
         VALUES (1, 0, 'mem_00000000000000000000000000', 1, 'event', 'it is over', '[]', 5, 1.0, 'user',
            '{\"from\":\"caller\"}', 'user:probe', 0, 0, 1000);",
    )?;
    let spaces = all_spaces(&sql)?;
    let filter = ListFilter { most: 10, ..ListFilter::default() };
    let listed = !list(&sql, &spaces, &filter, now)?.is_empty();
    let named = "mem_0000".parse().map_err(|e| MemoryError::corrupt("memory", e))?;
    let got = by_handle(&sql, &spaces, &named, now).is_ok();
    let mut placed = false;
    for space in &spaces {
        placed |= at_place(&sql, space, 0, now)?.is_some();
    }
    Ok(listed || got || placed)
}

/// Which of these ids a namespace has already.
pub(crate) fn known(
    sql: &Connection,
    namespace: &Namespace,
    ids: &[Id<MemoryKind>],
) -> Sql<HashSet<Id<MemoryKind>>> {
    let mut find = sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM memory m JOIN memory_space s ON s.id = m.space
         WHERE s.namespace = ?1 AND m.id = ?2)",
    )?;
    let mut known = HashSet::new();
    for id in ids {
        if find.query_row([namespace.to_string(), id.to_string()], |row| row.get(0))? {
            known.insert(*id);
        }
    }
    Ok(known)
}

/// The rows that links of a namespace join, each with where its other end lies; one whose end is not there
/// is left out.
pub(crate) fn linkings(
    sql: &Connection,
    namespace: &Namespace,
    links: Vec<(Link, Namespace)>,
    most: usize,
) -> Sql<Vec<Linking>> {
    let mut found = Vec::new();
    for (link, there) in links {
        if let (Some(from), Some(to)) = (row_of(sql, namespace, link.from)?, row_of(sql, &there, link.to)?) {
            found.push(Linking { from, to, link, most });
        }
    }
    Ok(found)
}

/// The rows of children in a namespace with those of their parents, as far as both are there.
pub(crate) fn descents(
    sql: &Connection,
    namespace: &Namespace,
    family: &[(Id<MemoryKind>, Id<MemoryKind>, Namespace)],
) -> Sql<Vec<(i64, i64)>> {
    let mut found = Vec::new();
    for (child, parent, there) in family {
        if let (Some(child), Some(parent)) = (row_of(sql, namespace, *child)?, row_of(sql, there, *parent)?) {
            found.push((child, parent));
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

/// All that an export writes of these spaces: memories, their older versions, and the links between them.
pub(crate) fn everything(
    sql: &Connection,
    spaces: &[Space],
    now: Timestamp,
) -> Sql<(Vec<Memory>, Vec<Memory>, Vec<Link>)> {
    let (mut memories, mut older, mut links) = (Vec::new(), Vec::new(), Vec::new());
    for space in spaces {
        let here = "WHERE m.space = ?1 AND (m.expires_ms IS NULL OR m.expires_ms > ?2) ORDER BY m.place";
        for stored in select(sql, space, here, &[&space.id.0, &now.ms()])? {
            older.extend(versions(sql, stored.seq)?);
            links.extend(links_from(sql, spaces, &stored, now)?);
            memories.push(stored.memory);
        }
    }
    Ok((memories, older, links))
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
