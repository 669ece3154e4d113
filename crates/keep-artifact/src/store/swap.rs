//! Versions whose parts are stored in another way: another manifest takes the place of theirs.

use super::find::pending;
use super::write::{Pending, mark_idle};
use crate::error::ArtifactError;
use crate::manifest::Sums;
use crate::name::Key;
use keep_blob::BlobId;
use keep_db::{Db, WriteTx};
use keep_gate::Started;
use keep_ledger::owner;
use keep_tensor::Hash;
use keep_types::{Act, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// One manifest for another.
#[derive(Clone, Debug)]
pub(crate) struct Swap {
    pub(crate) version: i64,
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) from: BlobId,
    pub(crate) to: BlobId,
    pub(crate) bundles: Vec<BlobId>,
    /// Where the regions of the old one stand in the new one.
    pub(crate) regions: HashMap<u32, u32>,
    pub(crate) sums: Sums,
}

/// The bundles that must not be emptied: what running puts hold, and what these versions use.
pub(crate) fn pins(sql: &Connection, versions: &[i64]) -> Result<Vec<BlobId>, ArtifactError> {
    let running: Vec<i64> =
        pending(sql)?.into_iter().filter(|(.., by)| owner::lives(by)).map(|(id, ..)| id).collect();
    let list = |ids: &[i64]| serde_json::to_string(ids).unwrap_or_else(|_| "[]".into());
    let mut statement = sql.prepare_cached(
        "SELECT b.blob FROM artifact_bundle b
         WHERE EXISTS (SELECT 1 FROM artifact_hold h WHERE h.bundle = b.id
                 AND h.pending IN (SELECT value FROM json_each(?1)))
             OR EXISTS (SELECT 1 FROM artifact_use u WHERE u.bundle = b.id
                 AND u.version IN (SELECT value FROM json_each(?2)))",
    )?;
    let rows = statement.query_map([list(&running), list(versions)], |row| row.get(0))?;
    Ok(rows.map(|row| row.map(BlobId::from_bytes)).collect::<Result<_, _>>()?)
}

/// Puts on record that these versions are being stored anew: should the process die, whoever collects
/// next knows whose names to look at and which bundles to take away.
pub(crate) async fn begin_rewrite<A: Act>(
    _: &Started<A>,
    db: &Db,
    versions: Vec<i64>,
) -> Result<Vec<Pending>, ArtifactError> {
    db.write(move |tx| {
        let mut made = Vec::with_capacity(versions.len());
        for version in &versions {
            let (artifact, number): (i64, i64) = tx
                .sql()
                .query_row("SELECT artifact, number FROM artifact_version WHERE id = ?1", [version], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?
                .ok_or(ArtifactError::Shifted)?;
            tx.sql().execute(
                "INSERT INTO artifact_pending (artifact, number, owner) VALUES (?1, ?2, ?3)",
                params![artifact, number, owner::own()],
            )?;
            let id = tx.sql().last_insert_rowid();
            made.push(Pending { id, number: u64::try_from(number).unwrap_or(0) });
        }
        Ok::<_, ArtifactError>(made)
    })
    .await
}

/// Lets all new manifests take their places, in one transaction; none if anything changed meanwhile.
pub(crate) async fn swap<A: Act>(
    _: &Started<A>,
    db: &Db,
    swaps: Vec<Swap>,
    chunks: Vec<(Hash, BlobId, u32, u32)>,
) -> Result<(), ArtifactError> {
    db.write(move |tx| {
        for one in &swaps {
            swap_one(tx, one)?;
        }
        for (hash, blob, start, bytes) in &chunks {
            tx.sql()
                .prepare_cached(
                    "INSERT OR IGNORE INTO artifact_chunk
                     SELECT ?1, id, ?3, ?4 FROM artifact_bundle WHERE blob = ?2",
                )?
                .execute(params![hash.as_bytes(), blob.as_bytes(), start, bytes])?;
        }
        Ok::<_, ArtifactError>(())
    })
    .await
}

fn swap_one(tx: &mut WriteTx<'_>, one: &Swap) -> Result<(), ArtifactError> {
    let sql = tx.sql();
    let bundle = |blob: &BlobId| -> Result<i64, ArtifactError> {
        let mut statement =
            sql.prepare_cached("SELECT id FROM artifact_bundle WHERE blob = ?1 AND condemned = 0")?;
        let id = statement.query_row([blob.as_bytes()], |row| row.get(0)).optional()?;
        id.ok_or(ArtifactError::Shifted)
    };
    let sums = serde_json::to_string(&one.sums).map_err(|_| ArtifactError::Corrupt { table: "sums" })?;
    let changed = sql.execute(
        "UPDATE artifact_version SET manifest = ?2, sums = ?4
         WHERE id = ?1 AND manifest = (SELECT id FROM artifact_bundle WHERE blob = ?3)",
        params![one.version, bundle(&one.to)?, one.from.as_bytes(), sums],
    )?;
    if changed != 1 {
        return Err(ArtifactError::Shifted);
    }
    sql.execute("DELETE FROM artifact_use WHERE version = ?1", [one.version])?;
    for blob in one.bundles.iter().chain([&one.to]) {
        let id = bundle(blob)?;
        sql.prepare_cached("INSERT OR IGNORE INTO artifact_use (bundle, version) VALUES (?1, ?2)")?
            .execute([id, one.version])?;
        sql.prepare_cached("UPDATE artifact_bundle SET idle_ms = NULL WHERE id = ?1")?.execute([id])?;
    }
    let known: Vec<([u8; 32], i64, u8, u32)> = sql
        .prepare_cached("SELECT hash, bytes, content, at FROM artifact_region WHERE version = ?1")?
        .query_map([one.version], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    sql.execute("DELETE FROM artifact_region WHERE version = ?1", [one.version])?;
    for (hash, bytes, content, at) in known {
        let Some(at) = one.regions.get(&at) else { continue };
        sql.prepare_cached("INSERT OR IGNORE INTO artifact_region VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![hash, bytes, content, one.version, at])?;
    }
    Ok(())
}

/// The names say what the tables say, or nothing came of it: either way nobody need look again.
pub(crate) async fn end_rewrite<A: Act>(
    _: &Started<A>,
    db: &Db,
    pendings: Vec<Pending>,
    now: Timestamp,
) -> Result<(), ArtifactError> {
    db.write(move |tx| {
        for pending in &pendings {
            tx.sql().execute("DELETE FROM artifact_pending WHERE id = ?1", [pending.id])?;
        }
        mark_idle(tx, now)
    })
    .await
}
