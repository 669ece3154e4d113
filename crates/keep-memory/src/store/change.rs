//! Changes of memories that are there, and of the links between them.

use super::find::by_seq;
use super::reindex::standing;
use super::row::Stored;
use super::write::{add, file_under, json, ms, put_version};
use crate::acts::Deed;
use crate::change::{Changing, Superseding};
use crate::dupes::{Consolidating, Merging};
use crate::error::MemoryError;
use crate::index;
use crate::links::{Linking, Unlinking};
use crate::model::Memory;
use crate::take_in::LinkingAll;
use crate::tally::Recalls;
use keep_db::{Db, WriteTx};
use keep_gate::{Permit, Started};
use rusqlite::{Connection, params};

type Sql<T> = Result<T, MemoryError>;

/// Changes one memory, where it is still as it was looked at.
pub(crate) async fn change(permit: Permit<Deed<Changing>>) -> Sql<()> {
    permit.perform(|tx, deed| rewrite(tx, &deed.what)).await
}

fn rewrite(tx: &mut WriteTx<'_>, what: &Changing) -> Sql<()> {
    let (sql, old, new) = (tx.sql(), &what.stored.memory, &what.new);
    check_unmoved(sql, &what.stored)?;
    if new.version > old.version {
        put_version(sql, what.stored.seq, old)?;
    }
    sql.prepare_cached(
        "UPDATE memory SET version = ?2, kind = ?3, title = ?4, text = ?5, tags = ?6, importance = ?7,
            confidence = ?8, trust = ?9, edited_by = ?10, valid_from_ms = ?11, valid_to_ms = ?12,
            edited_ms = ?13, retired_ms = ?14, expires_ms = ?15, pinned = ?16, quarantine = ?17, flag = ?18
         WHERE seq = ?1",
    )?
    .execute(params![
        what.stored.seq,
        new.version,
        new.kind.as_str(),
        new.title,
        new.text,
        json(&new.tags)?,
        new.importance.get(),
        new.confidence.get(),
        new.trust.as_str(),
        new.edited_by.as_ref().map(ToString::to_string),
        ms(new.valid.from),
        ms(new.valid.to),
        new.edited_at.ms(),
        ms(new.retired_at),
        ms(new.expires_at),
        new.pinned,
        new.quarantine,
        new.flag,
    ])?;
    let (space, place) = (what.stored.space, what.stored.place);
    match &what.words {
        Some((before, after)) => index::replace(sql, space, place, before, after)?,
        None => index::restand(sql, space, place, &standing(new))?,
    }
    if new.tags != old.tags {
        let mut remove =
            sql.prepare_cached("DELETE FROM memory_tag WHERE space = ?1 AND tag = ?2 AND place = ?3")?;
        for tag in &old.tags {
            remove.execute(params![what.stored.space.0, tag, what.stored.place])?;
        }
        file_under(sql, what.stored.space, what.stored.place, &new.tags)?;
    }
    Ok(())
}

/// Whether a memory is as it was when the act was worked out; how often it was recalled does not count.
fn check_unmoved(sql: &Connection, looked: &Stored) -> Sql<()> {
    let uncounted = |memory: &Memory| Memory { recalls: 0, recalled_at: None, ..memory.clone() };
    let moved = || MemoryError::Moved(looked.memory.id);
    let now = by_seq(sql, looked.seq, &looked.memory.namespace)?.ok_or_else(moved)?;
    if uncounted(&now.memory) == uncounted(&looked.memory) { Ok(()) } else { Err(moved()) }
}

/// Writes a memory in another's place, in one transaction.
pub(crate) async fn supersede(permit: Permit<Deed<Superseding>>) -> Sql<()> {
    permit
        .perform(|tx, deed| {
            rewrite(tx, &deed.what.old)?;
            let new = add(tx, &deed.what.new)?;
            let (by, at) = match deed.what.new.fresh.first() {
                Some(fresh) => (fresh.memory.written_by.to_string(), fresh.memory.recorded_at),
                None => return Ok(()),
            };
            tx.sql()
                .prepare_cached(
                    "INSERT INTO memory_link (source, kind, target, strength, made_ms, made_by)
                     VALUES (?1, ?2, ?3, 1.0, ?4, ?5)",
                )?
                .execute(params![new, deed.what.link.as_str(), deed.what.old.stored.seq, at.ms(), by])?;
            Ok(())
        })
        .await
}

/// Makes a link, or makes one that is there anew.
pub(crate) async fn link(permit: Permit<Deed<Linking>>) -> Sql<()> {
    permit.perform(|tx, deed| add_link(tx.sql(), &deed.what)).await
}

fn add_link(sql: &Connection, what: &Linking) -> Sql<()> {
    let link = &what.link;
    let put = sql
        .prepare_cached(
            "INSERT INTO memory_link (source, kind, target, strength, reason, made_ms, made_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET strength = excluded.strength, reason = excluded.reason,
                made_ms = excluded.made_ms, made_by = excluded.made_by",
        )?
        .execute(params![
            what.from,
            link.kind.as_str(),
            what.to,
            link.strength.get(),
            link.reason,
            link.made_at.ms(),
            link.made_by.to_string(),
        ]);
    put.map_err(|error| match error.sqlite_error_code() {
        // One of the two was forgotten meanwhile.
        Some(rusqlite::ErrorCode::ConstraintViolation) => MemoryError::Moved(link.from),
        _ => error.into(),
    })?;
    let count: i64 = sql
        .prepare_cached("SELECT count(*) FROM memory_link WHERE source = ?1")?
        .query_row([what.from], |row| row.get(0))?;
    let (count, limit) = (count.cast_unsigned(), what.most as u64);
    match count > limit {
        true => Err(MemoryError::TooMany { what: "links of one memory", count, limit }),
        false => Ok(()),
    }
}

/// Makes the links of what was imported.
pub(crate) async fn link_all(permit: Permit<Deed<LinkingAll>>) -> Sql<()> {
    permit
        .perform(|tx, deed| {
            deed.what.links.iter().try_for_each(|one| add_link(tx.sql(), one))?;
            let mut descend = tx
                .sql()
                .prepare_cached("INSERT OR IGNORE INTO memory_parent (child, parent) VALUES (?1, ?2)")?;
            deed.what.parents.iter().try_for_each(|family| descend.execute(*family).map(drop))?;
            Ok(())
        })
        .await
}

/// Carries out a plan about memories that say the same.
pub(crate) async fn consolidate(permit: Permit<Deed<Consolidating>>) -> Sql<()> {
    permit.perform(|tx, deed| merge(tx, &deed.what.steps)).await
}

/// Carries out a plan with many steps, so many in one transaction.
pub(crate) async fn consolidate_many(
    started: &Started<Deed<Consolidating>>,
    db: &Db,
    at_once: usize,
) -> Sql<()> {
    for steps in started.act().what.steps.chunks(at_once) {
        let steps = steps.to_vec();
        db.write(move |tx| merge(tx, &steps)).await?;
    }
    Ok(())
}

fn merge(tx: &mut WriteTx<'_>, steps: &[Merging]) -> Sql<()> {
    for step in steps {
        if let Some(retired) = &step.retired {
            rewrite(tx, retired)?;
        }
        add_link(tx.sql(), &step.link)?;
    }
    Ok(())
}

/// Puts an act on record that changes nothing here.
pub(crate) async fn record(permit: Permit<Deed<()>>) -> Sql<()> {
    permit.perform(|_, _| Ok(())).await
}

/// Takes a link away.
pub(crate) async fn unlink(permit: Permit<Deed<Unlinking>>) -> Sql<()> {
    permit
        .perform(|tx, deed| {
            let what = &deed.what;
            let gone = tx
                .sql()
                .prepare_cached("DELETE FROM memory_link WHERE source = ?1 AND kind = ?2 AND target = ?3")?
                .execute(params![what.from, what.kind.as_str(), what.to])?;
            match gone {
                0 => Err(MemoryError::NoSuchLink { from: what.ids.0, kind: what.kind, to: what.ids.1 }),
                _ => Ok(()),
            }
        })
        .await
}

/// Counts recalls of memories that are still there.
pub(crate) fn count_recalls<A: keep_types::Act>(
    _: &Permit<A>,
    db: &keep_db::Db,
    recalls: Vec<Recalls>,
) -> keep_db::Pending<(), MemoryError> {
    db.write(move |tx| {
        let mut count = tx.sql().prepare_cached(
            "INSERT INTO memory_use (memory, recalls, recalled_ms)
             SELECT seq, ?2, ?3 FROM memory WHERE seq = ?1
             ON CONFLICT DO UPDATE SET recalls = recalls + excluded.recalls, recalled_ms = excluded.recalled_ms",
        )?;
        for Recalls { seq, count: times, last } in recalls {
            count.execute(params![seq, times, last.ms()])?;
        }
        Ok::<_, MemoryError>(())
    })
}
