//! What a run says, on its way to whoever listens: values of secrets are replaced before anybody sees them.

use crate::said::{Copy, Keeper};
use keep_redact::{Redactor, Stream, Withheld};
use keep_sandbox::Said;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;
/// After this much silence, what was held back because a value might follow is shown: a question that a
/// program asks would else wait for its own answer. The record is not made from what is shown then.
const SILENCE_NS: i64 = 100_000_000;
/// How often it is looked whether what is said can be looked through by now.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often new sizes of the terminal are looked for.
const LOOK_NS: i64 = 100_000_000;

/// What was said.
pub(super) struct Pumped(Copy);

impl Pumped {
    pub(super) fn copy(self) -> Copy {
        self.0
    }
}

/// What replaces values in what is said, now and later: a vault that is locked may be unlocked meanwhile.
#[derive(Clone)]
pub(crate) struct Cleaning {
    /// What replaces them now, or why nothing can.
    pub(crate) now: Result<Redactor, Withheld>,
    /// Looks again.
    pub(crate) later: Arc<dyn Fn() -> Result<Redactor, Withheld> + Send + Sync>,
}

/// Takes what is shown to those who look on.
type Onlookers = Box<dyn FnMut(&[u8]) + Send>;

/// Who hears what is said.
pub(super) struct Ears {
    /// Whoever started the run.
    pub(super) there: Box<dyn Write + Send>,
    /// Those who look on, who are shown nothing that could not be looked through.
    pub(super) here: Onlookers,
}

impl Ears {
    fn hand_on(&mut self, bytes: &[u8]) -> io::Result<()> {
        hand_on(&mut self.there, bytes)?;
        (self.here)(bytes);
        Ok(())
    }
}

/// Hands on what is said until there is no more, and keeps some.
pub(super) fn said(mut said: Said, mut ears: Ears, cleaning: &Cleaning, kept: usize) -> Pumped {
    match &cleaning.now {
        Ok(clean) => Pumped(cleaned(&mut said, &mut ears, clean, kept)),
        Err(_) => Pumped(withheld(&mut said, &mut ears, cleaning, kept)),
    }
}

/// Values are replaced before anybody hears of them.
fn cleaned(said: &mut Said, ears: &mut Ears, clean: &Redactor, kept: usize) -> Copy {
    let mut shown = (!clean.is_empty()).then(|| Shown::new(clean));
    let mut record = Record::new(clean, kept);
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    let mut ready = Vec::new();
    loop {
        if let Some(shown) = shown.as_mut().filter(|shown| shown.holds)
            && !waits(said.file(), SILENCE_NS)
        {
            ready.clear();
            shown.flush(clean, &mut ready);
            if ears.hand_on(&ready).is_err() {
                break;
            }
        }
        let Ok(count @ 1..) = said.read(&mut piece) else { break };
        let raw = &piece[..count];
        record.push(raw);
        let handed = match &mut shown {
            Some(shown) => {
                ready.clear();
                shown.push(raw, &mut ready);
                ears.hand_on(&ready)
            }
            None => ears.hand_on(raw),
        };
        // Nobody listens any more. The run is told as any program is: its pipe is closed.
        if handed.is_err() {
            break;
        }
    }
    if let Some(mut shown) = shown {
        ready.clear();
        shown.flush(clean, &mut ready);
        // As above; what is kept is kept all the same.
        let _ = ears.hand_on(&ready);
    }
    record.finish()
}

/// Whoever started the run hears what is said as it is; nobody else hears anything, and nothing is kept, until it
/// can be looked through, and then all of it from its beginning.
fn withheld(said: &mut Said, ears: &mut Ears, cleaning: &Cleaning, kept: usize) -> Copy {
    let mut past = Past::new(kept);
    let mut late: Option<Late> = None;
    let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
    let mut looked: Option<Instant> = None;
    loop {
        if late.is_none() && looked.is_none_or(|at| at.elapsed() >= LOOK_AGAIN) {
            looked = Some(Instant::now());
            late = Late::once_it_can(cleaning, &mut past, kept, &mut ears.here);
        }
        if late.is_none() && !waits(said.file(), LOOK_NS) {
            continue;
        }
        if let Some(late) = late.as_mut().filter(|late| late.shown.holds)
            && !waits(said.file(), SILENCE_NS)
        {
            late.flush(&mut ears.here);
        }
        let Ok(count @ 1..) = said.read(&mut piece) else { break };
        let raw = &piece[..count];
        match &mut late {
            Some(late) => late.push(raw, &mut ears.here),
            None => past.push(raw),
        }
        if hand_on(&mut ears.there, raw).is_err() {
            break;
        }
    }
    let late = late.or_else(|| Late::once_it_can(cleaning, &mut past, kept, &mut ears.here));
    match late {
        Some(mut late) => {
            late.flush(&mut ears.here);
            late.record.finish()
        }
        None => {
            let why = match &cleaning.now {
                Err(why) => why.reason.as_str(),
                Ok(_) => "it could not be looked through for secrets",
            };
            Copy { kept: format!("(withheld: {why})").into_bytes(), bytes: past.bytes, digest: None }
        }
    }
}

/// What was said while nothing could be looked through: all of it, or nothing where it is too much.
struct Past {
    most: usize,
    said: Option<Zeroizing<Vec<u8>>>,
    bytes: u64,
}

impl Past {
    fn new(most: usize) -> Self {
        // All the memory that is ever needed, so that growing leaves no copy behind that is not wiped.
        Self { most, said: Some(Zeroizing::new(Vec::with_capacity(most))), bytes: 0 }
    }

    fn push(&mut self, raw: &[u8]) {
        self.bytes += raw.len() as u64;
        // Of a part, nobody could tell where a value begins.
        match &mut self.said {
            Some(said) if said.len() + raw.len() <= self.most => said.extend_from_slice(raw),
            said => *said = None,
        }
    }
}

/// What is said can be looked through at last.
struct Late {
    clean: Redactor,
    shown: Shown,
    record: Record,
}

impl Late {
    fn once_it_can(
        cleaning: &Cleaning,
        past: &mut Past,
        kept: usize,
        here: &mut dyn FnMut(&[u8]),
    ) -> Option<Self> {
        past.said.as_ref()?;
        let clean = (cleaning.later)().ok()?;
        let said = past.said.take()?;
        let mut late = Self { shown: Shown::new(&clean), record: Record::new(&clean, kept), clean };
        late.push(&said, here);
        Some(late)
    }

    fn push(&mut self, raw: &[u8], here: &mut dyn FnMut(&[u8])) {
        self.record.push(raw);
        let mut ready = Vec::new();
        self.shown.push(raw, &mut ready);
        here(&ready);
    }

    fn flush(&mut self, here: &mut dyn FnMut(&[u8])) {
        let mut ready = Vec::new();
        self.shown.flush(&self.clean, &mut ready);
        here(&ready);
    }
}

/// What is kept, without values.
struct Record {
    stream: Option<Stream>,
    keeper: Keeper,
    redacted: Vec<u8>,
}

impl Record {
    fn new(clean: &Redactor, kept: usize) -> Self {
        let stream = (!clean.is_empty()).then(|| clean.stream());
        Self { stream, keeper: Keeper::new(kept), redacted: Vec::new() }
    }

    fn push(&mut self, raw: &[u8]) {
        match &mut self.stream {
            Some(stream) => {
                self.redacted.clear();
                stream.push(raw, &mut self.redacted);
                self.keeper.push(&self.redacted);
            }
            None => self.keeper.push(raw),
        }
    }

    fn finish(mut self) -> Copy {
        if let Some(stream) = self.stream {
            self.redacted.clear();
            stream.finish(&mut self.redacted);
            self.keeper.push(&self.redacted);
        }
        self.keeper.finish()
    }
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
