//! The checkpoint: the last signed head, in a file outside the database. It is a lower bound: the
//! database must extend it, and it never goes back within an epoch.

use crate::error::{Forgery, LedgerError};
use crate::keys::{KeyChain, with_suffix};
use crate::merkle::{empty_root, root_at};
use crate::note::{MAX_NOTE_BYTES, SignedHead};
use crate::rows::count_by_last;
use crate::state::TreeState;
use crate::tree::StoredTree;
use rusqlite::Connection;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind as IoKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a process waits for another one that writes the checkpoint; writing takes milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// What lies in the state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Missing,
    Damaged(Forgery),
    Note { text: String, head: Box<SignedHead> },
}

impl Stored {
    pub(crate) fn head(&self) -> Option<&SignedHead> {
        match self {
            Self::Note { head, .. } => Some(head),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Note { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// Reads the checkpoint file.
pub(crate) fn read(path: &Path) -> Result<Stored, LedgerError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == IoKind::NotFound => return Ok(Stored::Missing),
        Err(error) => return Err(LedgerError::file("reading the checkpoint", path, error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_NOTE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| LedgerError::file("reading the checkpoint", path, e))?;
    let damaged = |why: &str| Stored::Damaged(Forgery::BadCheckpoint { why: why.to_owned() });
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(damaged("it is not text"));
    };
    Ok(match SignedHead::parse(&text) {
        Ok(head) => Stored::Note { text, head: Box::new(head) },
        Err(error) => Stored::Damaged(Forgery::bad_note(&error)),
    })
}

/// The lock under which the checkpoint is written; the system lets go of it when its holder dies.
pub(crate) fn lock(path: &Path) -> Result<File, LedgerError> {
    let lock = with_suffix(path, "lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock)
        .map_err(|e| LedgerError::file("opening the lock", &lock, e))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Err(LedgerError::CheckpointBusy(lock)),
            Err(TryLockError::Error(error)) => {
                return Err(LedgerError::file("locking", &lock, error));
            }
        }
    }
}

/// Checks that the database extends a signed head: of this log, signed by the key in force then, not
/// longer than the ledger, and over the same records.
pub(crate) fn check_extends(
    sql: &Connection,
    state: &TreeState,
    chain: &KeyChain,
    signed: &SignedHead,
) -> Result<(), LedgerError> {
    let head = &signed.head;
    if head.origin != *state.origin {
        return Err(Forgery::ForeignLog { found: head.origin.clone() }.into());
    }
    chain.check(signed)?;
    let size = state.frontier.size();
    if head.size > size || head.epoch > state.epoch {
        return Err(Forgery::RolledBack { size, checkpoint: head.size }.into());
    }
    let root = if head.size == 0 {
        empty_root()
    } else if head.size == size {
        state.frontier.root()
    } else {
        root_at(&mut StoredTree::new(sql), head.size)?
    };
    if root == head.root { Ok(()) } else { Err(Forgery::Forked { from: 0, to: head.size }.into()) }
}

/// Checks what the database says of itself and to the checkpoint, without reading all of it.
pub(crate) fn check_open(
    sql: &Connection,
    state: &TreeState,
    chain: &KeyChain,
    stored: &Stored,
) -> Result<(), LedgerError> {
    let size = state.frontier.size();
    let present = count_by_last(sql)?;
    if !state.sound {
        return Err(Forgery::StateEdited { size: present }.into());
    }
    if present < size {
        return Err(Forgery::Truncated { kept: present, expected: size }.into());
    }
    if present > size {
        return Err(Forgery::Inserted { seq: size }.into());
    }
    if chain.0.last().is_none_or(|known| known.public != state.key) {
        return Err(Forgery::StateEdited { size }.into());
    }
    match stored {
        Stored::Missing => Err(Forgery::Unanchored { size }.into()),
        Stored::Damaged(forgery) => Err(forgery.clone().into()),
        Stored::Note { head, .. } => check_extends(sql, state, chain, head),
    }
}
