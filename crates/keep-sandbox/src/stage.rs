//! Starts the stage and talks with it.

use crate::error::SandboxError;
use crate::script::{Script, format as f};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The program, as the build made it.
pub(crate) const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stage"));

/// One started stage.
#[derive(Debug)]
pub(crate) struct Stage {
    line: Line,
    child: Mutex<Child>,
    process: u32,
}

/// The socket to a stage, wherever that runs.
#[derive(Debug)]
pub(crate) struct Line(OwnedFd);

/// What a stage says.
#[derive(Debug)]
pub(crate) enum Message {
    /// A step failed.
    Failed { step: u64, errno: i32 },
    /// The command runs.
    Started,
    /// The command ended, as `wait4` has it.
    Status(i32),
    /// All is over.
    Ended { why: u64, user_us: u64, system_us: u64, largest_kib: u64, status: i32 },
    /// The answer to a question.
    Value(i64),
    /// A socket made inside.
    Socket(OwnedFd),
}

/// A file in memory that can no longer change.
fn sealed(name: &str, content: &[u8], flags: MemfdFlags) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(name, flags | MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    file.write_all(content)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file.into())
}

/// The program in memory, put there once for each process.
fn program() -> Result<&'static OwnedFd, SandboxError> {
    static FILE: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(file) = FILE.get() {
        return Ok(file);
    }
    // Kernels before 6.3 do not know the flag, and every such file of theirs can be run.
    let made = sealed("keep-stage", PROGRAM, MemfdFlags::EXEC).or_else(|why| {
        if why.raw_os_error() == Some(Errno::INVAL.raw_os_error()) {
            sealed("keep-stage", PROGRAM, MemfdFlags::empty())
        } else {
            Err(why)
        }
    });
    let made = made.map_err(SandboxError::doing("put the stage into memory"))?;
    Ok(FILE.get_or_init(|| made))
}

impl Line {
    /// A pair of ends: ours, with a script and the descriptors that it counts on waiting in it, and the
    /// stage's, which is its standard input.
    pub(crate) fn pair(script: &Script, passed: &[BorrowedFd<'_>]) -> Result<(Self, OwnedFd), SandboxError> {
        let (ours, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .map_err(SandboxError::doing("make a socket pair"))?;
        Ok((Self::over(ours, script, passed)?, theirs))
    }

    /// Hands a script over a socket. That works before anybody is there to read it: it waits.
    pub(crate) fn over(
        socket: OwnedFd,
        script: &Script,
        passed: &[BorrowedFd<'_>],
    ) -> Result<Self, SandboxError> {
        let content = script.finish().ok_or(SandboxError::TooMuch)?;
        debug_assert_eq!(script.passed(), passed.len(), "each descriptor has its slot");
        let file = sealed("keep-script", &content, MemfdFlags::empty())
            .map_err(SandboxError::doing("put the script into memory"))?;
        let mut all = vec![file.as_fd()];
        all.extend_from_slice(passed);
        send(&socket, content.len() as u64, &all).map_err(SandboxError::doing("hand over the script"))?;
        Ok(Self(socket))
    }

    /// The next thing that the stage says; nothing when it is gone.
    pub(crate) fn next(&self) -> io::Result<Option<Message>> {
        self.receive(RecvFlags::CMSG_CLOEXEC)
    }

    /// The next thing that it said already; nothing when there is none.
    pub(crate) fn waiting(&self) -> io::Result<Option<Message>> {
        match self.receive(RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT) {
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => Ok(None),
            other => other,
        }
    }

    /// Whether nobody holds the other end any more.
    pub(crate) fn is_closed(&self) -> io::Result<bool> {
        match self.receive(RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT) {
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => Ok(false),
            other => other.map(|message| message.is_none()),
        }
    }

    fn receive(&self, flags: RecvFlags) -> io::Result<Option<Message>> {
        let mut bytes = [0_u8; f::MESSAGE_WORDS * 8];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let got = loop {
            match rustix::net::recvmsg(&self.0, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
                // Reset means that it ended while something that we sent was still unread. That is said
                // once; what it said before comes after.
                Err(Errno::INTR | Errno::CONNRESET) => {}
                other => break other?,
            }
        };
        if got.bytes == 0 {
            return Ok(None);
        }
        let passed = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut passed) => passed.next(),
            _ => None,
        });
        if let Some(socket) = passed {
            return Ok(Some(Message::Socket(socket)));
        }
        let mut words = [0_u64; f::MESSAGE_WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        let [kind, a, b, c, d, e, ..] = words;
        Ok(Some(match kind {
            f::SAYS_FAILED => Message::Failed { step: a, errno: b as i32 },
            f::SAYS_STARTED => Message::Started,
            f::SAYS_STATUS => Message::Status(a as i32),
            f::SAYS_ENDED => {
                Message::Ended { why: a, user_us: b, system_us: c, largest_kib: d, status: e as i32 }
            }
            f::SAYS_VALUE => Message::Value(a.cast_signed()),
            _ => return Err(io::Error::other("the stage said something unknown")),
        }))
    }

    /// Ends everything that was started, now. No answer is waited for, and one that is gone already is what
    /// was asked for.
    pub(crate) fn end(&self) {
        let _ = rustix::net::send(&self.0, &[1], SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }

    /// Asks everything that was started to end; what has not after a grace is killed.
    pub(crate) fn ask_to_end(&self) {
        let word = [f::ASK_TO_END];
        let _ = rustix::net::send(&self.0, &word, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
    }
}

impl Stage {
    /// Starts a stage with a script and the descriptors that it counts on.
    pub(crate) fn start(script: &Script, passed: &[BorrowedFd<'_>]) -> Result<Self, SandboxError> {
        let (line, theirs) = Line::pair(script, passed)?;
        let program = program()?.as_raw_fd();
        let copy = || theirs.try_clone().map_err(SandboxError::doing("copy a socket"));
        let (says, errs) = (copy()?, copy()?);
        let child = Command::new(format!("/proc/self/fd/{program}"))
            .arg0("keep-stage")
            .env_clear()
            .stdin(Stdio::from(theirs))
            // Nothing of the caller's own streams, which nobody inside should find by way of the watcher.
            .stdout(says)
            .stderr(errs)
            // A key that interrupts the caller must not reach the process that tidies up.
            .process_group(0)
            .spawn()
            .map_err(SandboxError::doing("start the stage"))?;
        Ok(Self { line, process: child.id(), child: Mutex::new(child) })
    }

    /// The socket to it.
    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// The socket alone, of a stage that has ended.
    pub(crate) fn into_line(self) -> Line {
        self.line
    }

    /// The number of the stage's process.
    pub(crate) fn process(&self) -> u32 {
        self.process
    }

    /// Waits for the stage itself, which ends last.
    pub(crate) fn reap(&self) -> io::Result<()> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).wait().map(drop)
    }
}

fn send(socket: &OwnedFd, length: u64, passed: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(f::MOST_PASSED))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(passed));
    let bytes = length.to_ne_bytes();
    rustix::net::sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}
