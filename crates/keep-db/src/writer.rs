//! The writer thread: takes jobs from a bounded queue and commits them in groups, each job in a
//! savepoint of its own.

use crate::error::DbError;
use crate::group::{GroupState, States};
use crate::lock::WriteLock;
use crate::open::connect;
use crate::pending::Pending;
use rusqlite::{Connection, ErrorCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Jobs that may wait; whoever submits beyond that waits too.
const MAX_WAITING: usize = 4_096;
/// Jobs in one commit at most: enough that the fsync no longer counts.
const MAX_GROUP: usize = 2_048;
/// No write transaction lasts longer, so that other processes get their turn.
const MAX_GROUP_TIME: Duration = Duration::from_millis(20);

/// Pages in the log that a process may leave to the next: reading so many takes a tenth of a millisecond or two.
const LONG_LOG: i64 = 128;

/// The transaction that a job runs in.
pub struct WriteTx<'a> {
    sql: &'a Connection,
    states: &'a mut States,
}

impl WriteTx<'_> {
    /// The connection, for statements.
    #[must_use]
    pub fn sql(&self) -> &Connection {
        self.sql
    }

    /// State shared by the jobs of this group; see [`GroupState`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn group<S: GroupState>(&mut self) -> Result<&mut S, DbError> {
        self.states.get(self.sql)
    }

    /// The same together with the connection, for callers that need both at once.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn group_and_sql<S: GroupState>(&mut self) -> Result<(&mut S, &Connection), DbError> {
        Ok((self.states.get(self.sql)?, self.sql))
    }
}

/// A job between its run and its group's commit.
type Finish = Box<dyn FnOnce(Result<(), &DbError>) + Send>;

/// What a run of a job leaves: how to answer, and whether its changes stay.
struct Ran {
    finish: Finish,
    kept: bool,
}

type Job = Box<dyn FnOnce(Result<&mut WriteTx<'_>, &DbError>) -> Ran + Send>;

/// The writer's thread and connection, which begin with the first job: most commands only look.
pub(crate) struct Writer(Mutex<State>);

enum State {
    Unused { path: PathBuf, lock: WriteLock },
    Running { queue: SyncSender<Job>, thread: JoinHandle<()> },
    Closed,
}

impl Writer {
    /// A writer of the database at `path`.
    pub(crate) fn new(path: PathBuf, lock: WriteLock) -> Self {
        Self(Mutex::new(State::Unused { path, lock }))
    }

    /// The queue of a writer that runs, started if it does not yet.
    fn queue(&self) -> Result<SyncSender<Job>, DbError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Unused { path, .. } = &*state {
            let sql = connect(path)?;
            if let State::Unused { lock, .. } = std::mem::replace(&mut *state, State::Closed) {
                *state = State::start(sql, lock)?;
            }
        }
        match &*state {
            State::Running { queue, .. } => Ok(queue.clone()),
            State::Unused { .. } | State::Closed => Err(DbError::Closed),
        }
    }

    pub(crate) fn submit<T, E, F>(&self, job: F) -> Pending<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        E: From<DbError> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let run: Job = Box::new(move |tx| {
            let outcome = match tx {
                Ok(tx) => catch_unwind(AssertUnwindSafe(|| job(tx)))
                    .unwrap_or_else(|_| Err(DbError::Panicked.into())),
                Err(refusal) => Err(refusal.again().into()),
            };
            let kept = outcome.is_ok();
            let finish = Box::new(move |committed: Result<(), &DbError>| {
                let answer = match committed {
                    Ok(()) => outcome,
                    Err(error) => outcome.and_then(|_| Err(error.again().into())),
                };
                // The asker may have gone away; the commit stands all the same.
                let _ = sender.send(answer);
            });
            Ran { finish, kept }
        });
        match self.queue() {
            Ok(queue) if queue.send(run).is_ok() => Pending::new(receiver),
            Ok(_) => Pending::refused(DbError::Closed),
            Err(why) => Pending::refused(why),
        }
    }
}

impl State {
    fn start(sql: Connection, lock: WriteLock) -> Result<Self, DbError> {
        let (queue, jobs) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("keep-writer".into())
            .spawn(move || Worker { sql, lock, poisoned: None }.serve(&jobs))
            .map_err(DbError::Thread)?;
        Ok(Self::Running { queue, thread })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let State::Running { queue, thread } = std::mem::replace(state, State::Closed) else { return };
        drop(queue);
        // A job that drops the last handle of its own database cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl DbError {
    /// The same refusal for another job of the group; sources do not clone, their words do.
    fn again(&self) -> Self {
        match self {
            Self::Poisoned(why) => Self::Poisoned(why.clone()),
            Self::Commit(why) => Self::Commit(why.clone()),
            Self::Locked { path, waited_ms } => Self::Locked { path: path.clone(), waited_ms: *waited_ms },
            other => Self::Commit(keep_types::chain(other).join(": ")),
        }
    }
}

struct Worker {
    sql: Connection,
    lock: WriteLock,
    poisoned: Option<String>,
}

impl Worker {
    fn serve(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut finished = Vec::new();
            let committed = self.run_group(first, jobs, &mut finished);
            if let Err(error) = &committed {
                self.note_failure(error);
            }
            for finish in finished {
                finish(committed.as_ref().copied());
            }
        }
        self.shorten_log();
    }

    /// Empties the log where it is long: whoever opens the database next, and is alone then, reads all of it first. It
    /// waits for nobody; where somebody else reads or writes just now, that is whoever will do it.
    fn shorten_log(&self) {
        let pages = || self.sql.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1));
        if self.poisoned.is_none() && pages().is_ok_and(|pages| pages > LONG_LOG) {
            // What goes wrong here is found by the next who writes, and nothing is lost by it.
            let _ = self.sql.busy_timeout(Duration::ZERO);
            let _ = self.sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }

    /// Runs a group of jobs in one transaction and commits it.
    fn run_group(&self, first: Job, jobs: &Receiver<Job>, finished: &mut Vec<Finish>) -> Result<(), DbError> {
        let opened = match &self.poisoned {
            Some(why) => Err(DbError::Poisoned(why.clone())),
            None => self.lock.acquire().and_then(|held| {
                self.statement("BEGIN IMMEDIATE")?;
                Ok(held)
            }),
        };
        let _held = match opened {
            Ok(held) => held,
            Err(error) => {
                // Whoever waits already gets the same answer: the jobs behind this one must not each
                // wait anew for a lock that does not come free.
                let behind = std::iter::from_fn(|| jobs.try_recv().ok()).take(MAX_WAITING);
                for job in std::iter::once(first).chain(behind) {
                    finished.push(job(Err(&error)).finish);
                }
                return Ok(());
            }
        };
        let started = Instant::now();
        let mut states = States::default();
        let mut next = Some(first);
        let mut ran = Ok(());
        while let Some(job) = next {
            ran = self.run_job(job, &mut states, finished);
            let full = finished.len() >= MAX_GROUP || started.elapsed() >= MAX_GROUP_TIME;
            next = if full || ran.is_err() { None } else { jobs.try_recv().ok() };
        }
        let committed = ran.and_then(|()| states.flush(&self.sql)).and_then(|()| self.statement("COMMIT"));
        if committed.is_err() && !self.sql.is_autocommit() {
            // The error that led here is what is reported; a transaction that stays open is seen by
            // `note_failure`.
            let _ = self.statement("ROLLBACK");
        }
        committed
    }

    /// Runs one job in a savepoint. An error here is the transaction's, not the job's.
    fn run_job(&self, job: Job, states: &mut States, finished: &mut Vec<Finish>) -> Result<(), DbError> {
        self.statement("SAVEPOINT job")?;
        let ran = job(Ok(&mut WriteTx { sql: &self.sql, states }));
        finished.push(ran.finish);
        if ran.kept {
            states.keep();
        } else {
            states.put_back();
            self.statement("ROLLBACK TO job")?;
        }
        self.statement("RELEASE job")
    }

    fn statement(&self, text: &str) -> Result<(), DbError> {
        self.sql.prepare_cached(text)?.execute([])?;
        Ok(())
    }

    /// After an I/O error nobody knows what the disk holds: write no more through this handle. A full
    /// disk is different: SQLite took everything back, and room may come.
    fn note_failure(&mut self, error: &DbError) {
        let unsure = match error {
            DbError::Sql(rusqlite::Error::SqliteFailure(failure, _)) => matches!(
                failure.code,
                ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ),
            _ => false,
        };
        if unsure || !self.sql.is_autocommit() {
            self.poisoned = Some(keep_types::chain(error).join(": "));
        }
    }
}
