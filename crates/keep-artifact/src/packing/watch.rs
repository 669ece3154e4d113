//! How far long work has come, told to whoever looks, and the way to have it stop.

use keep_tensor::{ReadAt, WriteAt};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

/// Counts what was done and passes on that it should stop. Shared between the work and its watcher.
#[derive(Debug, Default)]
pub struct Watch {
    all: AtomicU64,
    raw: AtomicU64,
    stored: AtomicU64,
    stop: Arc<AtomicBool>,
    idle: Arc<AtomicBool>,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progressed {
    /// Bytes there are to read or restore; 0 until that is known.
    pub all: u64,
    /// Bytes that were read or restored.
    pub raw: u64,
    /// Bytes as they are stored, so far.
    pub stored: u64,
}

impl Watch {
    /// A watch that stops the work once `stop` is set, and clears `idle` when there begins to be something
    /// to tidy up: before that, whoever is interrupted at a question may simply end.
    #[must_use]
    pub fn new(stop: Arc<AtomicBool>, idle: Arc<AtomicBool>) -> Self {
        Self { stop, idle, ..Self::default() }
    }

    pub(crate) fn begin(&self) {
        self.idle.store(false, SeqCst);
    }

    /// How far the work has come.
    #[must_use]
    pub fn look(&self) -> Progressed {
        Progressed {
            all: self.all.load(Relaxed),
            raw: self.raw.load(Relaxed),
            stored: self.stored.load(Relaxed),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub(crate) fn expect(&self, bytes: u64) {
        self.all.store(bytes, Relaxed);
    }

    /// What passes here counts as raw bytes.
    pub(crate) fn raw<T>(&self, inner: T) -> Counted<'_, T> {
        Counted { inner, watch: self, count: &self.raw }
    }

    /// What passes here counts as stored bytes.
    pub(crate) fn stored<T>(&self, inner: T) -> Counted<'_, T> {
        Counted { inner, watch: self, count: &self.stored }
    }
}

/// A reader or writer whose bytes are counted, and which fails once the work is to stop.
pub(crate) struct Counted<'w, T> {
    inner: T,
    watch: &'w Watch,
    count: &'w AtomicU64,
}

impl<T> Counted<'_, T> {
    /// Not the kind `Interrupted`, after which readers and writers try again.
    fn check(&self) -> io::Result<()> {
        if self.watch.is_stopped() { Err(io::Error::other("told to stop")) } else { Ok(()) }
    }

    fn count(&self, bytes: usize) -> usize {
        self.count.fetch_add(bytes as u64, Relaxed);
        bytes
    }
}

impl<T: Read> Read for Counted<'_, T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let bytes = self.inner.read(out)?;
        Ok(self.count(bytes))
    }
}

impl<T: Write> Write for Counted<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.write_all(bytes)?;
        Ok(self.count(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: ReadAt> ReadAt for Counted<'_, T> {
    fn read_at(&self, out: &mut [u8], at: u64) -> io::Result<usize> {
        self.check()?;
        let bytes = self.inner.read_at(out, at)?;
        Ok(self.count(bytes))
    }
}

impl<T: WriteAt> WriteAt for Counted<'_, T> {
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.check()?;
        self.inner.write_all_at(bytes, at)?;
        self.count(bytes.len());
        Ok(())
    }
}

impl<T: Seek> Seek for Counted<'_, T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
