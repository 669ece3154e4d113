//! A database in a folder of its own.

use keep_db::{Db, DbConfig, DbError, Schema};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) static SCHEMA: Schema = Schema {
    owner: "test",
    steps: &["CREATE TABLE t (who TEXT NOT NULL, n INTEGER NOT NULL UNIQUE) STRICT"],
};

pub(crate) struct Place {
    pub(crate) root: PathBuf,
    _temporary: tempfile::TempDir,
}

pub(crate) fn config(root: &Path) -> DbConfig {
    DbConfig {
        path: root.join("data/keep.db"),
        backups: root.join("data/backups"),
        keep_backups: 2,
        lock_wait: Duration::from_secs(30),
        readers: 2,
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self { root: temporary.path().to_owned(), _temporary: temporary }
    }

    pub(crate) fn config(&self) -> DbConfig {
        config(&self.root)
    }

    pub(crate) fn db(&self) -> Db {
        Db::open(&self.config(), &[&SCHEMA]).unwrap()
    }

    pub(crate) fn backups(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.config().backups) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }
}

pub(crate) fn insert(db: &Db, who: &'static str, n: i64) -> keep_db::Pending<(), DbError> {
    db.write(move |tx| {
        tx.sql().prepare_cached("INSERT INTO t VALUES (?1, ?2)")?.execute((who, n))?;
        Ok(())
    })
}

pub(crate) fn rows(db: &Db) -> Vec<i64> {
    db.read(|tx| -> Result<Vec<i64>, DbError> {
        let mut all = tx.sql().prepare_cached("SELECT n FROM t ORDER BY n")?;
        Ok(all.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    })
    .wait()
    .unwrap()
}
