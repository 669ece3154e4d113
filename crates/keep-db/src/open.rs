use crate::error::DbError;
use crate::files::create_private_folder;
use crate::lock::{WriteLock, presence};
use crate::migrate::{Schema, is_current, migrate};
use crate::pending::Pending;
use crate::reader::{ReadTx, Readers};
use crate::writer::{WriteTx, Writer};
use rusqlite::config::DbConfig as Switch;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::FlockOperation;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the database lies and how patient it is.
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// The database file.
    pub path: PathBuf,
    /// The folder of automatic backups.
    pub backups: PathBuf,
    /// How many automatic backups are kept.
    pub keep_backups: usize,
    /// How long a write waits for other processes.
    pub lock_wait: Duration,
    /// Reader threads at most.
    pub readers: usize,
}

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    // Fields are dropped in order: the threads end before the presence lock goes.
    writer: Writer,
    readers: Readers,
    config: DbConfig,
    _presence: File,
}

impl Db {
    /// Opens the database, creating and migrating it as needed.
    ///
    /// # Errors
    /// When it cannot be opened, is newer than this program, or a migration fails.
    pub fn open(config: &DbConfig, schemas: &[&Schema]) -> Result<Self, DbError> {
        if let Some(folder) = config.path.parent() {
            create_private_folder(folder)?;
        }
        let presence = presence(&config.path, FlockOperation::NonBlockingLockShared)?;
        let lock = WriteLock::open(&config.path, config.lock_wait)?;
        let mut sql = connect(&config.path)?;
        // A command that finds all up to date does not queue behind the writers. Whatever else there is
        // to say, such as that the database is newer, the careful way below says.
        if !matches!(is_ready(&sql, schemas), Ok(true)) {
            let held = lock.acquire()?;
            prepare(&sql, &config.path)?;
            migrate(&mut sql, config, schemas)?;
            drop(held);
        }
        let writer = Writer::new(config.path.clone(), lock);
        let readers = Readers::new(config.path.clone(), config.readers.max(1), sql);
        Ok(Self(Arc::new(Inner { writer, readers, config: config.clone(), _presence: presence })))
    }

    /// Runs a job on the writer thread, inside a transaction that it may share with other jobs. The
    /// answer comes after the commit is durable; a failing job takes back only its own changes.
    pub fn write<T, E, F>(&self, job: F) -> Pending<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        E: From<DbError> + Send + 'static,
        T: Send + 'static,
    {
        self.0.writer.submit(job)
    }

    /// Runs a query on a reader thread, on one consistent snapshot.
    pub fn read<T, E, F>(&self, query: F) -> Pending<T, E>
    where
        F: FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
        E: From<DbError> + Send + 'static,
        T: Send + 'static,
    {
        self.0.readers.submit(query)
    }

    /// Moves the write-ahead log into the database file and empties it, so that bytes which were
    /// overwritten in the one are not left in the other.
    ///
    /// # Errors
    /// When readers or writers keep it busy for longer than the lock is waited for.
    pub fn truncate_log(&self) -> Result<(), DbError> {
        if self.truncated_within(self.0.config.lock_wait)? {
            return Ok(());
        }
        let (path, waited_ms) = (self.path().to_owned(), self.0.config.lock_wait.as_millis());
        Err(DbError::Locked { path, waited_ms })
    }

    /// Empties the log where nobody reads or writes right now; says whether it is empty.
    ///
    /// # Errors
    /// When the database cannot be opened or written.
    pub fn truncate_log_unless_busy(&self) -> Result<bool, DbError> {
        self.truncated_within(std::time::Duration::ZERO)
    }

    fn truncated_within(&self, wait: std::time::Duration) -> Result<bool, DbError> {
        let sql = connect(self.path())?;
        sql.busy_timeout(wait)?;
        let busy: bool = sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(!busy)
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.config.path
    }

    /// Answers every job that waits, then ends the threads and closes the files. Dropping the last
    /// clone does the same; this says so where a reader would wonder.
    pub fn close(self) {
        drop(self);
    }

    /// How it was opened.
    #[must_use]
    pub fn config(&self) -> &DbConfig {
        &self.0.config
    }
}

/// Opens one connection with the settings that every connection has.
pub(crate) fn connect(path: &Path) -> Result<Connection, DbError> {
    let open = |source| DbError::Open { path: path.to_owned(), source };
    // SQLite would create the file with the process's umask; this creates it private.
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| DbError::file("opening", path, e))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sql = Connection::open_with_flags(path, flags).map_err(open)?;
    // Closing would otherwise checkpoint the log, which costs a short command several fsyncs.
    sql.set_db_config(Switch::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(open)?;
    sql.set_db_config(Switch::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(open)?;
    sql.set_db_config(Switch::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(open)?;
    // A plan that may depend on bound values is made anew when one is bound that begins otherwise, and that takes
    // longer than most statements here.
    sql.set_db_config(Switch::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(open)?;
    sql.set_prepared_statement_cache_capacity(128);
    sql.busy_timeout(Duration::from_secs(10)).map_err(open)?;
    sql.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;",
    )
    .map_err(open)?;
    Ok(sql)
}

/// Whether there is nothing to prepare or migrate.
fn is_ready(sql: &Connection, schemas: &[&Schema]) -> Result<bool, DbError> {
    let mode: String = sql.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    Ok(mode == "wal" && is_current(sql, schemas)?)
}

/// Turns write-ahead logging on, once in a database's life.
fn prepare(sql: &Connection, path: &Path) -> Result<(), DbError> {
    let open = |source| DbError::Open { path: path.to_owned(), source };
    let mode: String = sql.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(open)?;
    if mode == "wal" {
        return Ok(());
    }
    let mode: String = sql.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(open)?;
    if mode == "wal" {
        return Ok(());
    }
    let problem = format!("it does not take write-ahead logging (it says {mode:?})");
    Err(DbError::Unsound { path: path.to_owned(), problem })
}
