//! What the tables say; nothing here changes anything. Every query names the spaces that it looks at, and
//! what has expired is found by none.

use super::kin::links_from;
use super::row::{SELECT, Space, Stored, stored};
use crate::error::MemoryError;
use crate::index::{Place, SpaceId};
use crate::model::{Handle, Kind, Link, Memory};
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

pub(super) fn select(sql: &Connection, space: &Space, rest: &str, given: &[&dyn ToSql]) -> Sql<Vec<Stored>> {
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
        // Said in so many words, so that the few that are held are found by their index.
        let held = if filter.quarantined { "IS NOT NULL" } else { "IS NULL" };
        let fits = format!(
            "WHERE m.space = ?1 AND (m.expires_ms IS NULL OR m.expires_ms > ?2)
            AND (?3 IS NULL OR m.kind = ?3)
            AND (?4 IS NULL OR EXISTS (SELECT 1 FROM memory_tag t
                WHERE t.space = m.space AND t.tag = ?4 AND t.place = m.place))
            AND instr(?5, ' ' || m.trust || ' ')
            AND (?6 IS NULL OR coalesce(m.said_ms, m.recorded_ms) >= ?6)
            AND (?7 IS NULL OR coalesce(m.said_ms, m.recorded_ms) < ?7)
            AND m.quarantine {held}
            AND (?8 OR m.retired_ms IS NULL)
            AND (NOT ?9 OR m.pinned)
            ORDER BY m.place DESC LIMIT ?10"
        );
        let given: [&dyn ToSql; 10] = [
            &space.id.0,
            &now.ms(),
            &kind,
            &tag,
            &trusts,
            &since,
            &until,
            &filter.retired,
            &filter.pinned,
            &most,
        ];
        found.extend(select(sql, space, &fits, &given)?);
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

/// The memories at these places.
pub(super) fn select_places(sql: &Connection, space: &Space, places: Range<Place>) -> Sql<Vec<Stored>> {
    let here = "WHERE m.space = ?1 AND m.place >= ?2 AND m.place < ?3 ORDER BY m.place";
    select(sql, space, here, &[&space.id.0, &places.start, &places.end])
}

/// The memories at these places that have not expired.
pub(crate) fn within(
    sql: &Connection,
    space: &Space,
    places: Range<Place>,
    now: Timestamp,
) -> Sql<Vec<Stored>> {
    let mut found = select_places(sql, space, places)?;
    found.retain(|one| one.memory.expires_at.is_none_or(|end| end > now));
    Ok(found)
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
