//! The ledger inside one process, beside plain SQLite and beside one fsync, all on the same disk.
//! `cargo xtask bench spine` calls it: the first argument is an empty folder, the second the file
//! that the rows go to.

#[path = "../src/bench/row.rs"]
mod row;

use keep_db::{Db, DbConfig};
use keep_ledger::{Ledger, LedgerConfig, Phase, Record, SCHEMA, SystemClock};
use row::{Beside, Better, Row, median};
use rusqlite::{Connection, params};
use serde_json::json;
use std::collections::VecDeque;
use std::error::Error;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, thread};

type Res<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PRODUCERS: usize = 8;
const OUTSTANDING: usize = 64;
const PER_PRODUCER: usize = 40_000;
/// Whole runs; the middle one counts.
const RUNS: usize = 3;
const PLAIN_ONE_BY_ONE: usize = 1_000;
const PLAIN_BATCH: usize = 512;
const PLAIN_BATCHES: usize = 200;
const ALONE: usize = 600;

fn main() -> Res<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, file, ..] = arguments.as_slice() else {
        return Err("usage: spine FOLDER FILE (run it as `cargo xtask bench spine`)".into());
    };
    let plain = folder.join("plain.db");
    let mut rows = Vec::new();

    let (one_by_one, batched) = plain_inserts(&plain)?;
    let (appends, ledger) = durable_appends(folder)?;
    rows.push(
        Row::new("ledger durable appends, 8 producers x 64 outstanding", appends, "/s", Better::Higher)
            .beside(Beside::new("plain SQLite, one a transaction", one_by_one, "/s"))
            .beside(Beside::new("plain SQLite, 512 a transaction", batched, "/s")),
    );
    rows.extend(alone(&ledger, folder)?);
    rows.push(verify(&ledger, &plain)?);
    ledger.close()?;

    fs::write(file, serde_json::to_vec(&rows)?)?;
    Ok(())
}

fn open(folder: &Path) -> Res<Ledger> {
    let config = DbConfig {
        path: folder.join("data/keep.db"),
        backups: folder.join("data/backups"),
        keep_backups: 1,
        lock_wait: Duration::from_secs(10),
        readers: 2,
    };
    let (keys, state) = (folder.join("config"), folder.join("state"));
    fs::create_dir_all(&keys)?;
    fs::create_dir_all(&state)?;
    let db = Db::open(&config, &[&SCHEMA])?;
    Ok(Ledger::open(db, LedgerConfig::in_folders(&keys, &state, Arc::new(SystemClock)))?)
}

fn record() -> Res<Record> {
    Ok(Record {
        principal: "user:bench".parse()?,
        namespace: "project:bench".parse()?,
        action: "bench.append".parse()?,
        phase: Phase::Done,
        refers_to: None,
        detail: json!({"path": "src/main.rs", "bytes": 1234, "note": "a detail of ordinary length"}),
        exact: None,
    })
}

/// Appends per second, each acknowledged after its commit; and the last run's ledger.
fn durable_appends(folder: &Path) -> Res<(f64, Ledger)> {
    let mut rates = Vec::new();
    let mut last = None;
    for run in 0..RUNS {
        let ledger = open(&folder.join(format!("ledger-{run}")))?;
        let start = Instant::now();
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|_| {
                let ledger = ledger.clone();
                thread::spawn(move || produce(&ledger))
            })
            .collect();
        for producer in producers {
            producer.join().map_err(|_| "a producer panicked")??;
        }
        rates.push((PRODUCERS * PER_PRODUCER) as f64 / start.elapsed().as_secs_f64());
        last = Some(ledger);
    }
    Ok((median(&mut rates), last.ok_or("no run")?))
}

fn produce(ledger: &Ledger) -> Res<()> {
    let record = record()?;
    let mut outstanding = VecDeque::with_capacity(OUTSTANDING);
    for _ in 0..PER_PRODUCER {
        if outstanding.len() == OUTSTANDING
            && let Some(oldest) = outstanding.pop_front()
        {
            keep_db::Pending::wait(oldest)?;
        }
        outstanding.push_back(ledger.append(record.clone()));
    }
    for rest in outstanding {
        rest.wait()?;
    }
    Ok(())
}

/// One caller that waits for each append, in turns with a bare 4 KiB write and fdatasync.
fn alone(ledger: &Ledger, folder: &Path) -> Res<[Row; 2]> {
    const PAGE: [u8; 4096] = [7; 4096];
    const PAGES: u64 = 1024;
    let file = File::create(folder.join("fsync"))?;
    for page in 0..PAGES {
        file.write_all_at(&PAGE, page * 4096)?;
    }
    file.sync_all()?;

    let record = record()?;
    let (mut appends, mut syncs) = (Vec::new(), Vec::new());
    for turn in 0..ALONE {
        let start = Instant::now();
        ledger.append(record.clone()).wait()?;
        appends.push(start.elapsed().as_secs_f64() * 1e3);

        let start = Instant::now();
        file.write_all_at(&PAGE, (turn as u64 % PAGES) * 4096)?;
        rustix::fs::fdatasync(&file)?;
        syncs.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (append, sync) = (median(&mut appends), median(&mut syncs));
    let beside = || Beside::new("one 4 KiB pwrite and fdatasync p50", sync, "ms");
    Ok([
        Row::new("ledger one caller append p50 over one fsync", append / sync, "x", Better::Lower)
            .beside(beside()),
        Row::new("ledger one caller append p50", append, "ms", Better::Lower).beside(beside()),
    ])
}

fn verify(ledger: &Ledger, plain: &Path) -> Res<Row> {
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let mut records = 0;
        let start = Instant::now();
        ledger.verify(&mut |_, total| records = total)?;
        rates.push(records as f64 / start.elapsed().as_secs_f64());
    }
    let row = Row::new("ledger verify", median(&mut rates), "records/s", Better::Higher);
    Ok(row.beside(Beside::new("plain SQLite, reading the same rows", plain_scan(plain)?, "records/s")))
}

const PLAIN: &str = "\
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE log(seq INTEGER PRIMARY KEY, at INTEGER, principal TEXT, namespace TEXT, action TEXT, phase TEXT, detail TEXT);";

/// Inserts of the same payload per second: one a transaction, and many a transaction.
fn plain_inserts(path: &Path) -> Res<(f64, f64)> {
    let mut sql = Connection::open(path)?;
    sql.execute_batch(PLAIN)?;
    let record = record()?;
    let detail = record.detail.to_string();
    let mut insert = |rows: usize, at: usize| -> Res<()> {
        let tx = sql.transaction()?;
        {
            let mut statement = tx.prepare_cached(
                "INSERT INTO log(at, principal, namespace, action, phase, detail) VALUES (?,?,?,?,?,?)",
            )?;
            for _ in 0..rows {
                let row = params![
                    at as i64,
                    record.principal.to_string(),
                    record.namespace.to_string(),
                    record.action.as_str(),
                    record.phase.as_str(),
                    detail
                ];
                statement.execute(row)?;
            }
        }
        Ok(tx.commit()?)
    };
    let start = Instant::now();
    for at in 0..PLAIN_ONE_BY_ONE {
        insert(1, at)?;
    }
    let one_by_one = PLAIN_ONE_BY_ONE as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    for at in 0..PLAIN_BATCHES {
        insert(PLAIN_BATCH, at)?;
    }
    let batched = (PLAIN_BATCHES * PLAIN_BATCH) as f64 / start.elapsed().as_secs_f64();
    Ok((one_by_one, batched))
}

/// Rows read per second, every column of every row.
fn plain_scan(path: &Path) -> Res<f64> {
    let sql = Connection::open(path)?;
    let mut statement = sql.prepare("SELECT * FROM log ORDER BY seq")?;
    let (mut count, mut bytes) = (0_u64, 0_usize);
    let start = Instant::now();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 2..7 {
            bytes += row.get_ref(column)?.as_str()?.len();
        }
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    assert!(bytes > 0, "the scan read something");
    Ok(rate)
}
