//! Reader threads, started as they are needed, each with a connection of its own.

use crate::error::DbError;
use crate::open::connect;
use crate::pending::Pending;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Queries that may wait; whoever asks beyond that waits too.
const MAX_WAITING: usize = 1_024;

/// One consistent snapshot of the database.
pub struct ReadTx<'a>(&'a Connection);

impl ReadTx<'_> {
    /// The connection, for queries.
    #[must_use]
    pub fn sql(&self) -> &Connection {
        self.0
    }
}

/// Runs a query, and answers what tells its asker. Telling comes apart from running, so that the thread is free
/// before its asker knows: otherwise whoever asks one thing after the other starts a thread, and a connection,
/// for the second.
type Query = Box<dyn FnOnce(Result<&Connection, DbError>) -> Tell + Send>;
type Tell = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Query>,
    idle: usize,
    threads: Vec<JoinHandle<()>>,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    path: PathBuf,
    limit: usize,
    /// A connection that is there already, for the first thread.
    opened: Mutex<Option<Connection>>,
}

pub(crate) struct Readers(Arc<Shared>);

impl Readers {
    /// Readers of the database at `path`, the first of them with a connection that is open already.
    pub(crate) fn new(path: PathBuf, limit: usize, opened: Connection) -> Self {
        let (queue, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { queue, changed, path, limit, opened: Mutex::new(Some(opened)) }))
    }

    pub(crate) fn submit<T, E, F>(&self, query: F) -> Pending<T, E>
    where
        F: FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
        E: From<DbError> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let run: Query = Box::new(move |sql| {
            let answer = sql.map_err(E::from).and_then(|sql| snapshot(sql, query));
            Box::new(move || {
                // The asker may have gone away; then nobody wants the answer.
                let _ = sender.send(answer);
            })
        });
        let shared = &self.0;
        let mut queue = shared.lock();
        while queue.waiting.len() >= MAX_WAITING {
            queue = shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.waiting.push_back(run);
        if queue.idle == 0 && queue.threads.len() < shared.limit {
            let own = Arc::clone(shared);
            match std::thread::Builder::new().name("keep-reader".into()).spawn(move || serve(&own)) {
                Ok(thread) => queue.threads.push(thread),
                Err(error) if queue.threads.is_empty() => {
                    queue.waiting.pop_back();
                    return Pending::refused(DbError::Thread(error));
                }
                Err(_) => {} // the threads that run already will come to it
            }
        }
        drop(queue);
        shared.changed.notify_one();
        Pending::new(receiver)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        let threads = {
            let mut queue = self.0.lock();
            queue.closed = true;
            std::mem::take(&mut queue.threads)
        };
        self.0.changed.notify_all();
        for thread in threads {
            // A reader that drops the last handle of its own database cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn serve(shared: &Shared) {
    let mut connection = shared.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut tell: Option<Tell> = None;
    loop {
        let query = {
            let mut queue = shared.lock();
            queue.idle += 1;
            if let Some(tell) = tell.take() {
                drop(queue);
                tell();
                queue = shared.lock();
            }
            loop {
                if let Some(query) = queue.waiting.pop_front() {
                    queue.idle -= 1;
                    break query;
                }
                if queue.closed {
                    return;
                }
                queue = shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        };
        shared.changed.notify_one();
        tell = answer(&shared.path, &mut connection, query);
    }
}

fn answer(path: &Path, connection: &mut Option<Connection>, query: Query) -> Option<Tell> {
    if connection.is_none() {
        match connect(path) {
            Ok(sql) => *connection = Some(sql),
            Err(error) => return Some(query(Err(error))),
        }
    }
    let sql = connection.as_ref()?;
    // A panic in a query ends that query alone: its sender is dropped, and the asker is told.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| query(Ok(sql))));
    if ended.is_err() || !sql.is_autocommit() {
        *connection = None;
    }
    ended.ok()
}

fn snapshot<T, E: From<DbError>>(
    sql: &Connection,
    query: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    sql.execute_batch("BEGIN").map_err(DbError::from)?;
    let answer = query(&ReadTx(sql));
    sql.execute_batch("ROLLBACK").map_err(DbError::from)?;
    answer
}
