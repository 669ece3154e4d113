//! The container tier: an engine made the container, and the stage is its first process. It shows what it
//! finds, waits until the caller has looked at that, and then does what it does in the other tiers.

use super::alone::{hold_signals, let_go};
use super::inside::{hand_out_socket, restrict};
use super::last::{self, Limit, Start};
use super::mounts::View;
use super::open::Writer;
use crate::engine::Reach;
use crate::error::SandboxError;
use crate::script::{Script, format as f};
use crate::seccomp::Rules;
use std::path::Path;

/// What the first process shows of itself before the paths: who it is, and which network it has.
pub(crate) const SHOWN: [&str; 2] = ["/proc/self/status", "/proc/self/net/dev"];

/// Whether a listening socket is made for the caller's proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    Wanted,
    Unwanted,
}

/// What a command may do in this tier.
pub(crate) struct Contained<'a> {
    pub(crate) version: u32,
    pub(crate) view: &'a View<'a>,
    /// The file in which the kernel counts whom it killed for want of memory.
    pub(crate) count: Option<&'static str>,
    /// The paths that the caller wants to look at, as they are inside.
    pub(crate) shown: &'a [(&'a Path, Reach)],
    pub(crate) proxy: Proxy,
    pub(crate) limits: &'a [Limit],
    pub(crate) rules: Rules,
    pub(crate) wall_ms: i64,
    pub(crate) locks: usize,
}

/// The script of a run.
pub(crate) fn script(contained: &Contained<'_>, start: &Start<'_>) -> Result<Script, SandboxError> {
    let mut writer = Writer::new(3 + contained.locks);
    hold_signals(&mut writer.script);
    let script = &mut writer.script;
    // The command is of the same user and may have no more rights over this process than over any other's.
    script.step("close the first process to others");
    script.call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 0.into(), 0.into(), 0.into(), 0.into()]);
    for path in SHOWN.into_iter().chain(contained.count) {
        writer.script.step_at("show", Path::new(path));
        let name = writer.word(path);
        let (here, flags) = (libc::AT_FDCWD, libc::O_RDONLY | libc::O_CLOEXEC);
        let opened =
            writer.script.call_for(libc::SYS_openat, [here.into(), name.into(), flags.into(), 0.into()]);
        writer.script.hand_out(opened);
    }
    for (path, reach) in contained.shown {
        writer.script.step_at("show", path);
        match reach {
            Reach::Open => {
                let opened = writer.open(path)?;
                writer.script.hand_out(opened);
            }
            Reach::Closed => writer.open_refused(path)?,
        }
    }
    let script = &mut writer.script;
    script.step("wait for leave");
    script.await_leave();
    if contained.proxy == Proxy::Wanted {
        hand_out_socket(script);
    }
    script.step("start the command");
    let fork = script.fork(libc::c_long::from(libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD));
    script.started();
    let_go(script, 0);
    script.step("watch the command");
    // The first process of a container reaches all others of it and nothing else.
    script.watch(fork.process, contained.wall_ms, f::KILL_ALL_AND_STAY);
    script.child(&fork);
    last::settle(&mut writer, start)?;
    restrict(&mut writer, contained.version, contained.view)?;
    last::execute(&mut writer, start, contained.limits, contained.rules)?;
    Ok(writer.script)
}
