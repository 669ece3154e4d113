//! The landlock tier: nothing but Landlock and a filter for system calls around the command.

use super::last::{self, Limit, Start};
use super::open::Writer;
use crate::error::SandboxError;
use crate::kernel::landlock;
use crate::script::{Script, Slot, format as f};
use crate::seccomp::Rules;
use std::path::Path;

/// What a command may do in this tier.
pub(crate) struct Alone<'a> {
    pub(crate) version: u32,
    pub(crate) readable: &'a [&'a Path],
    pub(crate) limits: &'a [Limit],
    pub(crate) rules: Rules,
    pub(crate) wall_ms: i64,
    pub(crate) privileged: bool,
    /// How many descriptors come along after the three streams: files that take a process into a group.
    pub(crate) groups: usize,
}

/// Devices that any command may write to: they keep nothing.
const DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty"];
const SOURCES: [&str; 2] = ["/dev/random", "/dev/urandom"];

/// Blocks the signal that the watch reads from a descriptor, so that none is lost.
pub(crate) fn hold_signals(script: &mut Script) {
    script.step("hold signals");
    let set = script.words(&[1 << (libc::SIGCHLD - 1)]);
    script.call(libc::SYS_rt_sigprocmask, [libc::SIG_BLOCK.into(), set.into(), 0.into(), 8.into()]);
}

/// Takes this process into the groups whose files came along.
pub(crate) fn join_groups(script: &mut Script, groups: usize) {
    script.step("join the control groups");
    let this = script.bytes(b"0");
    for group in 0..groups {
        script.call(libc::SYS_write, [Slot::passed(3 + group).into(), this.into(), 1.into()]);
    }
}

/// Closes what only the command needs. What came along behind that stays: locks of placeholders, which are
/// held as long as this process lives, even when the caller is gone.
pub(crate) fn let_go(script: &mut Script, groups: usize) {
    let last = f::FIRST_PASSED + 3 + groups as i64;
    script.call(libc::SYS_close_range, [f::FIRST_PASSED.into(), last.into(), 0.into()]);
}

/// The script of a run.
pub(crate) fn script(alone: &Alone<'_>, start: &Start<'_>) -> Result<Script, SandboxError> {
    let mut writer = Writer::new(3 + alone.groups);
    hold_signals(&mut writer.script);
    join_groups(&mut writer.script, alone.groups);
    watch_over(&mut writer, alone)?;
    last::settle(&mut writer, start)?;
    last::surrender(&mut writer, alone.privileged);
    writer.script.step("restrict files");
    let mut rules: Vec<(&Path, u64)> = Vec::new();
    for path in alone.readable {
        let rights = if path.is_dir() { landlock::READ } else { landlock::READ & landlock::OF_A_FILE };
        rules.push((path, rights));
    }
    let readable = landlock::READ & landlock::OF_A_FILE;
    let writable = landlock::WRITE_FILE | landlock::READ_FILE | landlock::TRUNCATE | landlock::IOCTL_DEV;
    rules.extend(DEVICES.map(|path| (Path::new(path), writable)));
    rules.extend(SOURCES.map(|path| (Path::new(path), readable)));
    let scopes = landlock::SCOPE_ABSTRACT | landlock::SCOPE_SIGNAL;
    writer.domain(alone.version, landlock::files(alone.version), scopes, &rules)?;
    last::execute(&mut writer, start, alone.limits, alone.rules)?;
    Ok(writer.script)
}

/// Forks. The parent watches, in a Landlock domain whose only rule is that signals do not leave it: one
/// signal to everything then reaches the command and all that it started, whatever they did to get away,
/// and nothing else. The command is in a domain inside that one, so it cannot signal its watcher.
fn watch_over(writer: &mut Writer, alone: &Alone<'_>) -> Result<(), SandboxError> {
    let script = &mut writer.script;
    script.step("keep what is orphaned");
    let zero = 0.into();
    script.call(libc::SYS_prctl, [libc::PR_SET_CHILD_SUBREAPER.into(), 1.into(), zero, zero, zero]);
    script.call(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS.into(), 1.into(), zero, zero, zero]);
    script.step("keep signals inside");
    let caller = script.call_for(libc::SYS_getppid, []);
    writer.domain(alone.version, 0, landlock::SCOPE_SIGNAL, &[])?;
    let script = &mut writer.script;
    // Proof that it holds, before anything relies on it.
    script.refused(libc::SYS_kill, [caller.into(), zero], libc::EPERM);
    script.step("start the command");
    let fork = script.fork(libc::c_long::from(libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD));
    // This goes on once the command runs, or failed.
    script.started();
    let_go(script, alone.groups);
    script.step("watch the command");
    script.watch(fork.process, alone.wall_ms, f::KILL_ALL);
    script.child(&fork);
    script.step("end with the watcher");
    let kill = libc::SIGKILL;
    script.call(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG.into(), kill.into(), zero, zero, zero]);
    Ok(())
}
