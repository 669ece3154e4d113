//! Several processes on one database: this test binary runs itself as the others.

use crate::place::{Place, SCHEMA, config, insert, rows};
use keep_db::{Db, DbError, Schema, Verify, restore};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const TASK: &str = "KEEP_DB_TEST_TASK";
const ROOT: &str = "KEEP_DB_TEST_ROOT";
const APPENDS: i64 = 1_500;

/// Long enough in the middle that a kill often lands inside.
static GROWN: Schema = Schema {
    owner: "test",
    steps: &[
        SCHEMA.steps[0],
        "CREATE TABLE u (n INTEGER NOT NULL) STRICT;
         WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60000) INSERT INTO u SELECT n FROM c",
        "CREATE INDEX u_n ON u (n)",
        "DELETE FROM u WHERE n % 2 = 0",
    ],
};

fn spawn(task: &str, root: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--nocapture"])
        .env(TASK, task)
        .env(ROOT, root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Does nothing as a test; as a child process it does its task.
#[test]
fn child() {
    let (Ok(task), Some(root)) = (std::env::var(TASK), std::env::var_os(ROOT)) else {
        return;
    };
    let root = PathBuf::from(root);
    let config = config(&root);
    match task.as_str() {
        "even" | "odd" => {
            let db = Db::open(&config, &[&SCHEMA]).unwrap();
            let first = i64::from(task == "odd");
            let jobs: Vec<_> = (0..APPENDS).map(|n| insert(&db, "child", 2 * n + first)).collect();
            jobs.into_iter().for_each(|job| job.wait().unwrap());
        }
        "migrate" => drop(Db::open(&config, &[&GROWN]).unwrap()),
        "restore" => drop(restore(&root.join("backup.db"), &config).unwrap()),
        other => panic!("no task {other}"),
    }
}

#[test]
fn two_processes_lose_nothing_and_neither_starves() {
    let place = Place::new();
    // Both also race to create the database.
    let children = [spawn("even", &place.root), spawn("odd", &place.root)];
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(rows(&place.db()), (0..2 * APPENDS).collect::<Vec<_>>());
}

#[test]
fn a_lock_held_elsewhere_refuses_all_who_wait_and_then_serves_again() {
    let place = Place::new();
    place.db().close();
    let impatient = keep_db::DbConfig { lock_wait: Duration::from_millis(30), ..place.config() };
    let lock = std::fs::File::open(place.root.join("data/keep.db.lock")).unwrap();
    lock.lock().unwrap();
    // An open database that is up to date is not held up by a writer.
    let db = Db::open(&impatient, &[&SCHEMA]).unwrap();
    for job in (0..20).map(|n| insert(&db, "a", n)).collect::<Vec<_>>() {
        let _ = job.wait().unwrap_err();
    }
    let refused = insert(&db, "a", 50).wait().unwrap_err();
    assert!(matches!(refused, DbError::Locked { .. }), "{refused:?}");
    drop(lock);
    insert(&db, "a", 60).wait().unwrap();
    assert_eq!(rows(&db), [60]);
}

/// Starts the task anew with ever later kills until it once ends by itself, and looks after each.
fn kill_ever_later(task: &str, prepare: impl Fn(&Path), look: impl Fn(&Place)) {
    for round in 0_u32.. {
        let place = Place::new();
        prepare(&place.root);
        let mut child = spawn(task, &place.root);
        std::thread::sleep(Duration::from_millis(3) * round);
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        look(&place);
        if let Some(status) = ended {
            assert!(status.success());
            return;
        }
    }
}

fn seed(root: &Path) {
    let db = Db::open(&config(root), &[&SCHEMA]).unwrap();
    (0..2_000).map(|n| insert(&db, "before", n)).for_each(drop);
    db.close();
}

#[test]
fn a_migration_killed_anywhere_leaves_the_old_or_the_new_schema() {
    kill_ever_later("migrate", seed, |place| {
        let path = place.config().path;
        let sql = rusqlite::Connection::open(&path).unwrap();
        let version: i64 = sql
            .query_row("SELECT version FROM keep_schema WHERE owner = 'test'", [], |row| row.get(0))
            .unwrap();
        let tables: i64 = sql
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('u', 'u_n')", [], |row| row.get(0))
            .unwrap();
        drop(sql);
        assert!(matches!((version, tables), (1, 0) | (4, 2)), "version {version}, {tables} of its things");
        assert_eq!(keep_db::integrity_of(&path).unwrap(), Vec::<String>::new());
        let db = Db::open(&place.config(), &[&GROWN]).unwrap();
        assert_eq!(rows(&db).len(), 2_000);
    });
}

#[test]
fn a_restore_killed_anywhere_leaves_the_old_or_the_new_database() {
    let prepare = |root: &Path| {
        seed(root);
        let db = Db::open(&config(root), &[&SCHEMA]).unwrap();
        db.backup(&root.join("backup.db"), Verify::No, &mut |_, _| {}).unwrap();
        (2_000..4_000).map(|n| insert(&db, "after", n)).for_each(drop);
    };
    kill_ever_later("restore", prepare, |place| {
        let db = place.db();
        let found = rows(&db).len();
        assert!(found == 2_000 || found == 4_000, "{found} rows");
        assert!(db.integrity().unwrap().is_empty());
        db.close();
        restore(&place.root.join("backup.db"), &place.config()).unwrap();
        assert_eq!(rows(&place.db()).len(), 2_000);
    });
}

/// Who opens the database alone reads the whole log first, so a process that ends leaves little of it.
#[test]
fn a_long_log_is_left_to_nobody() {
    let place = Place::new();
    let frames = || {
        let sql = rusqlite::Connection::open(&place.config().path).unwrap();
        let pages = sql.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1)).unwrap();
        // It closes without moving anything itself.
        sql.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        pages
    };
    let write = |range: std::ops::Range<i64>| {
        let db = place.db();
        for n in range {
            insert(&db, "a", n).wait().unwrap();
        }
        db.close();
    };
    write(0..3);
    assert!((1..128).contains(&frames()), "a few pages stay in the log: {}", frames());
    write(3..303);
    assert_eq!(frames(), 0);
    assert_eq!(rows(&place.db()).len(), 303);
}
