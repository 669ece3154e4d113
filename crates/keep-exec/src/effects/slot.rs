//! How many runs there are at a time, over all processes, and whose turn is next.
//!
//! Nobody hands out turns: whoever wants one looks, under one lock, at who holds which and at who waited before. A
//! turn and a place in the queue are files that are locked for as long as their process lives, so nothing is left of
//! one that was killed.

use crate::acts::RunCommand;
use crate::error::ExecError;
use keep_gate::Permit;
use keep_types::{Duration, Principal, PrincipalKind};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration as Span, Instant, SystemTime};

/// How often it is looked whether a run has ended.
const LOOK: Span = Span::from_millis(50);
/// Longest text of a holder: a principal's name is shorter.
const MOST_BYTES: u64 = 512;
/// The folder of those that wait, beside the turns.
const QUEUE: &str = "queue";

/// How many there may be, whose turn it is to be, and how long one waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) most: usize,
    pub(crate) whose: Principal,
    pub(crate) patience: Duration,
}

/// A run's turn; it is over when this is dropped, or its process ends.
#[derive(Debug)]
pub(crate) struct Slot {
    _held: File,
}

/// A place in the queue, given up when this is dropped.
struct Ticket {
    path: PathBuf,
    _held: File,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // One that stays is nobody's, since its lock goes; whoever looks next removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Who holds what, as seen under the lock.
struct Seen {
    /// The principals of those that hold a turn.
    holders: Vec<String>,
}

/// How many turns one principal may hold: a program leaves a quarter of all to others.
fn share(most: usize, who: &str) -> usize {
    if is_person(who) { most } else { (most * 3 / 4).max(1) }
}

/// How many turns there are for this kind: some are kept for people, where there are enough.
fn open_to(most: usize, who: &str) -> usize {
    let kept = if most < 4 { 0 } else { (most / 8).max(1) };
    if is_person(who) { most } else { most - kept }
}

fn is_person(who: &str) -> bool {
    who.parse::<Principal>().is_ok_and(|who| who.kind() == PrincipalKind::User)
}

impl Seen {
    /// Why somebody cannot have a turn now: how many run; nothing when they can.
    fn full(&self, most: usize, who: &str) -> Option<usize> {
        let all = self.holders.len();
        let own = self.holders.iter().filter(|holder| *holder == who).count();
        if own >= share(most, who) { Some(own) } else { (all >= open_to(most, who)).then_some(all) }
    }
}

/// Waits for a turn. Whoever waits is told so once, with how many run already.
pub(crate) async fn slot(
    _: &Permit<RunCommand>,
    state: &Path,
    waiting: Waiting,
    waits: &mut (dyn FnMut(usize) + Send),
) -> Result<Slot, ExecError> {
    turn(&state.join("slots"), &waiting, waits).await
}

async fn turn(
    folder: &Path,
    waiting: &Waiting,
    waits: &mut (dyn FnMut(usize) + Send),
) -> Result<Slot, ExecError> {
    keep_db::create_private_folder(folder)?;
    keep_db::create_private_folder(&folder.join(QUEUE))?;
    let begun = Instant::now();
    let patience = Span::from_millis(waiting.patience.ms());
    let who = waiting.whose.to_string();
    let mut ticket = None;
    loop {
        let full = match look(folder, waiting.most.max(1), &who, ticket.as_ref())? {
            Look::Turn(slot) => return Ok(slot),
            Look::Full(running) => running,
        };
        if begun.elapsed() >= patience {
            return Err(ExecError::Busy { limit: waiting.most, waited: waiting.patience });
        }
        if ticket.is_none() {
            ticket = Some(queue(folder, &who)?);
            waits(full);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What there is for whoever looks.
enum Look {
    Turn(Slot),
    /// None, and how many run.
    Full(usize),
}

fn look(folder: &Path, most: usize, who: &str, ticket: Option<&Ticket>) -> Result<Look, ExecError> {
    // Two that look at one time would both see the same turn free, and neither the other's name.
    let _alone = alone(folder)?;
    let mut seen = Seen { holders: Vec::new() };
    let mut free = None;
    for number in 0..most {
        let path = folder.join(number.to_string());
        match taken(&path)? {
            Some(holder) => seen.holders.push(holder),
            None => free = free.or(Some(path)),
        }
    }
    if let Some(running) = seen.full(most, who) {
        return Ok(Look::Full(running));
    }
    let Some(path) = free else { return Ok(Look::Full(seen.holders.len())) };
    // Who waited longer and could go now goes first; who could not is not waited for.
    if waiting_before(folder, ticket)?.iter().any(|waiter| seen.full(most, waiter).is_none()) {
        return Ok(Look::Full(seen.holders.len()));
    }
    let mut file = opened(&path)?;
    lock(&file, FlockOperation::NonBlockingLockExclusive, &path)?;
    write(&mut file, &path, who)?;
    Ok(Look::Turn(Slot { _held: file }))
}

/// Those that began to wait before somebody, or before now, the first first.
fn waiting_before(folder: &Path, ticket: Option<&Ticket>) -> Result<Vec<String>, ExecError> {
    let queue = folder.join(QUEUE);
    let failed = |error| ExecError::file("reading", &queue, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&queue).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    let mut before = Vec::new();
    for path in paths {
        if ticket.is_some_and(|own| own.path <= path) {
            break;
        }
        match taken(&path)? {
            Some(who) => before.push(who),
            // Of a process that is gone.
            None => drop(fs::remove_file(&path)),
        }
    }
    Ok(before)
}

/// Takes a place at the end of the queue.
fn queue(folder: &Path, who: &str) -> Result<Ticket, ExecError> {
    let _alone = alone(folder)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    // So many digits that names sort as numbers do.
    let path = (0u32..)
        .map(|number| folder.join(QUEUE).join(format!("{now:030}-{number:04}")))
        .find(|path| !path.exists())
        .unwrap_or_default();
    let mut file = opened(&path)?;
    lock(&file, FlockOperation::NonBlockingLockExclusive, &path)?;
    write(&mut file, &path, who)?;
    Ok(Ticket { path, _held: file })
}

/// Who holds a file, if anybody does.
fn taken(path: &Path) -> Result<Option<String>, ExecError> {
    let failed = |error| ExecError::file("reading", path, error);
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(None),
        Err(Errno::WOULDBLOCK) => {
            let mut who = String::new();
            file.take(MOST_BYTES).read_to_string(&mut who).map_err(failed)?;
            Ok(Some(who))
        }
        Err(error) => Err(ExecError::file("locking", path, error.into())),
    }
}

/// Nobody else looks meanwhile. It is held for a few calls, so it is waited for.
fn alone(folder: &Path) -> Result<File, ExecError> {
    let path = folder.join("turn");
    let file = opened(&path)?;
    lock(&file, FlockOperation::LockExclusive, &path)?;
    Ok(file)
}

fn opened(path: &Path) -> Result<File, ExecError> {
    let opened =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path);
    opened.map_err(|error| ExecError::file("opening", path, error))
}

fn lock(file: &File, how: FlockOperation, path: &Path) -> Result<(), ExecError> {
    flock(file, how).map_err(|error| ExecError::file("locking", path, error.into()))
}

fn write(file: &mut File, path: &Path, who: &str) -> Result<(), ExecError> {
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(who.as_bytes()));
    written.map_err(|error| ExecError::file("writing", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(who: &str, patience_ms: u64) -> Waiting {
        Waiting { most: 8, whose: who.parse().unwrap(), patience: Duration::from_ms(patience_ms) }
    }

    /// A turn at once, or none.
    async fn at_once(folder: &Path, who: &str) -> Option<Slot> {
        turn(folder, &waiting(who, 0), &mut |_| {}).await.ok()
    }

    async fn all_of(folder: &Path, who: &str) -> Vec<Slot> {
        let mut held = Vec::new();
        while let Some(slot) = at_once(folder, who).await {
            held.push(slot);
        }
        held
    }

    #[tokio::test]
    async fn nobody_holds_all_but_people() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        let a = all_of(folder, "agent:a").await;
        let b = all_of(folder, "agent:b").await;
        let ann = all_of(folder, "user:ann").await;
        assert_eq!((a.len(), b.len(), ann.len()), (6, 1, 1));
        drop((a, b));
        assert_eq!(all_of(folder, "user:ann").await.len(), 7);
    }

    #[tokio::test]
    async fn who_waited_first_goes_first_if_they_can() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        let mut a = all_of(folder, "agent:a").await;
        let b = at_once(folder, "agent:b").await.unwrap();
        let of_a = queue(folder, "agent:a").unwrap();
        let of_b = queue(folder, "agent:b").unwrap();
        // What is kept for people is free, and no program has it; a person does not wait for those that cannot go.
        assert!(at_once(folder, "agent:c").await.is_none());
        let ann = at_once(folder, "user:ann").await;
        assert!(ann.is_some());
        drop(b);
        // One of eight is free again, but it is the one that people have to find.
        assert!(at_once(folder, "agent:c").await.is_none());
        drop(ann);
        // `agent:a` holds its share, so its earlier place holds nobody up; `agent:b` does hold up who comes later.
        assert!(matches!(look(folder, 8, "agent:c", None).unwrap(), Look::Full(_)));
        drop(of_b);
        let c = at_once(folder, "agent:c").await;
        assert!(c.is_some());
        drop(c);
        a.truncate(5);
        assert!(at_once(folder, "agent:c").await.is_none(), "the other's turn was taken");
        let Look::Turn(turn) = look(folder, 8, "agent:a", Some(&of_a)).unwrap() else {
            panic!("it waits on")
        };
        drop(turn);
        drop(of_a);
        assert!(at_once(folder, "agent:c").await.is_some());
    }
}
