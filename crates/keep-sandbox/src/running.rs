//! A confined command that runs, and how it ended.

use crate::apart::Apart;
use crate::cgroup::Group;
use crate::error::SandboxError;
use crate::layer::Lock;
use crate::placeholder::Placeholders;
use crate::profile::Tier;
use crate::sampler::{Most, Sampler};
use crate::script::{Script, format as f};
use crate::stage::{Message, Stage};
use std::fs::File;
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The command itself.
    Itself,
    /// The limit on time.
    Wall,
    /// The limit on processor time.
    Cpu,
    /// The limit on memory.
    Memory,
    /// The limit on what it may say.
    Output,
    /// Its caller.
    Request,
}

/// What a run used, everything that it started included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in programs.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// Bytes of memory of the largest single process.
    pub largest_bytes: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The command's own status.
    pub status: ExitStatus,
    /// Why.
    pub by: EndedBy,
    /// What was used.
    pub usage: Usage,
}

/// Something that ends a run from another thread, and remembers why.
#[derive(Clone, Debug)]
pub(crate) struct Ender {
    stage: Arc<Stage>,
    why: Arc<AtomicU8>,
}

impl Ender {
    /// Ends the run; the first reason counts.
    pub(crate) fn end(&self, why: EndedBy) {
        self.because(why);
        self.stage.line().end();
    }

    /// Asks the run to end.
    fn ask(&self) {
        self.because(EndedBy::Request);
        self.stage.line().ask_to_end();
    }

    fn because(&self, why: EndedBy) {
        let _ = self.why.compare_exchange(0, why as u8 + 1, Ordering::AcqRel, Ordering::Acquire);
    }

    fn why(&self) -> Option<EndedBy> {
        let all = [
            EndedBy::Itself,
            EndedBy::Wall,
            EndedBy::Cpu,
            EndedBy::Memory,
            EndedBy::Output,
            EndedBy::Request,
        ];
        all.get(usize::from(self.why.load(Ordering::Acquire)).checked_sub(1)?).copied()
    }
}

/// What a command says, counted against its limit.
#[derive(Debug)]
pub struct Said {
    file: File,
    left: Option<Arc<AtomicU64>>,
    ender: Ender,
}

impl Said {
    /// The descriptor itself, for a caller that waits for it. What is read from it directly is not counted.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Read for Said {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = match self.file.read(buffer) {
            // A terminal whose other side is closed by everyone.
            Err(why) if why.raw_os_error() == Some(libc::EIO) => 0,
            other => other?,
        };
        let Some(left) = &self.left else {
            return Ok(got);
        };
        let before = left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| Some(left.saturating_sub(got as u64)))
            .unwrap_or_default();
        if before < got as u64 {
            self.ender.end(EndedBy::Output);
        }
        // What is within the limit is still handed on; after that, nothing.
        Ok(got.min(usize::try_from(before).unwrap_or(usize::MAX)))
    }
}

/// What is watched and removed besides the processes of a run.
pub(crate) struct Besides {
    pub(crate) tier: Tier,
    pub(crate) most_output: Option<u64>,
    pub(crate) sampled: Most,
    pub(crate) groups: Vec<Group>,
    pub(crate) placeholders: Placeholders,
    pub(crate) layer: Option<Lock>,
    pub(crate) apart: Option<Arc<Apart>>,
}

/// What the caller keeps of a command's streams.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) input: Option<OwnedFd>,
    pub(crate) output: Option<OwnedFd>,
    pub(crate) error: Option<OwnedFd>,
    pub(crate) terminal: Option<OwnedFd>,
}

/// A confined command that runs. Dropping it ends the command and everything that it started.
pub struct Running {
    tier: Tier,
    stage: Arc<Stage>,
    ender: Ender,
    ends: Ends,
    left: Option<Arc<AtomicU64>>,
    proxy: Option<TcpListener>,
    ended: Option<Ended>,
    groups: Vec<Group>,
    /// Emptied when the run is over, after the watch on what it uses.
    sampler: Option<Sampler>,
    placeholders: Placeholders,
    layer: Option<Lock>,
    apart: Option<Arc<Apart>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("process", &self.stage.process()).finish_non_exhaustive()
    }
}

/// Ends a run from anywhere. How it ended is said to whoever waits.
#[derive(Clone, Debug)]
pub struct Stopper(Ender);

impl Stopper {
    /// Asks the command and everything that it started to end (`SIGTERM`); what is left two seconds later is
    /// killed.
    pub fn terminate(&self) {
        self.0.ask();
    }

    /// Kills the command and everything that it started, now.
    pub fn kill(&self) {
        self.0.end(EndedBy::Request);
    }
}

impl Running {
    /// Follows a started stage until the command runs.
    pub(crate) fn follow(
        stage: Stage,
        script: &Script,
        ends: Ends,
        besides: Besides,
    ) -> Result<Self, SandboxError> {
        let stage = Arc::new(stage);
        let ender = Ender { stage: Arc::clone(&stage), why: Arc::default() };
        let left = besides.most_output.map(|most| Arc::new(AtomicU64::new(most)));
        let mut running = Self {
            tier: besides.tier,
            stage,
            ender,
            ends,
            left,
            proxy: None,
            ended: None,
            groups: besides.groups,
            sampler: None,
            placeholders: besides.placeholders,
            layer: besides.layer,
            apart: besides.apart,
        };
        loop {
            match running.stage.line().next().map_err(SandboxError::doing("hear from the stage"))? {
                Some(Message::Started) => break,
                Some(Message::Socket(socket)) => running.proxy = Some(socket.into()),
                Some(Message::Failed { step, errno }) => return Err(failure(script, step, errno)),
                Some(_) => {}
                None => return Err(SandboxError::Lost),
            }
        }
        if besides.sampled != Most::default() {
            running.sampler = Some(Sampler::start(running.process(), besides.sampled, running.ender()));
        }
        Ok(running)
    }

    pub(crate) fn ender(&self) -> Ender {
        self.ender.clone()
    }

    /// The number of the process at the root of the run, seen from here.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.stage.process()
    }

    /// Something that ends the run from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.ender())
    }

    /// The end of the pipe that the command reads from.
    pub fn take_input(&mut self) -> Option<File> {
        self.ends.input.take().map(File::from)
    }

    /// What the command says.
    pub fn take_output(&mut self) -> Option<Said> {
        let end = self.ends.output.take()?;
        Some(self.said(end))
    }

    /// What the command says of errors.
    pub fn take_error(&mut self) -> Option<Said> {
        let end = self.ends.error.take()?;
        Some(self.said(end))
    }

    /// The other side of the command's terminal: what is written is typed, what is read was shown.
    pub fn take_terminal(&mut self) -> io::Result<Option<(File, Said)>> {
        let Some(end) = self.ends.terminal.take() else {
            return Ok(None);
        };
        let typed = File::from(end.try_clone()?);
        Ok(Some((typed, self.said(end))))
    }

    /// The socket inside the command's network on which it looks for a proxy.
    pub fn take_proxy(&mut self) -> Option<TcpListener> {
        self.proxy.take()
    }

    fn said(&self, end: OwnedFd) -> Said {
        Said { file: end.into(), left: self.left.clone(), ender: self.ender() }
    }

    /// Waits until the command and everything that it started has ended. Somebody has to read its pipes
    /// meanwhile, or it waits for that.
    ///
    /// # Errors
    /// When the confinement itself was killed from outside.
    pub fn wait(&mut self) -> Result<Ended, SandboxError> {
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        let mut status = None;
        let heard = loop {
            match self.stage.line().next().map_err(SandboxError::doing("hear from the stage")) {
                Ok(Some(Message::Status(said))) => status = Some(said),
                Ok(Some(Message::Ended { why, user_us, system_us, largest_kib, status: watched })) => {
                    // In namespaces the first process was watched, and said before how the command ended.
                    status = status.or((self.tier != Tier::Namespaces).then_some(watched));
                    let usage = Usage {
                        user: Duration::from_micros(user_us),
                        system: Duration::from_micros(system_us),
                        largest_bytes: largest_kib * 1024,
                    };
                    break Ok((why, usage));
                }
                Ok(Some(_)) => {}
                Ok(None) => break Err(SandboxError::Lost),
                Err(why) => break Err(why),
            }
        };
        let starved = self.groups.iter().any(|group| group.out_of_memory() > 0)
            || status.is_none_or(|status| status != 0)
                && matches!(heard, Ok((f::BY_ITSELF, _)) | Err(SandboxError::Lost))
                && self.stage.starved();
        self.stage.reap()?;
        self.sampler = None;
        self.groups.clear();
        self.placeholders.clear();
        self.layer = None;
        self.apart = None;
        let (why, usage) = match heard {
            // In a container the first process is killed with the rest.
            Err(SandboxError::Lost) if starved => (f::BY_ITSELF, Usage::default()),
            other => other?,
        };
        let by = match (why, self.ender.why()) {
            (f::BY_CLOCK, _) => EndedBy::Wall,
            (f::BY_REQUEST, why) => why.unwrap_or(EndedBy::Request),
            (f::BY_ITSELF, _) if starved && status.is_none_or(|status| status != 0) => EndedBy::Memory,
            _ => EndedBy::Itself,
        };
        // Without a word about the command it was killed together with its namespace.
        let ended = Ended { status: ExitStatus::from_raw(status.unwrap_or(libc::SIGKILL)), by, usage };
        self.ended = Some(ended);
        Ok(ended)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.ender.end(EndedBy::Request);
            // It ends whether or not it can still say how.
            let _ = self.wait();
        }
    }
}

/// A failed step in words.
pub(crate) fn failure(script: &Script, step: u64, errno: i32) -> SandboxError {
    let source = io::Error::from_raw_os_error(errno);
    if let Some(program) = script.named(step).and_then(|step| step.path_if("run")) {
        return SandboxError::Program { program: program.to_owned(), source };
    }
    let named = script.named(step).map_or_else(|| format!("do step {step}"), ToString::to_string);
    let hint = match (named.as_str(), errno) {
        ("make namespaces", libc::EPERM | libc::EACCES) => Some(
            "this system may keep user namespaces from ordinary users: see the settings \
             kernel.apparmor_restrict_unprivileged_userns and kernel.unprivileged_userns_clone",
        ),
        ("make namespaces", libc::ENOSPC) => Some("see the setting user.max_user_namespaces"),
        ("write the id maps", libc::EPERM) => Some(
            "AppArmor may have taken the privileges of the new user namespace: see the setting \
             kernel.apparmor_restrict_unprivileged_userns",
        ),
        (step, libc::EPERM | libc::ENODEV) if step.starts_with("lay a layer") => {
            Some("overlays in user namespaces need Linux 5.11 or later, with overlayfs in it")
        }
        (step, libc::EINVAL) if step.starts_with("lay a layer") => Some(
            "the layer may lie on a file system that can carry none: another overlay, a network file system",
        ),
        ("mount /proc", libc::EPERM) => Some("inside a container parts of /proc are often covered"),
        _ => None,
    };
    SandboxError::Step { step: named, hint, source }
}
