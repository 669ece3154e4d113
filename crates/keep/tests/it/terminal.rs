//! A terminal of a person's own, and a program at it.

use crate::home::Said;
use pty_process::Size;
use pty_process::blocking::{Command as AtTerminal, Pty, open};
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take before a test says that a question was never answered.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long what a program has left behind may keep its terminal open after it.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// How often to see whether the run is worth waiting for.
const LOOK: Duration = Duration::from_millis(10);

/// What happens at a terminal.
enum Event {
    Shown(Vec<u8>),
    /// Nobody has it open any more.
    Closed,
    Ended(ExitStatus),
}

pub(crate) struct Terminal {
    pty: Arc<Pty>,
    pid: u32,
    events: Receiver<Event>,
    heard: Vec<u8>,
    /// How much of that was looked at.
    seen: usize,
    closed: bool,
    ended: Option<ExitStatus>,
    start: Instant,
}

impl Terminal {
    /// Starts the command at a terminal that shows nothing of what is typed.
    pub(crate) fn start(command: Command) -> Self {
        let (pty, pts) = open().expect("a terminal can be had");
        pty.resize(Size::new(40, 120)).unwrap();
        let mut manners = rustix::termios::tcgetattr(&pty).unwrap();
        manners.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&pty, rustix::termios::OptionalActions::Now, &manners).unwrap();
        let child = AtTerminal::from(command).spawn(pts).expect("the program starts");
        let (pty, pid) = (Arc::new(pty), child.id());
        let (send, events) = channel();
        let (shown, shows) = (send.clone(), Arc::clone(&pty));
        thread::spawn(move || listen(&shows, &shown));
        thread::spawn(move || await_end(child, &send));
        Self {
            pty,
            pid,
            events,
            heard: Vec::new(),
            seen: 0,
            closed: false,
            ended: None,
            start: Instant::now(),
        }
    }

    pub(crate) fn type_in(&self, text: &str) {
        // A program that has ended needs no answer.
        let _ = (&*self.pty).write_all(text.as_bytes());
    }

    /// Waits for a question; `false` when the program ends without it, or is not worth waiting for.
    pub(crate) fn shows(&mut self, question: &str, spoiled: &dyn Fn() -> bool) -> bool {
        loop {
            let unseen = &self.heard[self.seen..];
            if let Some(at) = unseen.windows(question.len()).position(|text| text == question.as_bytes()) {
                self.seen += at + question.len();
                return true;
            }
            if self.closed || self.ended.is_some() && !self.hear(AFTERWARDS) || spoiled() {
                return false;
            }
            self.wait();
        }
    }

    /// Waits for the end; none when the run is not worth waiting for, which ends it.
    pub(crate) fn end(mut self, spoiled: &dyn Fn() -> bool) -> Option<Said> {
        while self.ended.is_none() {
            if spoiled() {
                self.kill();
                return None;
            }
            self.wait();
        }
        while !self.closed && self.hear(AFTERWARDS) {}
        let code = self.ended.and_then(|status| status.code()).unwrap_or(-1);
        Some(Said { code, out: String::from_utf8_lossy(&self.heard).into_owned(), err: String::new() })
    }

    /// Ends the program and all that it started at this terminal.
    fn kill(&self) {
        let group = rustix::process::Pid::from_raw(self.pid.cast_signed()).unwrap();
        // It may have ended by itself just now.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }

    fn wait(&mut self) {
        if self.start.elapsed() > PATIENCE {
            self.kill();
            panic!("the program waits for ever: {}", String::from_utf8_lossy(&self.heard));
        }
        self.hear(LOOK);
    }

    /// Takes the next event, and says whether there was one.
    fn hear(&mut self, patience: Duration) -> bool {
        match self.events.recv_timeout(patience) {
            Ok(Event::Shown(bytes)) => self.heard.extend(bytes),
            Ok(Event::Closed) => self.closed = true,
            Ok(Event::Ended(status)) => self.ended = Some(status),
            Err(_) => return false,
        }
        true
    }
}

fn listen(mut pty: &Pty, events: &Sender<Event>) {
    let mut piece = [0; 4_096];
    // Reading fails once nobody has the other side open.
    while let Ok(count @ 1..) = pty.read(&mut piece) {
        let _ = events.send(Event::Shown(piece[..count].to_vec()));
    }
    let _ = events.send(Event::Closed);
}

fn await_end(mut child: Child, events: &Sender<Event>) {
    let _ = events.send(Event::Ended(child.wait().expect("a child can be waited for")));
}
