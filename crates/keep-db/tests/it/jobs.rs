use crate::place::{Place, insert, rows};
use keep_db::{DbError, GroupState};
use rusqlite::Connection;
use std::sync::mpsc::channel;

/// Holds the writer inside a job until the sender is dropped, so that what follows lands in one group.
fn hold(db: &keep_db::Db) -> std::sync::mpsc::Sender<()> {
    let (release, held) = channel();
    let (entered, inside) = channel();
    drop(db.write(move |_| -> Result<(), DbError> {
        entered.send(()).unwrap();
        let _ = held.recv();
        Ok(())
    }));
    inside.recv().unwrap();
    release
}

#[test]
fn a_failing_job_takes_back_only_its_own_changes() {
    for seed in 0_u64..16 {
        let place = Place::new();
        let db = place.db();
        let release = hold(&db);
        // Every job inserts a row; which ones then fail, or panic, follows from the seed.
        let fate = |n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 13 ^ seed).wrapping_mul(31) % 5;
        let jobs: Vec<_> = (0..100_u64)
            .map(|n| {
                let fate = fate(n);
                db.write(move |tx| -> Result<(), DbError> {
                    tx.sql().execute("INSERT INTO t VALUES ('a', ?1)", [n as i64])?;
                    match fate {
                        0 => Err(DbError::Closed),
                        1 => panic!("on purpose"),
                        2 => tx
                            .sql()
                            .execute("INSERT INTO t VALUES ('b', ?1)", [n as i64])
                            .map(|_| ())
                            .map_err(DbError::from),
                        _ => Ok(()),
                    }
                })
            })
            .collect();
        drop(release);
        let mut kept = Vec::new();
        for (n, job) in jobs.into_iter().enumerate() {
            match (job.wait(), fate(n as u64)) {
                (Ok(()), 3 | 4) => kept.push(n as i64),
                (Err(DbError::Closed), 0) | (Err(DbError::Panicked), 1) | (Err(DbError::Sql(_)), 2) => {}
                (other, fate) => panic!("job {n} with fate {fate} ended as {other:?}"),
            }
        }
        assert_eq!(rows(&db), kept);
    }
}

#[derive(Clone)]
struct Sum(i64);

impl GroupState for Sum {
    fn load(sql: &Connection) -> Result<Self, DbError> {
        Ok(Self(sql.query_row("SELECT coalesce(max(n), 0) FROM t WHERE who = 'sum'", [], |row| row.get(0))?))
    }
    fn flush(&mut self, sql: &Connection) -> Result<(), DbError> {
        sql.execute("DELETE FROM t WHERE who = 'sum'", [])?;
        sql.execute("INSERT INTO t VALUES ('sum', ?1)", [self.0])?;
        Ok(())
    }
}

#[test]
fn group_state_is_put_back_when_a_job_fails_and_written_once() {
    let place = Place::new();
    let db = place.db();
    for _ in 0..2 {
        let release = hold(&db);
        let jobs: Vec<_> = (0..10)
            .map(|n| {
                db.write(move |tx| -> Result<(), DbError> {
                    tx.group::<Sum>()?.0 += 1_000;
                    if n % 2 == 0 { Err(DbError::Closed) } else { Ok(()) }
                })
            })
            .collect();
        drop(release);
        for (n, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.wait().is_ok(), n % 2 == 1);
        }
    }
    assert_eq!(rows(&db), [10_000]);
}

#[test]
fn every_waiting_job_is_answered_before_the_database_closes() {
    let place = Place::new();
    let db = place.db();
    let jobs: Vec<_> = (0..1_000).map(|n| insert(&db, "a", n)).collect();
    db.close();
    assert!(jobs.into_iter().all(|job| job.wait().is_ok()));
    assert_eq!(rows(&place.db()).len(), 1_000);
}

#[test]
fn a_read_sees_one_snapshot_and_a_panicking_one_ends_alone() {
    let place = Place::new();
    let db = place.db();
    let writer = db.clone();
    let count = |tx: &keep_db::ReadTx<'_>| -> Result<i64, DbError> {
        Ok(tx.sql().query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
    };
    let seen = db.read(move |tx| {
        let before = count(tx)?;
        insert(&writer, "a", 1).wait()?;
        Ok::<_, DbError>((before, count(tx)?))
    });
    assert_eq!(seen.wait().unwrap(), (0, 0));
    let panicked = db.read(|_| -> Result<(), DbError> { panic!("on purpose") }).wait();
    assert!(panicked.is_err(), "{panicked:?}");
    assert_eq!(rows(&db), [1]);
}
