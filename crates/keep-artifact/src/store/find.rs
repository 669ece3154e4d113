//! What the tables say; nothing here changes anything.

use crate::error::ArtifactError;
use crate::manifest::{Known, Sums};
use crate::name::{Key, Tag, Version};
use keep_blob::BlobId;
use keep_tensor::Hash;
use keep_types::{Name, Namespace, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

type Sql<T> = Result<T, ArtifactError>;

/// A version as the tables know it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) manifest: BlobId,
    pub(crate) made: Timestamp,
    pub(crate) by: String,
    pub(crate) sums: Sums,
    pub(crate) tags: Vec<Tag>,
}

/// A region that is stored already: in which version's manifest, and where in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) manifest: BlobId,
    pub(crate) at: u32,
}

/// Where a chunk lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk {
    pub(crate) bundle: BlobId,
    pub(crate) bundle_bytes: u64,
    pub(crate) start: u32,
    pub(crate) bytes: u32,
}

const VERSION: &str = "SELECT v.id, a.namespace, a.name, v.number, b.blob, v.made_ms, v.made_by, v.sums,
    (SELECT group_concat(tag, ' ') FROM (SELECT tag FROM artifact_tag WHERE version = v.id ORDER BY tag))
    FROM artifact_version v JOIN artifact a ON a.id = v.artifact JOIN artifact_bundle b ON b.id = v.manifest";

/// A count as SQLite holds it; none here comes near the bound.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or(0))
}

fn corrupt<E>(table: &'static str) -> impl FnOnce(E) -> ArtifactError {
    move |_| ArtifactError::Corrupt { table }
}

fn version_of(row: &Row<'_>) -> Sql<Found> {
    let (namespace, name): (String, String) = (row.get(1)?, row.get(2)?);
    let sums: String = row.get(7)?;
    let tags: Option<String> = row.get(8)?;
    let tags = tags.as_deref().unwrap_or_default().split_whitespace().map(str::parse::<Tag>);
    Ok(Found {
        id: row.get(0)?,
        key: Key {
            namespace: namespace.parse().map_err(corrupt("artifact"))?,
            name: name.parse().map_err(corrupt("artifact"))?,
        },
        number: unsigned(row, 3)?,
        manifest: BlobId::from_bytes(row.get(4)?),
        made: Timestamp::from_ms(row.get(5)?),
        by: row.get(6)?,
        sums: serde_json::from_str(&sums).map_err(corrupt("artifact_version"))?,
        tags: tags.collect::<Result<_, _>>().map_err(corrupt("artifact_version"))?,
    })
}

fn versions(sql: &Connection, rest: &str, given: &[&dyn rusqlite::ToSql]) -> Sql<Vec<Found>> {
    let mut statement = sql.prepare_cached(&format!("{VERSION} {rest}"))?;
    let mut rows = statement.query(given)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(version_of(row)?);
    }
    Ok(found)
}

/// The version that is meant, in the first of these namespaces that has the artifact.
pub(crate) fn find_version(
    sql: &Connection,
    places: &[Namespace],
    name: &Name,
    version: &Version,
) -> Sql<Found> {
    for place in places {
        let key = Key { namespace: place.clone(), name: name.clone() };
        if log(sql, &key)?.is_empty() {
            continue;
        }
        let (space, named) = (place.to_string(), name.as_str());
        let here = "WHERE a.namespace = ?1 AND a.name = ?2";
        let last = "ORDER BY v.number DESC LIMIT 1";
        let found = match version {
            Version::Latest => versions(sql, &format!("{here} {last}"), &[&space, &named])?,
            Version::Number(number) => {
                let number = signed(*number);
                versions(sql, &format!("{here} AND v.number = ?3"), &[&space, &named, &number])?
            }
            Version::Tagged(tag) => {
                let tagged =
                    "AND EXISTS (SELECT 1 FROM artifact_tag t WHERE t.version = v.id AND t.tag = ?3)";
                versions(sql, &format!("{here} {tagged} {last}"), &[&space, &named, &tag.as_str()])?
            }
        };
        let missing = || ArtifactError::NoSuchVersion { key: Box::new(key), version: version.to_string() };
        return found.into_iter().next().ok_or_else(missing);
    }
    Err(ArtifactError::NoSuchArtifact { name: name.to_string() })
}

/// All versions of an artifact, the newest first.
pub(crate) fn log(sql: &Connection, key: &Key) -> Sql<Vec<Found>> {
    let given: [&dyn rusqlite::ToSql; 2] = [&key.namespace.to_string(), &key.name.as_str()];
    versions(sql, "WHERE a.namespace = ?1 AND a.name = ?2 ORDER BY v.number DESC", &given)
}

/// All versions in these namespaces, or in all.
pub(crate) fn list(sql: &Connection, places: Option<&[Namespace]>) -> Sql<Vec<Found>> {
    let order = "ORDER BY a.namespace, a.name, v.number";
    let Some(places) = places else { return versions(sql, order, &[]) };
    let mut found = Vec::new();
    for place in places {
        found.extend(versions(sql, &format!("WHERE a.namespace = ?1 {order}"), &[&place.to_string()])?);
    }
    Ok(found)
}

/// Where such a region is stored already, as far as one namespace sees. What another project has stored
/// is not even found by its content.
pub(crate) fn known_region(sql: &Connection, home: &Namespace, what: &Known) -> Sql<Option<Seen>> {
    let mut statement = sql.prepare_cached(
        "SELECT b.blob, r.at FROM artifact_region r
         JOIN artifact_version v ON v.id = r.version
         JOIN artifact a ON a.id = v.artifact
         JOIN artifact_bundle b ON b.id = v.manifest
         WHERE r.hash = ?1 AND r.bytes = ?2 AND r.content = ?3 AND a.namespace = ?4
         ORDER BY v.id DESC LIMIT 1",
    )?;
    let bytes = signed(what.bytes);
    for place in home.visible() {
        let found = statement
            .query_row(params![what.hash.as_bytes(), bytes, what.content, place.to_string()], |row| {
                Ok(Seen { manifest: BlobId::from_bytes(row.get(0)?), at: row.get(1)? })
            })
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Where such a chunk is stored already, as far as one namespace sees.
pub(crate) fn known_chunk(sql: &Connection, home: &Namespace, hash: &Hash) -> Sql<Option<Chunk>> {
    let mut statement = sql.prepare_cached(
        "SELECT b.blob, b.bytes, c.start, c.bytes FROM artifact_chunk c
         JOIN artifact_bundle b ON b.id = c.bundle
         WHERE c.hash = ?1 AND b.condemned = 0 AND EXISTS (
             SELECT 1 FROM artifact_use u JOIN artifact_version v ON v.id = u.version
             JOIN artifact a ON a.id = v.artifact WHERE u.bundle = c.bundle AND a.namespace = ?2)
         LIMIT 1",
    )?;
    for place in home.visible() {
        let found = statement
            .query_row(params![hash.as_bytes(), place.to_string()], |row| {
                Ok(Chunk {
                    bundle: BlobId::from_bytes(row.get(0)?),
                    bundle_bytes: unsigned(row, 1)?,
                    start: row.get(2)?,
                    bytes: row.get(3)?,
                })
            })
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The bundles that these versions use, each once, with their sizes.
pub(crate) fn all_bundles(sql: &Connection, versions: &[i64]) -> Sql<u64> {
    let mut statement = sql.prepare_cached(
        "SELECT b.id, b.bytes FROM artifact_use u JOIN artifact_bundle b ON b.id = u.bundle
         WHERE u.version = ?1",
    )?;
    let mut seen = std::collections::HashMap::new();
    for version in versions {
        let mut rows = statement.query([version])?;
        while let Some(row) = rows.next()? {
            seen.insert(row.get::<_, i64>(0)?, unsigned(row, 1)?);
        }
    }
    Ok(seen.values().sum())
}

/// The namespace and name that a pending put is for.
pub(crate) fn artifact_namespace(sql: &Connection, artifact: i64) -> Sql<Key> {
    let (namespace, name): (String, String) =
        sql.query_row("SELECT namespace, name FROM artifact WHERE id = ?1", [artifact], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(Key {
        namespace: namespace.parse().map_err(corrupt("artifact"))?,
        name: name.parse().map_err(corrupt("artifact"))?,
    })
}

/// The puts in flight: id, artifact, number, owner.
pub(crate) fn pending(sql: &Connection) -> Sql<Vec<(i64, i64, u64, String)>> {
    let mut statement = sql.prepare_cached("SELECT id, artifact, number, owner FROM artifact_pending")?;
    let rows =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, unsigned(row, 2)?, row.get(3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
