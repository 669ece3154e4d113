//! The vault's tables: what is announced before its file changes, and what is settled after.

use crate::error::VaultError;
use crate::head::{Head, Mark};
use keep_db::WriteTx;
use keep_gate::{Outcome, Permit, Started};
use keep_types::{Act, Duration, Timestamp};
use rusqlite::params;
use serde_json::json;

/// Makes the intent durable together with the version that is about to be written. `settled` is a
/// version that counts though no outcome says so; from here on it is the last one.
pub(crate) async fn announce<A: Act>(
    permit: Permit<A>,
    before: Option<Head>,
    settled: Option<Mark>,
    next: Mark,
) -> Result<Started<A>, VaultError> {
    let mut note = json!({ "vault": { "version": next.version, "digest": next.digest } });
    if let Some(settled) = &settled {
        note["vault"]["settled"] = json!(settled.version);
    }
    permit
        .begin_with(note, move |tx| {
            if crate::head::read(tx.sql())? != before {
                // Only a process that does not take the vault's lock could have done this.
                let what = "it changed under the vault's lock".into();
                return Err(VaultError::Corrupt { table: "vault_head", what });
            }
            if let Some(settled) = &settled {
                write_last(tx, settled)?;
            }
            write_next(tx, &next)
        })
        .await
}

/// Records that the announced version is the one that counts now.
pub(crate) async fn settle<A: Act>(started: Started<A>, mark: Mark) -> Result<(), VaultError> {
    let done = Outcome::Done(json!({ "version": mark.version }));
    started.finish_with(done, move |tx| write_last(tx, &mark)).await
}

/// Records, as an act of its own, that a version counts which no outcome names: the process that wrote
/// it died first, or a person accepted it.
pub(crate) async fn adopt<A: Act>(permit: Permit<A>, mark: Option<Mark>) -> Result<(), VaultError> {
    permit
        .perform(move |tx, _| match &mark {
            Some(mark) => write_last(tx, mark),
            None => Ok(tx.sql().execute("DELETE FROM vault_head", []).map(|_| ())?),
        })
        .await
}

/// Begins an unlocking, and counts it as a wrong try until it turns out right: whoever stops the
/// program before the answer has had its try.
pub(crate) async fn begin_unlock<A: Act>(
    permit: Permit<A>,
    now: Timestamp,
    tries: Tries,
) -> Result<Started<A>, VaultError> {
    permit
        .begin_with(serde_json::Value::Null, move |tx| {
            let since = now.minus(tries.window);
            tx.sql().execute("DELETE FROM vault_try WHERE at_ms < ?1", [since.ms()])?;
            let (count, first): (u32, Option<i64>) =
                tx.sql().query_row("SELECT count(*), min(at_ms) FROM vault_try", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            if count >= tries.most {
                let first = Timestamp::from_ms(first.unwrap_or(now.ms()));
                return Err(VaultError::TooManyTries(first.plus(tries.window)));
            }
            tx.sql().execute("INSERT INTO vault_try VALUES (?1)", [now.ms()])?;
            Ok(())
        })
        .await
}

/// How many wrong passphrases in how long a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    pub(crate) most: u32,
    pub(crate) window: Duration,
}

/// Ends an unlocking whose passphrase was right: earlier wrong tries are forgiven.
pub(crate) async fn end_unlock<A: Act>(started: Started<A>, outcome: Outcome) -> Result<(), VaultError> {
    started
        .finish_with(outcome, |tx| {
            tx.sql().execute("DELETE FROM vault_try", [])?;
            Ok(())
        })
        .await
}

fn write_next(tx: &mut WriteTx<'_>, next: &Mark) -> Result<(), VaultError> {
    let version = i64::try_from(next.version).unwrap_or(i64::MAX);
    tx.sql().execute(
        "INSERT INTO vault_head (one, vault, version, digest, signer, next_vault, next_version, next_digest, next_signer)
         VALUES (1, ?1, 0, zeroblob(32), ?4, ?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET next_vault = ?1, next_version = ?2, next_digest = ?3, next_signer = ?4",
        params![next.vault, version, next.digest.as_bytes(), next.signer],
    )?;
    Ok(())
}

fn write_last(tx: &mut WriteTx<'_>, mark: &Mark) -> Result<(), VaultError> {
    let version = i64::try_from(mark.version).unwrap_or(i64::MAX);
    tx.sql().execute(
        "INSERT INTO vault_head (one, vault, version, digest, signer) VALUES (1, ?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET vault = ?1, version = ?2, digest = ?3, signer = ?4,
             next_vault = NULL, next_version = NULL, next_digest = NULL, next_signer = NULL",
        params![mark.vault, version, mark.digest.as_bytes(), mark.signer],
    )?;
    Ok(())
}
