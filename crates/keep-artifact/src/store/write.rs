//! Changes of the tables. Each needs the proof that its act was admitted.

use super::find::{signed, unsigned};
use crate::error::ArtifactError;
use crate::manifest::{Known, Sums};
use crate::name::{Key, Tag};
use keep_blob::BlobId;
use keep_db::{Db, WriteTx};
use keep_gate::{Outcome, Permit, Started};
use keep_ledger::owner;
use keep_tensor::Hash;
use keep_types::{Act, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// A version on its way: what it stores is spared by collections as long as its process lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) id: i64,
    pub(crate) number: u64,
}

/// A version as it goes into the tables.
#[derive(Debug)]
pub(crate) struct NewVersion {
    pub(crate) manifest: BlobId,
    pub(crate) made: Timestamp,
    pub(crate) by: String,
    pub(crate) sums: Sums,
    pub(crate) tags: Vec<Tag>,
    pub(crate) bundles: Vec<BlobId>,
    pub(crate) regions: Vec<(Known, u32)>,
    /// Chunks of bundles that are new: hash, bundle, start, bytes.
    pub(crate) chunks: Vec<(Hash, BlobId, u32, u32)>,
}

/// Makes the intent durable together with the number that the version will have: the one given, or the
/// next. Numbers are never used twice.
pub(crate) async fn begin<A: Act>(
    permit: Permit<A>,
    key: &Key,
    number: Option<u64>,
) -> Result<(Started<A>, Pending), ArtifactError> {
    let (made, inside) = (Arc::new(OnceLock::new()), key.clone());
    let out = Arc::clone(&made);
    let started = permit
        .begin_with(Value::Null, move |tx| {
            let _ = out.set(reserve(tx, &inside, number)?);
            Ok::<_, ArtifactError>(())
        })
        .await?;
    let pending = made.get().copied().ok_or(ArtifactError::Worker)?;
    Ok((started, pending))
}

fn reserve(tx: &mut WriteTx<'_>, key: &Key, number: Option<u64>) -> Result<Pending, ArtifactError> {
    let sql = tx.sql();
    let (namespace, name) = (key.namespace.to_string(), key.name.as_str());
    sql.execute(
        "INSERT OR IGNORE INTO artifact (namespace, name) VALUES (?1, ?2)",
        params![namespace, name],
    )?;
    let (artifact, last): (i64, u64) = sql.query_row(
        "SELECT id, last FROM artifact WHERE namespace = ?1 AND name = ?2",
        params![namespace, name],
        |row| Ok((row.get(0)?, unsigned(row, 1)?)),
    )?;
    let number = number.unwrap_or(last + 1);
    let given = params![artifact, signed(number)];
    let taken = "SELECT EXISTS (SELECT 1 FROM artifact_version WHERE artifact = ?1 AND number = ?2)";
    if sql.query_row(taken, given, |row| row.get(0))? {
        return Err(ArtifactError::Diverged { key: Box::new(key.clone()), number });
    }
    let under_way = "SELECT id, owner FROM artifact_pending WHERE artifact = ?1 AND number = ?2";
    let under_way: Option<(i64, String)> =
        sql.query_row(under_way, given, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match under_way {
        Some((_, by)) if owner::lives(&by) => {
            return Err(ArtifactError::UnderWay { key: Box::new(key.clone()), number });
        }
        // Its process died; what it brought by then is found in the store.
        Some((dead, _)) => {
            sql.execute("DELETE FROM artifact_pending WHERE id = ?1", [dead])?;
        }
        None => {}
    }
    sql.execute("UPDATE artifact SET last = max(last, ?2) WHERE id = ?1", params![artifact, signed(number)])?;
    sql.execute(
        "INSERT INTO artifact_pending (artifact, number, owner) VALUES (?1, ?2, ?3)",
        params![artifact, signed(number), owner::own()],
    )?;
    Ok(Pending { id: sql.last_insert_rowid(), number })
}

/// Keeps a stored bundle from being collected while the put runs; `false` when it is on its way out.
pub(crate) fn hold_known<A: Act>(
    _: &Started<A>,
    db: &Db,
    pending: Pending,
    bundle: BlobId,
) -> Result<bool, ArtifactError> {
    db.write(move |tx| {
        let id: Option<i64> = tx
            .sql()
            .query_row(
                "SELECT id FROM artifact_bundle WHERE blob = ?1 AND condemned = 0",
                [bundle.as_bytes()],
                |row| row.get(0),
            )
            .optional()?;
        let Some(id) = id else { return Ok::<_, ArtifactError>(false) };
        tx.sql().execute(
            "INSERT OR IGNORE INTO artifact_hold (bundle, pending) VALUES (?1, ?2)",
            [id, pending.id],
        )?;
        Ok(true)
    })
    .wait()
}

/// Puts a bundle on record before its bytes are stored, so that whatever happens somebody knows of it.
pub(crate) async fn hold_new<A: Act>(
    _: &Started<A>,
    db: &Db,
    pending: Pending,
    bundle: BlobId,
    bytes: u64,
) -> Result<(), ArtifactError> {
    db.write(move |tx| {
        let sql = tx.sql();
        sql.execute(
            "INSERT OR IGNORE INTO artifact_bundle (blob, bytes) VALUES (?1, ?2)",
            params![bundle.as_bytes(), signed(bytes)],
        )?;
        let (id, condemned): (i64, bool) = sql.query_row(
            "SELECT id, condemned FROM artifact_bundle WHERE blob = ?1",
            [bundle.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if condemned {
            // Bytes that are being deleted may vanish after the store said that it has them.
            return Err(ArtifactError::Collected);
        }
        sql.execute(
            "INSERT OR IGNORE INTO artifact_hold (bundle, pending) VALUES (?1, ?2)",
            [id, pending.id],
        )?;
        Ok(())
    })
    .await
}

/// Records the version and how the act ended, in one transaction.
pub(crate) async fn finish<A: Act>(
    started: Started<A>,
    pending: Pending,
    version: NewVersion,
) -> Result<(), ArtifactError> {
    let done = Outcome::Done(json!({
        "version": pending.number,
        "manifest": version.manifest.to_string(),
        "sums": version.sums,
    }));
    started.finish_with(done, move |tx| record(tx, pending, &version)).await
}

fn record(tx: &mut WriteTx<'_>, pending: Pending, new: &NewVersion) -> Result<(), ArtifactError> {
    let sql = tx.sql();
    let artifact: Option<i64> = sql
        .query_row("SELECT artifact FROM artifact_pending WHERE id = ?1", [pending.id], |row| row.get(0))
        .optional()?;
    let artifact = artifact.ok_or(ArtifactError::Collected)?;
    let held = |blob: &BlobId| -> Result<i64, ArtifactError> {
        let mut statement = sql.prepare_cached(
            "SELECT b.id FROM artifact_bundle b JOIN artifact_hold h ON h.bundle = b.id AND h.pending = ?2
             WHERE b.blob = ?1 AND b.condemned = 0",
        )?;
        let id = statement.query_row(params![blob.as_bytes(), pending.id], |row| row.get(0)).optional()?;
        id.ok_or(ArtifactError::Collected)
    };
    let manifest = held(&new.manifest)?;
    let sums = serde_json::to_string(&new.sums).map_err(|_| ArtifactError::Corrupt { table: "sums" })?;
    sql.execute(
        "INSERT INTO artifact_version (artifact, number, manifest, made_ms, made_by, sums)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![artifact, signed(pending.number), manifest, new.made.ms(), new.by, sums],
    )?;
    let version = sql.last_insert_rowid();
    let mut bundles = std::collections::HashMap::new();
    for blob in new.bundles.iter().chain([&new.manifest]) {
        bundles.insert(*blob, held(blob)?);
    }
    for id in bundles.values() {
        sql.prepare_cached("INSERT INTO artifact_use (bundle, version) VALUES (?1, ?2)")?
            .execute([*id, version])?;
        sql.prepare_cached("UPDATE artifact_bundle SET idle_ms = NULL WHERE id = ?1")?.execute([*id])?;
    }
    for tag in &new.tags {
        sql.execute("INSERT OR IGNORE INTO artifact_tag VALUES (?1, ?2)", params![version, tag.as_str()])?;
    }
    for (what, at) in &new.regions {
        let bytes = signed(what.bytes);
        sql.prepare_cached("INSERT OR IGNORE INTO artifact_region VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![what.hash.as_bytes(), bytes, what.content, version, at])?;
    }
    for (hash, blob, start, bytes) in &new.chunks {
        let Some(bundle) = bundles.get(blob) else { continue };
        sql.prepare_cached("INSERT OR IGNORE INTO artifact_chunk VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![hash.as_bytes(), bundle, start, bytes])?;
    }
    sql.execute("DELETE FROM artifact_pending WHERE id = ?1", [pending.id])?;
    Ok(())
}

/// Records that nothing came of it; what was stored so far waits for the next collection.
pub(crate) async fn abandon<A: Act>(
    started: Started<A>,
    pending: Pending,
    why: String,
    now: Timestamp,
) -> Result<(), ArtifactError> {
    let forget = move |tx: &mut WriteTx<'_>| {
        tx.sql().execute("DELETE FROM artifact_pending WHERE id = ?1", [pending.id])?;
        mark_idle(tx, now)
    };
    started.finish_with(Outcome::Failed(why), forget).await
}

/// Say of each bundle that nothing uses since when that has been so, and of the others that they are used.
pub(super) const MARK_IDLE: [&str; 2] = [
    "UPDATE artifact_bundle SET idle_ms = ?1 WHERE idle_ms IS NULL
     AND NOT EXISTS (SELECT 1 FROM artifact_use u WHERE u.bundle = artifact_bundle.id)
     AND NOT EXISTS (SELECT 1 FROM artifact_hold h WHERE h.bundle = artifact_bundle.id)",
    "UPDATE artifact_bundle SET idle_ms = NULL WHERE ?1 IS NOT NULL AND idle_ms IS NOT NULL
     AND (EXISTS (SELECT 1 FROM artifact_use u WHERE u.bundle = artifact_bundle.id)
       OR EXISTS (SELECT 1 FROM artifact_hold h WHERE h.bundle = artifact_bundle.id))",
];

pub(super) fn mark_idle(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), ArtifactError> {
    for statement in MARK_IDLE {
        tx.sql().execute(statement, [now.ms()])?;
    }
    Ok(())
}

/// Takes versions out of the tables and records the removal with it. Their bytes stay until a collection.
pub(crate) async fn remove_versions<A: Act>(
    started: Started<A>,
    versions: Vec<i64>,
    now: Timestamp,
) -> Result<(), ArtifactError> {
    let done = Outcome::Done(json!({ "versions": versions.len() }));
    started
        .finish_with(done, move |tx| {
            for version in &versions {
                tx.sql().execute("DELETE FROM artifact_version WHERE id = ?1", [version])?;
            }
            mark_idle(tx, now)
        })
        .await
}

/// Adds and takes tags.
pub(crate) async fn tag_version<A: Act>(
    started: Started<A>,
    version: i64,
    tags: Vec<Tag>,
) -> Result<(), ArtifactError> {
    let done = Outcome::Done(json!({ "tags": tags }));
    started
        .finish_with(done, move |tx| {
            tx.sql().execute("DELETE FROM artifact_tag WHERE version = ?1", [version])?;
            for tag in &tags {
                tx.sql()
                    .execute("INSERT INTO artifact_tag VALUES (?1, ?2)", params![version, tag.as_str()])?;
            }
            Ok(())
        })
        .await
}
