//! What a server needs of the process it runs in: where to say things, when to end, and that it is the only
//! one of its installation.

use super::failure::Failure;
use super::text::visible;
use keep_server::Log;
use rustix::fs::{FlockOperation, Mode, OFlags};
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// The file that says who serves an installation.
const HOLDER: &str = "server";
/// What stands there is a line.
const MAX_HOLDER_BYTES: u64 = 1_024;

/// Says what the server did on standard error, where a service manager keeps it.
pub(crate) struct StderrLog;

impl Log for StderrLog {
    fn line(&self, text: &str) {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{}", visible(text));
    }
}

/// Comes about with Ctrl-C or when the service manager ends the program. A second one kills it as ever.
pub(crate) fn ended() -> Result<impl Future<Output = ()>, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {
                // The terminal has written ^C; what is said next begins on a line of its own. A closed stderr leaves
                // nobody to tell.
                if std::io::stderr().is_terminal() {
                    let _ = writeln!(std::io::stderr());
                }
            }
            _ = terminate.recv() => {}
        }
    })
}

/// That this process serves an installation. Another one that tries is told who does.
pub(crate) struct Holder {
    file: File,
    path: PathBuf,
}

impl Holder {
    pub(crate) fn take(state: &Path) -> Result<Self, Failure> {
        let path = state.join(HOLDER);
        let failed = |error: rustix::io::Errno| Failure::file("opening", &path, error.into());
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
        let mut file = File::from(file);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { file, path }),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut who = String::new();
                let read = Read::by_ref(&mut file).take(MAX_HOLDER_BYTES).read_to_string(&mut who);
                read.map_err(|e| Failure::file("reading", &path, e))?;
                let by = who.lines().next().unwrap_or_default().to_owned();
                let pid = by.split_whitespace().nth(1).and_then(|word| word.parse().ok());
                Err(Failure::Served { by, pid })
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The dashboard of whoever serves this installation now; none where nobody does.
    pub(crate) fn dashboard(state: &Path) -> Result<Option<String>, Failure> {
        let path = state.join(HOLDER);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file("opening", &path, error)),
        };
        // Who serves holds the lock; a file that is left over is locked by nobody.
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
            return Ok(None);
        }
        let mut text = String::new();
        let read = Read::by_ref(&mut file).take(MAX_HOLDER_BYTES).read_to_string(&mut text);
        read.map_err(|e| Failure::file("reading", &path, e))?;
        Ok(text.lines().nth(1).map(str::to_owned))
    }

    /// Writes down where this server is, for whoever comes second and for `keep open`.
    pub(crate) fn says(&mut self, address: &str, dashboard: &str) -> Result<(), Failure> {
        let line = format!("process {} at {address}\n{dashboard}\n", std::process::id());
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(line.as_bytes())
        };
        write(&mut self.file).map_err(|e| Failure::file("writing", &self.path, e))
    }
}
