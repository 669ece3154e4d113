//! Computing the tree anew over records that were changed, once somebody accepted them as they are.

use crate::append::INSERT_RECORD;
use crate::error::LedgerError;
use crate::keys::LOST;
use crate::ledger::HOUSE;
use crate::merkle::Hash;
use crate::ranges::Ranges;
use crate::record::{Committed, NO_DETAIL, detail_digest};
use crate::rows::{COLUMNS, committed};
use crate::state::TreeState;
use keep_db::GroupState;
use keep_types::Clock;
use rusqlite::{Connection, params};

/// Makes leaves, tree, state and lists follow from the records that are there. Answers the new state
/// and the records whose details are gone; `None` when there is no record at all.
pub(crate) fn rebuild(
    sql: &Connection,
    clock: &dyn Clock,
) -> Result<(Option<TreeState>, Ranges), LedgerError> {
    let Some(old) = TreeState::read(sql)? else {
        return Ok((None, Ranges::default()));
    };
    let mut state = TreeState::begun(&old.origin, old.key);
    state.epoch = old.epoch;
    sql.execute_batch(
        "DELETE FROM ledger_record WHERE seq < 0;
         DELETE FROM ledger_tree;
         DELETE FROM ledger_head;
         DELETE FROM ledger_detail WHERE seq NOT IN (SELECT seq FROM ledger_record);",
    )?;
    fill_gaps(sql, &state, clock)?;
    let gone = drop_false_details(sql)?;
    let mut read = sql.prepare(&format!("SELECT {COLUMNS} FROM ledger_record ORDER BY seq"))?;
    let mut write = sql.prepare("UPDATE ledger_record SET leaf = ?2, log = ?3 WHERE seq = ?1")?;
    let mut rows = read.query([])?;
    let mut buffer = Vec::new();
    let mut changed: Vec<(u64, Hash)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (mut record, stored) = committed(row)?;
        let own_log = record.log == state.log;
        record.log = state.log;
        let leaf = record.leaf(&mut buffer);
        if !own_log || leaf[..] != *stored {
            changed.push((record.seq, leaf));
        }
        state.push(leaf);
    }
    drop(rows);
    for (seq, leaf) in changed {
        write.execute((seq as i64, &leaf[..], state.log as i64))?;
    }
    sql.execute_batch(
        "DELETE FROM ledger_open_intent;
         INSERT INTO ledger_open_intent (seq)
             SELECT seq FROM ledger_record WHERE phase = 'intent'
                AND seq NOT IN (SELECT refers_to FROM ledger_record
                    WHERE phase IN ('outcome', 'outcome-failed', 'abandoned') AND refers_to NOT NULL);",
    )?;
    sql.execute("DELETE FROM ledger_key WHERE seq >= ?1", [state.frontier.size() as i64])?;
    let key = sql.query_row("SELECT public FROM ledger_key ORDER BY seq DESC LIMIT 1", [], |row| {
        row.get::<_, Vec<u8>>(0)
    });
    state.key = key.ok().and_then(|key| key.try_into().ok()).unwrap_or(old.key);
    state.flush(sql)?;
    Ok((Some(state), gone))
}

/// Puts a record that says so where one is gone.
fn fill_gaps(sql: &Connection, state: &TreeState, clock: &dyn Clock) -> Result<(), LedgerError> {
    let present: Vec<i64> = sql
        .prepare("SELECT seq FROM ledger_record ORDER BY seq")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut expected = 0;
    for seq in present {
        for gap in expected..seq {
            let lost = Committed {
                log: state.log,
                seq: gap as u64,
                utc_ms: clock.now().ms(),
                monotonic_ns: clock.monotonic_ns(),
                boot: &crate::owner::Owner::own().boot,
                pid: 0,
                started_ticks: 0,
                principal: HOUSE.as_bytes(),
                namespace: b"global",
                action: LOST.as_bytes(),
                phase: b"note",
                refers_to: None,
                detail: &NO_DETAIL,
                exact: None,
            };
            sql.prepare_cached(INSERT_RECORD)?.execute(params![
                gap,
                lost.log as i64,
                lost.utc_ms,
                lost.monotonic_ns as i64,
                lost.boot,
                0,
                0,
                HOUSE,
                "global",
                LOST,
                "note",
                None::<i64>,
                lost.detail,
                None::<Vec<u8>>,
                &[0u8; 32][..],
            ])?;
            sql.prepare_cached("DELETE FROM ledger_detail WHERE seq = ?1")?.execute([gap])?;
        }
        expected = seq + 1;
    }
    Ok(())
}

/// Removes details that are not those their records commit to, and names all that are gone.
fn drop_false_details(sql: &Connection) -> Result<Ranges, LedgerError> {
    let mut read = sql.prepare(
        "SELECT r.seq, r.digest, d.salt, d.detail FROM ledger_record r
         LEFT JOIN ledger_detail d ON d.seq = r.seq ORDER BY r.seq",
    )?;
    let mut rows = read.query([])?;
    let (mut gone, mut wrong) = (Ranges::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let digest: Vec<u8> = row.get(1)?;
        let (salt, detail): (Option<Vec<u8>>, Option<String>) = (row.get(2)?, row.get(3)?);
        let fits = match (&salt, &detail) {
            (Some(salt), Some(detail)) => detail_digest(salt, detail.as_bytes())[..] == digest[..],
            _ => false,
        };
        if !fits && detail.is_some() {
            wrong.push(seq);
        }
        if !fits && digest[..] != NO_DETAIL {
            gone.add(seq as u64);
        }
    }
    drop(rows);
    for seq in wrong {
        sql.execute("DELETE FROM ledger_detail WHERE seq = ?1", [seq])?;
    }
    Ok(gone)
}
