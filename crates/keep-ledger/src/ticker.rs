//! The thread that writes checkpoints: it sleeps until something was appended, waits a moment so that
//! many appends share one checkpoint, and writes one more at the end.

use crate::ledger::Core;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The checkpoint is written at most this often.
const INTERVAL: Duration = Duration::from_millis(100);

pub(crate) struct Ticker {
    core: Arc<Core>,
    signal: Arc<Signal>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Signal {
    /// Something was appended since the last checkpoint.
    dirty: AtomicBool,
    /// Something was appended since the last `close`.
    used: AtomicBool,
    stop: Mutex<bool>,
    changed: Condvar,
}

impl Ticker {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core, signal: Arc::default(), thread: Mutex::new(None) }
    }

    /// Something was appended, though not committed yet.
    pub(crate) fn touch(&self) {
        self.signal.used.store(true, Ordering::Release);
        if !self.signal.dirty.swap(true, Ordering::AcqRel) {
            self.wake();
        }
    }

    fn wake(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (core, signal) = (Arc::clone(&self.core), Arc::clone(&self.signal));
            *signal.stop.lock().unwrap_or_else(PoisonError::into_inner) = false;
            // Without the thread the checkpoint is still written at the end.
            *thread = std::thread::Builder::new()
                .name("keep-checkpoint".into())
                .spawn(move || run(&core, &signal))
                .ok();
        }
        // The lock makes sure that the thread either waits already or sees the flag.
        drop(self.signal.stop.lock().unwrap_or_else(PoisonError::into_inner));
        self.signal.changed.notify_one();
    }

    /// The checkpoint covers everything; nothing is left to do at the end.
    pub(crate) fn settled(&self) {
        self.signal.dirty.store(false, Ordering::Release);
        self.signal.used.store(false, Ordering::Release);
    }

    /// Ends the thread; a later append starts a new one.
    pub(crate) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            *self.signal.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.signal.changed.notify_one();
            // It reports nothing: a checkpoint that could not be written is a lower bound all the same.
            let _ = thread.join();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop();
        if self.signal.used.load(Ordering::Acquire) {
            // As above; who wants to know calls `close` first.
            let _ = self.core.write_checkpoint();
        }
    }
}

fn run(core: &Core, signal: &Signal) {
    // What was appended just before a checkpoint may be committed only after it, so one more follows.
    let mut again = false;
    loop {
        let stop = signal.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |stop: &mut bool| !*stop && !again && !signal.dirty.load(Ordering::Acquire);
        let stop = signal.changed.wait_while(stop, idle).unwrap_or_else(PoisonError::into_inner);
        let (stop, _) = signal
            .changed
            .wait_timeout_while(stop, INTERVAL, |stop| !*stop)
            .unwrap_or_else(PoisonError::into_inner);
        if *stop {
            return;
        }
        drop(stop);
        again = signal.dirty.swap(false, Ordering::AcqRel);
        // A failure is not reported here: the next append tries again, and so does closing.
        let written = core.write_checkpoint();
        if written.is_err() && !core.lock().health.takes_records() {
            return;
        }
    }
}
