//! Online backup, restore, and the check of a whole database.

use crate::error::DbError;
use crate::files::{create_private_folder, sync_folder_of};
use crate::lock::{WriteLock, beside, presence};
use crate::open::{Db, DbConfig, connect};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::FlockOperation;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Pages copied at a time: short enough that writers hardly notice.
const PAGES_A_STEP: i32 = 1_024;

/// How long a copy that finds the database busy waits before it tries again.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Whether a backup is read back and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Check it page by page after writing.
    Yes,
    /// Trust the disk.
    No,
}

/// What a restore did.
#[derive(Clone, Debug)]
pub struct RestoreReport {
    /// Where the replaced database lies now, if there was one.
    pub replaced: Option<PathBuf>,
}

impl Db {
    /// Copies the database as it is at one moment into a new file, while others go on writing.
    ///
    /// # Errors
    /// When the file exists already, cannot be written, or fails its check.
    pub fn backup(
        &self,
        to: &Path,
        verify: Verify,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), DbError> {
        let from = connect(self.path())?;
        // Without a snapshot of its own the copy would start again at every commit of a writer.
        from.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
        copy(&from, to, progress)?;
        match verify {
            Verify::Yes => check_sound(to),
            Verify::No => Ok(()),
        }
    }

    /// The problems that SQLite's own check finds; empty when there are none.
    ///
    /// # Errors
    /// When the check cannot run at all.
    pub fn integrity(&self) -> Result<Vec<String>, DbError> {
        integrity_of(self.path())
    }
}

/// Writes an automatic backup and keeps only the newest of them.
pub(crate) fn automatic(from: &Connection, config: &DbConfig, why: &str) -> Result<PathBuf, DbError> {
    create_private_folder(&config.backups)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let path = config.backups.join(format!("{now:013}-{why}.db"));
    copy(from, &path, &mut |_, _| {})?;
    check_sound(&path)?;
    prune(&config.backups, why, config.keep_backups)?;
    Ok(path)
}

fn prune(folder: &Path, why: &str, keep: usize) -> Result<(), DbError> {
    let read = |e| DbError::file("reading the folder", folder, e);
    let mut backups = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let ending = format!("-{why}.db");
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&ending)) {
            backups.push(path);
        }
    }
    backups.sort();
    let surplus = backups.len().saturating_sub(keep.max(1));
    for old in &backups[..surplus] {
        fs::remove_file(old).map_err(|e| DbError::file("removing", old, e))?;
    }
    Ok(())
}

/// Copies through a temporary file, so that a half-written backup never has the name of a whole one.
fn copy(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), DbError> {
    if to.exists() {
        let exists = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(DbError::file("writing the backup", to, exists));
    }
    let temporary = beside(to, &format!(".part-{}", std::process::id()));
    let copied = copy_pages(from, &temporary, progress).and_then(|()| {
        fs::rename(&temporary, to).map_err(|e| DbError::file("naming the backup", to, e))?;
        sync_folder_of(to)
    });
    if copied.is_err() {
        // What failed is reported; the half-written file is only in the way.
        let _ = fs::remove_file(&temporary);
    }
    copied
}

fn copy_pages(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), DbError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|e| DbError::file("writing the backup", to, e))?;
    let mut target = Connection::open(to).map_err(|source| DbError::Open { path: to.to_owned(), source })?;
    {
        let backup = Backup::new(from, &mut target)?;
        loop {
            match backup.step(PAGES_A_STEP)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(BUSY_PAUSE),
            }
            let pages = backup.progress();
            let total = u64::try_from(pages.pagecount).unwrap_or(0);
            progress(total.saturating_sub(u64::try_from(pages.remaining).unwrap_or(0)), total);
        }
    }
    // A backup is one file: no log beside it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    target.close().map_err(|(_, error)| error)?;
    file.sync_all().map_err(|e| DbError::file("syncing the backup", to, e))
}

/// The problems in a database file, read without changing it.
///
/// # Errors
/// When it cannot be opened.
pub fn integrity_of(path: &Path) -> Result<Vec<String>, DbError> {
    let open = |source| DbError::Open { path: path.to_owned(), source };
    let sql = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(open)?;
    let run = || -> rusqlite::Result<Vec<String>> {
        let mut statement = sql.prepare("PRAGMA integrity_check(20)")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.filter(|row| !matches!(row, Ok(text) if text == "ok")).collect()
    };
    // A damaged file may fail the check itself, which is an answer too.
    Ok(run().unwrap_or_else(|error| vec![error.to_string()]))
}

fn check_sound(path: &Path) -> Result<(), DbError> {
    let problem = if fs::metadata(path).map_err(|e| DbError::file("reading", path, e))?.len() == 0 {
        Some("the file is empty".to_owned())
    } else {
        integrity_of(path)?.into_iter().next()
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(DbError::Unsound { path: path.to_owned(), problem }),
    }
}

/// Puts a backup in the database's place. Nobody may have the database open. The old one is kept
/// beside the backups; a crash leaves the old one or the new one, never neither.
///
/// # Errors
/// When the backup is unsound, the database is in use, or a file operation fails.
pub fn restore(from: &Path, config: &DbConfig) -> Result<RestoreReport, DbError> {
    check_sound(from)?;
    create_private_folder(config.path.parent().unwrap_or(Path::new(".")))?;
    let presence = presence(&config.path, FlockOperation::NonBlockingLockExclusive)?;
    let lock = WriteLock::open(&config.path, config.lock_wait)?;
    let held = lock.acquire()?;
    // The copy comes before anything else: keeping the old database prunes old backups, and the one to
    // restore may be among them. The name is fixed, so a restore that was killed leaves one file at most.
    let copied = beside(&config.path, ".restore");
    for ending in ["", "-journal"] {
        remove_if_there(&beside(&copied, ending))?;
    }
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|source| DbError::Open { path: from.to_owned(), source })?;
    copy_pages(&source, &copied, &mut |_, _| {})?;
    check_sound(&copied)?;
    let replaced = match fs::metadata(&config.path) {
        Ok(meta) if meta.len() > 0 => Some(keep_old(config)?),
        _ => None,
    };
    // No log of the old database may ever be read beside the new one, hence the sync in between.
    for ending in ["-wal", "-shm"] {
        remove_if_there(&beside(&config.path, ending))?;
    }
    sync_folder_of(&config.path)?;
    fs::rename(&copied, &config.path).map_err(|e| DbError::file("replacing", &config.path, e))?;
    sync_folder_of(&config.path)?;
    drop(held);
    drop(presence);
    Ok(RestoreReport { replaced })
}

fn remove_if_there(path: &Path) -> Result<(), DbError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(DbError::file("removing", path, e)),
        _ => Ok(()),
    }
}

/// Keeps the database that gives way, whole and with its log inside; a damaged one as the bytes it is,
/// since being damaged is the best reason to restore.
fn keep_old(config: &DbConfig) -> Result<PathBuf, DbError> {
    let whole = connect(&config.path).and_then(|old| {
        let kept = automatic(&old, config, "before-restore")?;
        // With the log in the file, a crash before the rename leaves the old database complete.
        old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(kept)
    });
    match whole {
        Err(DbError::Unsound { .. } | DbError::Sql(_) | DbError::Open { .. }) => keep_raw(config),
        other => other,
    }
}

/// Keeps a damaged database and its log as the bytes they are.
fn keep_raw(config: &DbConfig) -> Result<PathBuf, DbError> {
    create_private_folder(&config.backups)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let to = config.backups.join(format!("{now:013}-damaged.raw"));
    copy_bytes(&config.path, &to)?;
    let log = beside(&config.path, "-wal");
    if log.exists() {
        copy_bytes(&log, &beside(&to, "-wal"))?;
    }
    sync_folder_of(&to)?;
    Ok(to)
}

fn copy_bytes(from: &Path, to: &Path) -> Result<(), DbError> {
    let copy = || {
        let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        std::io::copy(&mut fs::File::open(from)?, &mut target)?;
        target.sync_all()
    };
    copy().map_err(|e| DbError::file("keeping the damaged database as", to, e))
}
