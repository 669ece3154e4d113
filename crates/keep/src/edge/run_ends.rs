//! Where the streams of a run lead from here: to a terminal, to pipes and files, or into a JSON document.

use super::calm::Calm;
use super::failure::Failure;
use keep_exec::{Ends, Enter, Input, Stop};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::low_level::pipe;
use std::any::Any;
use std::fs::File;
use std::io::{IsTerminal, Read, Write, stderr, stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// How a program ends that Ctrl-C ends before its run has begun.
const INTERRUPTED: i32 = 130;

/// How what a run says is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunEnds {
    /// As it comes.
    Passed,
    /// Not at all: it comes with the result.
    Kept,
}

/// A run's streams, and the signals that end it.
pub(crate) struct Watched {
    pub(crate) ends: Ends,
    pub(crate) stop: Stop,
}

impl RunEnds {
    /// Readies everything; signals are listened to from here on.
    pub(crate) fn watched(self) -> Result<Watched, Failure> {
        let stop = Stop::new();
        listen_for_the_end(&stop).map_err(Failure::Signals)?;
        let ends = match self {
            Self::Kept => three(Box::new(std::io::sink()), Box::new(std::io::sink()))?,
            Self::Passed if stdin().is_terminal() && stdout().is_terminal() && stderr().is_terminal() => {
                terminal()?
            }
            Self::Passed => {
                three(calmed(stdout(), stdout().is_terminal()), calmed(stderr(), stderr().is_terminal()))?
            }
        };
        Ok(Watched { ends, stop })
    }
}

/// The first signal asks the run to end and the second makes it; before it has begun, at a question, the
/// first ends the program as ever.
fn listen_for_the_end(stop: &Stop) -> std::io::Result<()> {
    let (mut heard, hear) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        pipe::register(signal, hear.try_clone()?)?;
    }
    let stop = stop.clone();
    thread::spawn(move || {
        let mut byte = [0];
        while let Ok(1) = heard.read(&mut byte) {
            if !stop.stop() {
                std::process::exit(INTERRUPTED);
            }
        }
    });
    Ok(())
}

fn calmed<W: Write + Send + 'static>(stream: W, is_terminal: bool) -> Box<dyn Write + Send> {
    if is_terminal { Box::new(Calm::new(stream)) } else { Box::new(stream) }
}

fn three(output: Box<dyn Write + Send>, error: Box<dyn Write + Send>) -> Result<Ends, Failure> {
    let given = copy(stdin().as_fd(), "standard input")?;
    let input = if stdin().is_terminal() { Input::Typed(File::from(given)) } else { Input::Given(given) };
    Ok(Ends::Three { input, output, error })
}

fn copy(stream: std::os::fd::BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Failure> {
    stream.try_clone_to_owned().map_err(|error| Failure::file("opening", Path::new(name), error))
}

fn terminal() -> Result<Ends, Failure> {
    let (send, sizes) = channel();
    follow_size(send).map_err(Failure::Signals)?;
    let typed = File::from(copy(stdin().as_fd(), "standard input")?);
    let mine = File::from(copy(stdin().as_fd(), "standard input")?);
    let enter: Enter = Box::new(move || {
        let before = tcgetattr(&mine)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&mine, OptionalActions::Now, &raw)?;
        Ok(Box::new(Entered { terminal: mine, before }) as Box<dyn Any>)
    });
    Ok(Ends::Terminal { size: size(), typed, shown: Box::new(stdout()), sizes, enter })
}

/// Puts the terminal back as it was, however the run ends.
struct Entered {
    terminal: File,
    before: Termios,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // There is nobody to tell that this failed but the terminal itself.
        let _ = tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}

fn size() -> (u16, u16) {
    tcgetwinsize(stdout()).map_or((24, 80), |size| (size.ws_row, size.ws_col))
}

fn follow_size(send: Sender<(u16, u16)>) -> std::io::Result<()> {
    let (mut heard, hear) = UnixStream::pair()?;
    pipe::register(SIGWINCH, hear)?;
    thread::spawn(move || {
        let mut byte = [0];
        while let Ok(1) = heard.read(&mut byte) {
            if send.send(size()).is_err() {
                return;
            }
        }
    });
    Ok(())
}
