//! Opens the streams of a command: the ends that it gets, and those that the caller keeps.

use crate::command::{Stream, Streams};
use crate::error::SandboxError;
use crate::running::Ends;
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use std::os::fd::OwnedFd;

/// The three ends of the command, and the caller's.
pub(crate) struct Opened {
    pub(crate) theirs: [OwnedFd; 3],
    pub(crate) ours: Ends,
    pub(crate) terminal: bool,
}

pub(crate) fn open(streams: Streams) -> Result<Opened, SandboxError> {
    match streams {
        Streams::Three { input, output, error } => {
            let (reads, input) = one(input, Way::In)?;
            let (says, output) = one(output, Way::Out)?;
            let (errs, error) = one(error, Way::Out)?;
            let ours = Ends { input, output, error, terminal: None };
            Ok(Opened { theirs: [reads, says, errs], ours, terminal: false })
        }
        Streams::Terminal { rows, columns } => terminal(rows, columns),
    }
}

fn nothing() -> Result<OwnedFd, SandboxError> {
    rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(SandboxError::doing("open /dev/null"))
}

fn pipe() -> Result<(OwnedFd, OwnedFd), SandboxError> {
    let (read, write) = std::io::pipe().map_err(SandboxError::doing("make a pipe"))?;
    Ok((read.into(), write.into()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// The command's end of a stream, and the caller's if it has one.
fn one(stream: Stream, way: Way) -> Result<(OwnedFd, Option<OwnedFd>), SandboxError> {
    Ok(match stream {
        Stream::Nothing => (nothing()?, None),
        Stream::Given(given) => (given, None),
        Stream::Pipe => {
            let (read, write) = pipe()?;
            if way == Way::In { (read, Some(write)) } else { (write, Some(read)) }
        }
    })
}

fn terminal(rows: u16, columns: u16) -> Result<Opened, SandboxError> {
    let doing = || SandboxError::doing("open a terminal");
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = rustix::pty::openpt(flags).map_err(doing())?;
    rustix::pty::grantpt(&ours).map_err(doing())?;
    rustix::pty::unlockpt(&ours).map_err(doing())?;
    // By descriptor and not by path: what lies at the path may be another terminal.
    let theirs = rustix::pty::ioctl_tiocgptpeer(&ours, flags).map_err(doing())?;
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&ours, size).map_err(doing())?;
    let copy = |end: &OwnedFd| end.try_clone().map_err(SandboxError::doing("open a terminal"));
    let all = [copy(&theirs)?, copy(&theirs)?, theirs];
    let ours = Ends { terminal: Some(ours), ..Ends::default() };
    Ok(Opened { theirs: all, ours, terminal: true })
}
