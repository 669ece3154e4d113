//! What a run says, on its way to whoever listens: values of secrets are replaced before anybody sees them.

use crate::said::{Copy, Keeper};
use keep_redact::{Redactor, Stream, Withheld};
use keep_sandbox::Said;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use zeroize::Zeroizing;

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;
/// After this much silence, what was held back because a value might follow is shown: a question that a
/// program asks would else wait for its own answer. The record is not made from what is shown then.
const SILENCE_NS: i64 = 100_000_000;
/// How often new sizes of the terminal are looked for.
const LOOK_NS: i64 = 100_000_000;

/// What was said.
pub(super) struct Pumped(Copy);

impl Pumped {
    pub(super) fn copy(self) -> Copy {
        self.0
    }
}

/// Hands on what is said until there is no more, and keeps some.
pub(super) fn said(
    mut said: Said,
    mut sink: Box<dyn Write + Send>,
    redactor: &Result<Redactor, Withheld>,
    kept: usize,
) -> Pumped {
    let clean = redactor.clone().unwrap_or_default();
    let mut shown = (!clean.is_empty()).then(|| Shown::new(&clean));
    let mut record = (!clean.is_empty()).then(|| clean.stream());
    let mut keeper = Keeper::new(kept);
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    let (mut ready, mut redacted) = (Vec::new(), Vec::new());
    loop {
        if let Some(shown) = shown.as_mut().filter(|shown| shown.holds) {
            if !waits(said.file(), SILENCE_NS) {
                ready.clear();
                shown.flush(&clean, &mut ready);
                if hand_on(&mut sink, &ready).is_err() {
                    break;
                }
            }
        }
        let Ok(count @ 1..) = said.read(&mut piece) else { break };
        let raw = &piece[..count];
        match &mut record {
            Some(record) => {
                redacted.clear();
                record.push(raw, &mut redacted);
                keeper.push(&redacted);
            }
            None => keeper.push(raw),
        }
        let handed = match &mut shown {
            Some(shown) => {
                ready.clear();
                shown.push(raw, &mut ready);
                hand_on(&mut sink, &ready)
            }
            None => hand_on(&mut sink, raw),
        };
        // Nobody listens any more. The run is told as any program is: its pipe is closed.
        if handed.is_err() {
            break;
        }
    }
    if let Some(mut shown) = shown {
        ready.clear();
        shown.flush(&clean, &mut ready);
        // As above; what is kept is kept all the same.
        let _ = hand_on(&mut sink, &ready);
    }
    if let Some(record) = record {
        redacted.clear();
        record.finish(&mut redacted);
        keeper.push(&redacted);
    }
    let mut copy = keeper.finish();
    if let Err(why) = redactor {
        copy.kept = format!("(withheld: {})", why.reason).into_bytes();
        copy.digest = None;
    }
    Pumped(copy)
}

/// What is shown, redacted on the way.
struct Shown {
    stream: Stream,
    /// Whether something may be held back.
    holds: bool,
}

impl Shown {
    fn new(redactor: &Redactor) -> Self {
        Self { stream: redactor.stream(), holds: false }
    }

    fn push(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        self.stream.push(raw, out);
        self.holds = true;
    }

    fn flush(&mut self, redactor: &Redactor, out: &mut Vec<u8>) {
        std::mem::replace(&mut self.stream, redactor.stream()).finish(out);
        self.holds = false;
    }
}

fn hand_on(sink: &mut Box<dyn Write + Send>, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    sink.write_all(bytes)?;
    sink.flush()
}

/// Whether there is something to read within this time; where nobody can tell, reading tells.
fn waits(file: &File, ns: i64) -> bool {
    let mut fds = [PollFd::new(file, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: ns })).map_or(true, |ready| ready > 0)
}

/// What is typed, on its way to the run.
pub(super) struct Typing {
    over: PipeWriter,
    thread: JoinHandle<()>,
}

impl Typing {
    /// Takes no more, so that what is typed next is for whoever asks next.
    pub(super) fn end(self) {
        drop(self.over);
        // It has nothing to say.
        let _ = self.thread.join();
    }
}

/// Hands on what is typed, and what becomes of the terminal's size.
pub(super) fn typed(from: File, into: File, sizes: Option<Receiver<(u16, u16)>>) -> io::Result<Typing> {
    let (ended, over) = io::pipe()?;
    let thread = thread::spawn(move || {
        let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
        loop {
            if let Some(sizes) = &sizes {
                for (rows, columns) in sizes.try_iter() {
                    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
                    // A run whose terminal is gone needs no size.
                    let _ = tcsetwinsize(&into, size);
                }
            }
            let mut fds =
                [PollFd::from_borrowed_fd(from.as_fd(), PollFlags::IN), PollFd::new(&ended, PollFlags::IN)];
            let patience = sizes.as_ref().map(|_| Timespec { tv_sec: 0, tv_nsec: LOOK_NS });
            match poll(&mut fds, patience.as_ref()) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) if fds[1].revents().is_empty() => {}
                Ok(_) | Err(_) => return,
            }
            match (&from).read(&mut piece) {
                Ok(count @ 1..) => {
                    if (&into).write_all(&piece[..count]).is_err() {
                        return;
                    }
                }
                // The end of what is typed is the end of what is read.
                Ok(0) if sizes.is_none() => return,
                Ok(0) | Err(_) => return,
            }
        }
    });
    Ok(Typing { over, thread })
}
