//! How many runs there are at a time, over all processes.

use crate::acts::RunCommand;
use crate::error::ExecError;
use keep_gate::Permit;
use keep_types::Duration;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration as Span, Instant};

/// How often it is looked whether a run has ended.
const LOOK: Span = Span::from_millis(50);

/// How many there may be, and how long one waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) most: usize,
    pub(crate) patience: Duration,
}

/// A run's turn; it is over when this is dropped, or its process ends.
#[derive(Debug)]
pub(crate) struct Slot {
    _held: File,
}

/// Waits for a turn. Whoever waits is told so once.
pub(crate) async fn slot(
    _: &Permit<RunCommand>,
    state: &Path,
    waiting: Waiting,
    waits: &mut (dyn FnMut(usize) + Send),
) -> Result<Slot, ExecError> {
    let folder = state.join("slots");
    keep_db::create_private_folder(&folder)?;
    let begun = Instant::now();
    let patience = Span::from_millis(waiting.patience.ms());
    let mut told = false;
    loop {
        if let Some(slot) = free(&folder, waiting.most)? {
            return Ok(slot);
        }
        if begun.elapsed() >= patience {
            return Err(ExecError::Busy { limit: waiting.most, waited: waiting.patience });
        }
        if !told {
            waits(waiting.most);
            told = true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn free(folder: &Path, most: usize) -> Result<Option<Slot>, ExecError> {
    for number in 0..most.max(1) {
        let path = folder.join(number.to_string());
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = opened.map_err(|error| ExecError::file("opening", &path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(Slot { _held: file })),
            Err(Errno::WOULDBLOCK) => {}
            Err(error) => return Err(ExecError::file("locking", &path, error.into())),
        }
    }
    Ok(None)
}
