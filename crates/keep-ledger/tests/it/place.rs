//! A ledger in a folder of its own.

use keep_db::{Db, DbConfig};
use keep_ledger::{Forgery, Ledger, LedgerConfig, LedgerError, Phase, Record, SystemClock, VerifyReport};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Place {
    pub root: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self { root: temporary.path().to_owned(), _temporary: Some(temporary) }
    }

    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), _temporary: None }
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.root.join("state/checkpoint")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.root.join("config/ledger.key")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("data/keep.db")
    }

    pub(crate) fn db(&self) -> Db {
        let config = DbConfig {
            path: self.database(),
            backups: self.root.join("data/backups"),
            keep_backups: 1,
            lock_wait: Duration::from_secs(60),
            readers: 2,
        };
        Db::open(&config, &[&keep_ledger::SCHEMA]).unwrap()
    }

    pub(crate) fn config(&self) -> LedgerConfig {
        LedgerConfig::in_folders(&self.root.join("config"), &self.root.join("state"), Arc::new(SystemClock))
    }

    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(self.db(), self.config()).unwrap()
    }

    /// Opens, appends and closes.
    pub(crate) fn grow(&self, records: u64) {
        let ledger = self.open();
        append(&ledger, records);
        ledger.close().unwrap();
    }

    /// Changes the database behind the ledger's back.
    pub(crate) fn forge(&self, sql: &str) {
        let raw = rusqlite::Connection::open(self.database()).unwrap();
        raw.execute_batch(sql).unwrap();
    }

    /// Verifies as the next opening would.
    pub(crate) fn verify(&self) -> Result<VerifyReport, LedgerError> {
        self.open().verify(&mut |_, _| {})
    }

    pub(crate) fn forgery(&self) -> Option<Forgery> {
        match self.verify() {
            Ok(_) => None,
            Err(LedgerError::Tampered(forgery)) => Some(forgery),
            Err(other) => panic!("no forgery but {other:?}"),
        }
    }
}

pub(crate) fn record(action: &str, phase: Phase, detail: Value) -> Record {
    Record {
        principal: "agent:tester".parse().unwrap(),
        namespace: "project:keep".parse().unwrap(),
        action: action.parse().unwrap(),
        phase,
        refers_to: None,
        detail,
        exact: None,
    }
}

pub(crate) fn append(ledger: &Ledger, records: u64) {
    let pending: Vec<_> = (0..records)
        .map(|n| ledger.append(record("memory.write", Phase::Done, json!({ "number": n }))))
        .collect();
    for answer in pending {
        answer.wait().unwrap();
    }
}

pub(crate) fn run<F: std::future::Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
