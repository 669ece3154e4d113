//! Forward-only migrations: each owner's tables have a version, the number of steps taken.

use crate::backup;
use crate::error::DbError;
use crate::open::DbConfig;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

/// One owner's tables as the list of steps that lead to them. Steps are only ever added at the end.
#[derive(Debug)]
pub struct Schema {
    /// Whose tables.
    pub owner: &'static str,
    /// SQL, one script a version.
    pub steps: &'static [&'static str],
}

/// Brings every owner's tables up to date in one transaction, after a backup of what was there.
pub(crate) fn migrate(sql: &mut Connection, config: &DbConfig, schemas: &[&Schema]) -> Result<(), DbError> {
    if is_current(sql, schemas)? {
        return Ok(());
    }
    let before = versions(sql, schemas)?;
    let worth_keeping = before.iter().any(|version| *version > 0);
    if worth_keeping {
        backup::automatic(sql, config, "before-migration")?;
    }
    let tx = sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS keep_schema (owner TEXT PRIMARY KEY, version INTEGER NOT NULL)
         STRICT, WITHOUT ROWID",
    )?;
    // Another process may have migrated between the look above and this transaction.
    for (schema, version) in schemas.iter().zip(versions(&tx, schemas)?) {
        for (index, step) in schema.steps.iter().enumerate().skip(version) {
            let owner = schema.owner;
            tx.execute_batch(step).map_err(|source| DbError::Migrate {
                owner,
                version: index + 1,
                source,
            })?;
        }
        tx.execute(
            "INSERT INTO keep_schema VALUES (?1, ?2) ON CONFLICT DO UPDATE SET version = excluded.version",
            params![schema.owner, schema.steps.len() as i64],
        )?;
    }
    Ok(tx.commit()?)
}

/// Whether every owner's tables are at the version this program knows.
pub(crate) fn is_current(sql: &Connection, schemas: &[&Schema]) -> Result<bool, DbError> {
    let found = versions(sql, schemas)?;
    Ok(schemas.iter().zip(&found).all(|(schema, version)| schema.steps.len() == *version))
}

/// The version of each owner's tables; newer ones than this program knows are refused.
fn versions(sql: &Connection, schemas: &[&Schema]) -> Result<Vec<usize>, DbError> {
    let exists: bool =
        sql.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'keep_schema')", [], |row| {
            row.get(0)
        })?;
    if !exists {
        return Ok(vec![0; schemas.len()]);
    }
    let mut statement = sql.prepare("SELECT version FROM keep_schema WHERE owner = ?1")?;
    schemas
        .iter()
        .map(|schema| {
            let version: Option<u32> = statement.query_row([schema.owner], |row| row.get(0)).optional()?;
            let found = version.unwrap_or(0) as usize;
            let known = schema.steps.len();
            if found > known {
                return Err(DbError::Newer { owner: schema.owner.into(), found, known });
            }
            Ok(found)
        })
        .collect()
}
