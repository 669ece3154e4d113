//! The rows of `bench memory`: how fast memories are taken in and found, and what they take of memory.

use crate::Res;
use crate::invent::{self, Invented};
use crate::row::{Beside, Better, Row};
use keep_db::{Db, DbConfig, DbError};
use keep_embed::Table;
use keep_memory::SCHEMA;
use keep_memory::index::{self, Cache, Filters, IndexError, Keep, Place, Prepared, Query, SpaceId};
use keep_memory::rank::{Question, Weights};
use keep_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Memories in one transaction: it stays well below the time that one may take.
const BATCH: usize = 256;
/// Memories that are invented together.
const ROUND: usize = 8_192;
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// Up to a hundred thousand memories, all are in reach of whoever asks: a session, its project and what is
/// global. A million are mixed, and about half are in reach.
fn others(count: usize) -> usize {
    if count > SIZES[1] { 400 } else { 1 }
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What a process of its own found out about one database.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recalled {
    all_p50: f64,
    all_p99: f64,
    reach_p50: f64,
    reach_p99: f64,
    resident: f64,
    first: f64,
    cold: f64,
}

/// Measures everything in a folder.
pub(crate) fn bench(folder: &Path) -> Res<Vec<Row>> {
    let most =
        std::env::var("KEEP_BENCH_MEMORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(SIZES[2]);
    let mut rows = Vec::new();
    let mut recalled = Vec::new();
    let mut inserted = Vec::new();
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        let folder = folder.join(size.to_string());
        let filled = fill(&folder, size)?;
        let output = Command::new(std::env::current_exe()?)
            .arg("recall")
            .arg(&folder)
            .arg(size.to_string())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let found: Recalled = serde_json::from_slice(&output.stdout)?;
        eprintln!("{size}: {:.0}/s, scattered {:.0}/s, {found:?}", filled.bulk, filled.scattered);
        recalled.push(found);
        inserted.push(filled);
    }
    let names = ["10k", "100k", "1M"];
    for (name, found) in names.iter().zip(&recalled) {
        let row = |what: &str, value: f64| {
            Row::new(&format!("recall {what} at {name}"), value, "ms", Better::Lower)
        };
        let mut p50 =
            row("p50", found.reach_p50).beside(Beside::new("nothing kept in memory", found.cold, "ms"));
        let mut p99 = row("p99", found.reach_p99);
        if *name == "1M" {
            p50 = p50.beside(Beside::new("all 403 namespaces in reach", found.all_p50, "ms"));
            p99 = p99.beside(Beside::new("all 403 namespaces in reach", found.all_p99, "ms"));
        }
        rows.extend([p50, p99]);
    }
    if let Some(last) = inserted.last() {
        let few = "a few at a time in each of 403 namespaces";
        rows.push(
            Row::new("bulk insert with embedding", last.bulk, "/s", Better::Higher).beside(Beside::new(
                few,
                last.scattered,
                "/s",
            )),
        );
    }
    for ((before, after), name) in
        recalled.iter().zip(recalled.iter().skip(1)).zip(["10k to 100k", "100k to 1M"])
    {
        let growth = after.reach_p50 / before.reach_p50;
        rows.push(Row::new(&format!("recall p50 growth, {name}"), growth, "x", Better::Lower));
    }
    if let [_, _, last] = recalled.as_slice() {
        rows.push(
            Row::new("resident bytes per memory at 1M", last.resident, "B", Better::Lower)
                .beside(Beside::new("first recall, which loads them", last.first, "ms")),
        );
    }
    Ok(rows)
}

fn open(folder: &Path) -> Res<Db> {
    let config = DbConfig {
        path: folder.join("keep.db"),
        backups: folder.join("backups"),
        keep_backups: 1,
        lock_wait: Duration::from_secs(10),
        readers: 2,
    };
    Ok(Db::open(&config, &[&SCHEMA])?)
}

/// How many memories a second are taken in.
pub(crate) struct Inserted {
    /// One namespace after another, as an import does.
    pub(crate) bulk: f64,
    /// Afterwards, so many as are written together a few at a time in every namespace.
    pub(crate) scattered: f64,
}

/// Writes memories, those of each space in their order, and measures how fast.
pub(crate) fn fill(folder: &Path, count: usize) -> Res<Inserted> {
    let db = open(folder)?;
    let table = Table::built_in()?;
    let mut next: BTreeMap<SpaceId, Place> = BTreeMap::new();
    let mut numbers: BTreeMap<SpaceId, Vec<usize>> = BTreeMap::new();
    for n in 0..count {
        numbers.entry(invent::memory(n, others(count)).space).or_default().push(n);
    }
    let invented = |ns: &[usize]| -> BTreeMap<SpaceId, Vec<Invented>> {
        let mut by_space: BTreeMap<SpaceId, Vec<Invented>> = BTreeMap::new();
        for n in ns {
            let memory = invent::memory(*n, others(count));
            by_space.entry(memory.space).or_default().push(memory);
        }
        by_space
    };
    let mut spent = Duration::ZERO;
    for ns in numbers.values().flat_map(|ns| ns.chunks(ROUND)) {
        let memories = invented(ns);
        let start = Instant::now();
        write_round(&db, &table, &memories, &mut next)?;
        spent += start.elapsed();
    }
    let more = invented(&(count..count + ROUND).collect::<Vec<_>>());
    let start = Instant::now();
    write_round(&db, &table, &more, &mut next)?;
    let scattered = ROUND as f64 / start.elapsed().as_secs_f64();
    db.close();
    Ok(Inserted { bulk: count as f64 / spent.as_secs_f64(), scattered })
}

/// Prepares on this thread while the writer writes.
fn write_round(
    db: &Db,
    table: &Table,
    by_space: &BTreeMap<SpaceId, Vec<Invented>>,
    next: &mut BTreeMap<SpaceId, Place>,
) -> Res<()> {
    let (sender, pending) = mpsc::sync_channel(64);
    std::thread::scope(|scope| -> Res<()> {
        let waiter = scope.spawn(move || -> Result<(), Failed> {
            pending.into_iter().try_for_each(|pending: keep_db::Pending<(), Failed>| pending.wait())
        });
        for (space, memories) in by_space {
            for batch in memories.chunks(BATCH) {
                let entries: Vec<Prepared> = batch
                    .iter()
                    .map(|memory| Prepared::of(table, &memory.entry()))
                    .collect::<Result<_, _>>()?;
                let (space, place) = (*space, next.entry(*space).or_default());
                let first = *place;
                *place += entries.len() as Place;
                sender.send(db.write(move |tx| Ok(index::add(tx.sql(), space, first, &entries)?)))?;
            }
        }
        drop(sender);
        Ok(waiter.join().map_err(|_| "the waiting thread panicked")??)
    })
}

/// Measures recalls in a process that did nothing else.
pub(crate) fn recall(folder: &Path, count: usize) -> Res<Recalled> {
    let db = open(folder)?;
    let all: Vec<SpaceId> = (0..count.min(50_000))
        .map(|n| invent::memory(n, others(count)).space)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let asker = Asker { db, table: Arc::new(Table::built_in()?), count };
    asker.ask(&Arc::new(Cache::new(Keep::UpTo(4 << 30))), 0, &[SpaceId(999)])?;
    let before = resident_bytes()?;
    let cache = Arc::new(Cache::new(Keep::UpTo(4 << 30)));
    let first = asker.ask(&cache, 0, &all)?;
    let several = |cache: &dyn Fn() -> Arc<Cache>,
                   times: usize,
                   spaces: &dyn Fn(usize) -> Vec<SpaceId>|
     -> Res<Vec<f64>> {
        let mut took = Vec::new();
        for n in 0..times {
            took.push(asker.ask(&cache(), n, &spaces(n))?);
        }
        took.sort_unstable_by(f64::total_cmp);
        Ok(took)
    };
    let kept = || Arc::clone(&cache);
    several(&kept, 20, &|_| all.clone())?;
    let whole = several(&kept, 400, &|_| all.clone())?;
    let resident = (resident_bytes()? - before) / count as f64;
    let reach_of = |n: usize| vec![SpaceId(1), SpaceId(2), SpaceId(3 + (n % others(count)) as i64)];
    let reach = several(&kept, 400, &reach_of)?;
    let cold = several(&|| Arc::new(Cache::new(Keep::Nothing)), 5, &reach_of)?;
    let at = |took: &[f64], share: f64| took[((took.len() - 1) as f64 * share) as usize];
    Ok(Recalled {
        all_p50: at(&whole, 0.5),
        all_p99: at(&whole, 0.99),
        reach_p50: at(&reach, 0.5),
        reach_p99: at(&reach, 0.99),
        resident,
        first,
        cold: at(&cold, 0.5),
    })
}

struct Asker {
    db: Db,
    table: Arc<Table>,
    count: usize,
}

impl Asker {
    /// Asks one question and says how many milliseconds that took.
    fn ask(&self, cache: &Arc<Cache>, n: usize, spaces: &[SpaceId]) -> Res<f64> {
        let text = invent::question(n, self.count, others(self.count));
        let (cache, table, spaces) = (Arc::clone(cache), Arc::clone(&self.table), spaces.to_vec());
        let start = Instant::now();
        let query = Query {
            question: Question::new(&text),
            filters: Filters::default(),
            weights: Weights::default(),
            most: 10,
            now: Timestamp::from_ms(1_800_000_000_000),
        };
        let asked = self.db.read(move |tx| -> Result<_, Failed> {
            Ok(index::search(tx.sql(), &cache, &[&*table], &spaces, &query)?)
        });
        let answer = asked.wait()?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        std::hint::black_box(answer);
        Ok(took)
    }
}

fn resident_bytes() -> Res<f64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line =
        text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0)
}
