//! What a collection finds and takes out of the tables.

use super::find::{artifact_namespace, pending, unsigned};
use super::write::MARK_IDLE;
use crate::error::ArtifactError;
use crate::name::Key;
use keep_blob::BlobId;
use keep_db::{Db, WriteTx};
use keep_gate::{Outcome, Permit, Started};
use keep_ledger::owner;
use keep_types::{Act, Timestamp};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// A bundle that may go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Condemned {
    pub(crate) id: i64,
    pub(crate) blob: BlobId,
    pub(crate) bytes: u64,
}

/// A put whose process is gone: the name that it may have written before it could record it.
#[derive(Clone, Debug)]
pub(crate) struct Doomed {
    pub(crate) id: i64,
    pub(crate) key: Key,
    pub(crate) number: u64,
}

/// What a look found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweepable {
    pub(crate) bundles: Vec<Condemned>,
    pub(crate) puts: Vec<Doomed>,
    /// Puts whose process lives.
    pub(crate) in_flight: u64,
    /// Bundles that nothing uses but that are too young.
    pub(crate) young: u64,
}

/// What would go: what nothing uses since before this moment, puts of dead processes counted as over.
pub(crate) fn survey(sql: &Connection, before: Timestamp) -> Result<Sweepable, ArtifactError> {
    let mut found = Sweepable::default();
    for (id, artifact, number, by) in pending(sql)? {
        if owner::lives(&by) {
            found.in_flight += 1;
        } else {
            found.puts.push(Doomed { id, key: artifact_namespace(sql, artifact)?, number });
        }
    }
    let dead: Vec<i64> = found.puts.iter().map(|put| put.id).collect();
    let dead = serde_json::to_string(&dead).unwrap_or_else(|_| "[]".into());
    let mut statement = sql.prepare_cached(
        "SELECT id, blob, bytes, condemned OR coalesce(idle_ms, ?1) <= ?1 FROM artifact_bundle b
         WHERE condemned OR NOT (EXISTS (SELECT 1 FROM artifact_use u WHERE u.bundle = b.id)
             OR EXISTS (SELECT 1 FROM artifact_hold h WHERE h.bundle = b.id
                 AND h.pending NOT IN (SELECT value FROM json_each(?2))))",
    )?;
    let mut rows = statement.query(params![before.ms(), dead])?;
    while let Some(row) = rows.next()? {
        let one =
            Condemned { id: row.get(0)?, blob: BlobId::from_bytes(row.get(1)?), bytes: unsigned(row, 2)? };
        if row.get(3)? { found.bundles.push(one) } else { found.young += 1 }
    }
    Ok(found)
}

/// The first phase, durable with the intent: puts of dead processes are over, and what has been unused
/// since before the moment is condemned, so that nobody takes it up again.
pub(crate) async fn begin_sweep<A: Act>(
    permit: Permit<A>,
    before: Timestamp,
    now: Timestamp,
) -> Result<(Started<A>, Sweepable), ArtifactError> {
    let made = Arc::new(OnceLock::new());
    let out = Arc::clone(&made);
    let started = permit
        .begin_with(Value::Null, move |tx| {
            let _ = out.set(condemn_in(tx, before, now)?);
            Ok::<_, ArtifactError>(())
        })
        .await?;
    let found = made.get().cloned().ok_or(ArtifactError::Worker)?;
    Ok((started, found))
}

fn condemn_in(tx: &mut WriteTx<'_>, before: Timestamp, now: Timestamp) -> Result<Sweepable, ArtifactError> {
    for statement in MARK_IDLE {
        tx.sql().execute(statement, [now.ms()])?;
    }
    let found = survey(tx.sql(), before)?;
    for bundle in &found.bundles {
        tx.sql().execute("UPDATE artifact_bundle SET condemned = 1 WHERE id = ?1", [bundle.id])?;
        tx.sql().execute("DELETE FROM artifact_chunk WHERE bundle = ?1", [bundle.id])?;
    }
    Ok(found)
}

/// Condemns what has become unused since the first phase; what that condemned is found again.
pub(crate) async fn condemn<A: Act>(
    _: &Started<A>,
    db: &Db,
    before: Timestamp,
    now: Timestamp,
) -> Result<Sweepable, ArtifactError> {
    db.write(move |tx| condemn_in(tx, before, now)).await
}

/// The last phase: the rows of what was deleted go, and the outcome is recorded with it.
pub(crate) async fn end_sweep<A: Act>(started: Started<A>, gone: Sweepable) -> Result<(), ArtifactError> {
    let bytes: u64 = gone.bundles.iter().map(|bundle| bundle.bytes).sum();
    let done = Outcome::Done(json!({ "bundles": gone.bundles.len(), "bytes": bytes }));
    started
        .finish_with(done, move |tx| {
            for put in &gone.puts {
                tx.sql().execute("DELETE FROM artifact_pending WHERE id = ?1", [put.id])?;
            }
            for bundle in &gone.bundles {
                tx.sql().execute("DELETE FROM artifact_bundle WHERE id = ?1 AND condemned", [bundle.id])?;
            }
            Ok(())
        })
        .await
}
