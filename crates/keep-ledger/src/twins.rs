//! The twins of the probes: each breaks a scratch installation in exactly one promise.

use crate::append::{Draft, Salts, insert};
use crate::checkpoint;
use crate::clock::SystemClock;
use crate::error::LedgerError;
use crate::keys::random;
use crate::ledger::{HOUSE, Ledger, LedgerConfig};
use crate::merkle::{Frontier, Hash};
use crate::note::Head;
use crate::owner::Owner;
use crate::probes::{checkpoint_file, database};
use crate::record::Phase;
use crate::schema::SCHEMA;
use crate::wait::block_on;
use ed25519_dalek::SigningKey;
use keep_db::{Db, DbConfig, replace_file};
use keep_types::{Installation, chain};
use rusqlite::Connection;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub(crate) fn db_config(at: &Installation) -> DbConfig {
    DbConfig {
        path: database(at),
        backups: at.data.join("backups"),
        keep_backups: 1,
        lock_wait: Duration::from_secs(5),
        readers: 1,
    }
}

fn words(error: impl std::error::Error) -> String {
    chain(&error).join(": ")
}

fn change(at: &Installation, sql: &str) -> Result<(), String> {
    let raw = Connection::open(database(at)).map_err(words)?;
    raw.busy_timeout(Duration::from_secs(5)).map_err(words)?;
    let changed = raw.execute(sql, []).map_err(words)?;
    if changed == 1 { Ok(()) } else { Err("the scratch ledger has no record to break".into()) }
}

pub(crate) fn edit_a_record(at: &Installation) -> Result<(), String> {
    change(
        at,
        "UPDATE ledger_record SET action = 'probe.forged'
         WHERE seq = (SELECT max(seq) FROM ledger_record)",
    )
}

pub(crate) fn edit_a_detail(at: &Installation) -> Result<(), String> {
    change(
        at,
        "UPDATE ledger_detail SET detail = '{\"forged\":true}' WHERE seq = (
             SELECT max(d.seq) FROM ledger_detail d JOIN ledger_record r ON r.seq = d.seq
             WHERE r.action NOT LIKE 'ledger.%')",
    )
}

/// Cuts off the last record that the checkpoint covers and what came after, and makes the database
/// agree with itself.
pub(crate) fn roll_back(at: &Installation) -> Result<(), String> {
    let stored = checkpoint::read(&checkpoint_file(at)).map_err(words)?;
    let size = stored.head().map_or(0, |head| head.head.size);
    let left = size.checked_sub(1).ok_or("the scratch checkpoint covers nothing")?;
    let raw = Connection::open(database(at)).map_err(words)?;
    let cut = |raw: &Connection| -> Result<(), LedgerError> {
        for (table, column) in [
            ("ledger_record", "seq"),
            ("ledger_detail", "seq"),
            ("ledger_open_intent", "seq"),
            ("ledger_key", "seq"),
        ] {
            raw.execute(&format!("DELETE FROM {table} WHERE {column} >= ?1"), [left as i64])?;
        }
        raw.execute("DELETE FROM ledger_head WHERE size > ?1", [left as i64])?;
        raw.execute("DELETE FROM ledger_tree WHERE (place + 1) << level > ?1", [left as i64])?;
        let mut frontier = Frontier::default();
        let mut statement = raw.prepare("SELECT leaf FROM ledger_record ORDER BY seq")?;
        for leaf in statement.query_map([], |row| row.get::<_, Vec<u8>>(0))? {
            frontier.push(Hash::try_from(leaf?).unwrap_or_default(), |_, _, _| {});
        }
        raw.execute(
            "UPDATE ledger_state SET size = ?1, peaks = ?2, head_size = min(head_size, ?1)",
            (frontier.size() as i64, frontier.peaks().concat()),
        )?;
        Ok(())
    };
    cut(&raw).map_err(words)
}

pub(crate) fn sign_with_fresh_key(at: &Installation) -> Result<(), String> {
    let path = checkpoint_file(at);
    let stored = checkpoint::read(&path).map_err(words)?;
    let head: &Head = &stored.head().ok_or("the scratch installation has no checkpoint")?.head;
    let fresh = SigningKey::from_bytes(&random().map_err(words)?);
    replace_file(&path, head.sign(&fresh).as_bytes()).map_err(words)
}

/// Appends an intent rightly, but of a process that never was.
pub(crate) fn leave_a_dead_intent(at: &Installation) -> Result<(), String> {
    static NOBODY: LazyLock<Owner> =
        LazyLock::new(|| Owner { boot: Owner::own().boot.clone(), pid: u32::MAX, started_ticks: 1 });
    let db = Db::open(&db_config(at), &[&SCHEMA]).map_err(words)?;
    let written = block_on(db.write(|tx| {
        let draft = Draft {
            principal: HOUSE.to_owned(),
            namespace: "global".to_owned(),
            action: "probe.intent".to_owned(),
            phase: Phase::Intent,
            refers_to: None,
            detail: None,
            exact: None,
            owner: &NOBODY,
        };
        insert(tx, &draft, &SystemClock, &Salts::new())
    }));
    written.map(|_: crate::Seq| ()).map_err(words)
}

/// Anchors, and then rewrites a record with everything that a program running as the user has: the
/// database, the checkpoint and the key.
pub(crate) fn rewrite_with_the_key(at: &Installation) -> Result<(), String> {
    let open = || -> Result<Ledger, LedgerError> {
        let db = Db::open(&db_config(at), &[&SCHEMA])?;
        let clock = Arc::new(SystemClock);
        Ledger::open(db, LedgerConfig::in_folders(&at.config, &at.state, clock))
    };
    let ledger = open().map_err(words)?;
    ledger.anchor_to_file(&at.state.join("anchored-elsewhere")).map_err(words)?;
    ledger.close().map_err(words)?;
    drop(ledger);
    edit_a_record(at)?;
    let ledger = open().map_err(words)?;
    let by = HOUSE.parse().map_err(words)?;
    ledger.accept_now(&by, "rewritten").and_then(|()| ledger.close()).map_err(words)
}
