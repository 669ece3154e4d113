//! What a run says, while it runs, for whoever looks from another process; and the way in which such a one asks it
//! to end. All of it goes with the run.
//!
//! A folder for each run, locked for as long as its process lives: what was said stands in segments, of which the
//! last few are kept, so an hour of output takes no more than its last minutes.

use super::processes::{self, Processes};
use super::pump::Ears;
use crate::acts::{CancelRun, LookAtRuns, RunCommand};
use crate::error::ExecError;
use crate::stop::Stop;
use keep_gate::{Permit, Started};
use keep_types::{Id, RunKind};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Bytes of a segment.
const SEGMENT_BYTES: u64 = 1 << 20;
/// Segments that are kept: a person scrolls through megabytes, and nobody through more.
const SEGMENTS: u64 = 8;
/// How soon a run hears that it is to end.
const LOOK: Duration = Duration::from_millis(200);

/// The file that says that what is said cannot be shown yet.
const WITHHELD: &str = "withheld";
/// The file that says at which process the run begins.
const PROCESS: &str = "process";

/// The first word to a run that is to end, and the second.
const ASKED: [&str; 2] = ["stop", "kill"];

fn folder(state: &Path, id: Id<RunKind>) -> PathBuf {
    state.join("live").join(id.to_string())
}

/// A run's folder, for as long as the run lives.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    _lock: File,
    said: Arc<Mutex<Said>>,
    over: Arc<AtomicBool>,
    listens: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Said {
    folder: PathBuf,
    bytes: u64,
    file: Option<File>,
    /// Whether anything was put down.
    shown: bool,
    /// Set when a write failed, as on a full disk: the run goes on, and nobody watches it.
    broken: bool,
}

impl Spool {
    /// Makes the folder of a run that begins, and removes what runs left whose processes died.
    pub(crate) fn open(
        _: &Started<RunCommand>,
        state: &Path,
        id: Id<RunKind>,
        stop: Stop,
        withheld: bool,
    ) -> Result<Self, ExecError> {
        keep_db::create_private_folder(&state.join("live"))?;
        sweep(&state.join("live"));
        let folder = folder(state, id);
        keep_db::create_private_folder(&folder)?;
        let path = folder.join("lock");
        let lock = create(&path).map_err(|error| ExecError::file("making", &path, error))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| ExecError::file("locking", &path, error.into()))?;
        if withheld {
            let path = folder.join(WITHHELD);
            create(&path).map_err(|error| ExecError::file("making", &path, error))?;
        }
        let said = Said { folder: folder.clone(), bytes: 0, file: None, shown: false, broken: false };
        let over = Arc::new(AtomicBool::new(false));
        let listens = thread::spawn({
            let (folder, over) = (folder.clone(), Arc::clone(&over));
            move || listen(&folder, &over, &stop)
        });
        Ok(Self { folder, _lock: lock, said: Arc::new(Mutex::new(said)), over, listens: Some(listens) })
    }

    /// What is shown there, and for those who look on.
    pub(super) fn beside(&self, there: Box<dyn Write + Send>) -> Ears {
        let said = Arc::clone(&self.said);
        let here = move |bytes: &[u8]| said.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        Ears { there, here: Box::new(here) }
    }

    /// Says at which process the run begins, for whoever looks at what it started. Without that nobody sees its
    /// processes; it runs all the same.
    pub(super) fn begins_at(&self, process: u32) {
        let Some(own) = processes::named(process) else { return };
        let file = create(&self.folder.join(PROCESS));
        let _ = file.and_then(|mut file| file.write_all(own.as_bytes()));
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(listens) = self.listens.take() {
            listens.thread().unpark();
            // It has nothing to say.
            let _ = listens.join();
        }
        // What stays is removed by the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Removes folders that no process holds.
fn sweep(live: &Path) {
    for entry in fs::read_dir(live).into_iter().flatten().flatten() {
        let lock = File::open(entry.path().join("lock"));
        let free = lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok());
        if free {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Hands on what others ask of the run.
fn listen(folder: &Path, over: &AtomicBool, stop: &Stop) {
    let mut told = 0;
    while !over.load(Ordering::Relaxed) {
        while told < ASKED.len() && folder.join(ASKED[told]).exists() {
            stop.stop();
            told += 1;
        }
        thread::park_timeout(LOOK);
    }
}

impl Said {
    fn push(&mut self, mut bytes: &[u8]) {
        if !bytes.is_empty() && !self.shown {
            self.shown = true;
            // What can be looked through is withheld no longer.
            let _ = fs::remove_file(self.folder.join(WITHHELD));
        }
        while !bytes.is_empty() && !self.broken {
            let left = SEGMENT_BYTES - self.bytes % SEGMENT_BYTES;
            let now = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.put_down(&bytes[..now]) {
                Ok(()) => bytes = &bytes[now..],
                Err(_) => self.broken = true,
            }
        }
    }

    fn put_down(&mut self, bytes: &[u8]) -> io::Result<()> {
        let segment = self.bytes / SEGMENT_BYTES;
        if self.bytes.is_multiple_of(SEGMENT_BYTES) {
            self.file = Some(create(&self.folder.join(segment.to_string()))?);
            if let Some(old) = segment.checked_sub(SEGMENTS) {
                fs::remove_file(self.folder.join(old.to_string()))?;
            }
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Part of what a run has said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The bytes, redacted.
    pub bytes: Vec<u8>,
    /// From which byte of all that it said.
    pub from: u64,
    /// Where to go on.
    pub next: u64,
    /// Nothing is shown yet, since it cannot be looked through for secrets: the vault is locked.
    pub withheld: bool,
}

/// What a run has said from there on, as much as stands in one segment; none when it does not run any more.
pub(crate) fn hear(
    _: &Permit<LookAtRuns>,
    state: &Path,
    id: Id<RunKind>,
    from: u64,
) -> Result<Option<Heard>, ExecError> {
    let folder = folder(state, id);
    let (mut from, mut segment) = (from, from / SEGMENT_BYTES);
    loop {
        let path = folder.join(segment.to_string());
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                let read = file
                    .seek(SeekFrom::Start(from % SEGMENT_BYTES))
                    .and_then(|_| file.take(SEGMENT_BYTES).read_to_end(&mut bytes));
                read.map_err(|error| ExecError::file("reading", &path, error))?;
                let next = from + bytes.len() as u64;
                return Ok(Some(Heard { bytes, from, next, withheld: false }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !folder.join("lock").exists() {
                    return Ok(None);
                }
                // Removed meanwhile, or not there yet.
                match first_after(&folder, segment) {
                    Some(first) => (segment, from) = (first, first * SEGMENT_BYTES),
                    None => {
                        let withheld = folder.join(WITHHELD).exists();
                        return Ok(Some(Heard { bytes: Vec::new(), from, next: from, withheld }));
                    }
                }
            }
            Err(error) => return Err(ExecError::file("reading", &path, error)),
        }
    }
}

/// The processes of a run; none when it does not run any more, or nobody can tell which they are.
pub(crate) fn processes(_: &Permit<LookAtRuns>, state: &Path, id: Id<RunKind>) -> Option<Processes> {
    processes::below(&fs::read_to_string(folder(state, id).join(PROCESS)).ok()?)
}

fn first_after(folder: &Path, segment: u64) -> Option<u64> {
    let names = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.parse().ok()).filter(|number| *number > segment).min()
}

/// Asks a run to end, or makes it when it was asked before. Says whether there is one.
pub(crate) fn cancel(started: &Started<CancelRun>, state: &Path) -> Result<bool, ExecError> {
    let folder = folder(state, started.act().id);
    for word in ASKED {
        let path = folder.join(word);
        match OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(ExecError::file("writing", &path, error)),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_segments_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut said =
            Said { folder: folder.path().to_owned(), bytes: 0, file: None, shown: false, broken: false };
        let piece = vec![b'x'; 700_000];
        for _ in 0..20 {
            said.push(&piece);
        }
        let total = 20 * piece.len() as u64;
        assert_eq!((said.bytes, said.broken), (total, false));
        let mut kept: Vec<u64> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().parse().unwrap())
            .collect();
        kept.sort_unstable();
        let last = (total - 1) / SEGMENT_BYTES;
        assert_eq!(kept, (last + 1 - SEGMENTS..=last).collect::<Vec<_>>());
        assert_eq!(first_after(folder.path(), 0), Some(kept[0]));
    }

    #[test]
    fn a_run_hears_both_words_and_dead_ones_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let (live, dead) = (folder.path().join("live"), folder.path().join("dead"));
        for path in [&live, &dead] {
            fs::create_dir(path).unwrap();
            create(&path.join("lock")).unwrap();
        }
        let lock = File::open(live.join("lock")).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        sweep(folder.path());
        assert!(live.exists() && !dead.exists());
        let (stop, over) = (Stop::new(), AtomicBool::new(false));
        fs::write(live.join("stop"), "").unwrap();
        thread::scope(|scope| {
            scope.spawn(|| listen(&live, &over, &stop));
            while !stop.is_wanted() {
                thread::yield_now();
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}
