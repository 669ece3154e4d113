//! What the command's own process does before it becomes the command.

use super::open::Writer;
use crate::command::text;
use crate::error::SandboxError;
use crate::script::{Arg, Slot};
use crate::seccomp::{self, Rules};
use std::ffi::{CString, OsStr, OsString};
use std::path::Path;

/// The command as the kernel starts it.
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) name: &'a OsStr,
    pub(crate) arguments: &'a [OsString],
    pub(crate) environment: &'a [(OsString, OsString)],
    pub(crate) folder: &'a Path,
    /// Whether its three streams are one terminal.
    pub(crate) terminal: bool,
}

/// One of the kernel's limits for a process: which, and how much.
pub(crate) type Limit = (u32, u64);

/// A session of its own, its streams, its folder.
pub(crate) fn settle(writer: &mut Writer, start: &Start<'_>) -> Result<(), SandboxError> {
    let script = &mut writer.script;
    script.step("start a session");
    let none = script.words(&[0]);
    let set_mask = libc::SIG_SETMASK;
    script.call(libc::SYS_rt_sigprocmask, [set_mask.into(), none.into(), 0.into(), 8.into()]);
    script.call(libc::SYS_setsid, []);
    script.step("connect the streams");
    for stream in 0..3 {
        script.call(libc::SYS_dup3, [Slot::passed(stream).into(), Arg::Is(stream as i64), 0.into()]);
    }
    if start.terminal {
        script.step("take the terminal");
        script.call(libc::SYS_ioctl, [0.into(), Arg::Is(libc::TIOCSCTTY as i64), 0.into()]);
    }
    writer.script.step_at("enter the folder", start.folder);
    let folder = writer.path(start.folder)?;
    writer.script.call(libc::SYS_chdir, [folder.into()]);
    Ok(())
}

/// Gives up every privilege, now and for all that it starts.
pub(crate) fn surrender(writer: &mut Writer, privileged: bool) {
    let script = &mut writer.script;
    script.step("give up privileges");
    if privileged {
        // One more than the kernel has is an error that changes nothing.
        for capability in 0..=63 {
            script.try_call(
                libc::SYS_prctl,
                [libc::PR_CAPBSET_DROP.into(), capability.into(), 0.into(), 0.into(), 0.into()],
            );
        }
        const VERSION_3: u64 = 0x2008_0522;
        let (head, none) = (script.words(&[VERSION_3]), script.words(&[0, 0, 0]));
        script.call(libc::SYS_capset, [head.into(), none.into()]);
    }
    script.call(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS.into(), 1.into(), 0.into(), 0.into(), 0.into()]);
}

/// The limits, which come late because few open files would be too few for what comes before; the filter for
/// system calls; and the command itself.
pub(crate) fn execute(
    writer: &mut Writer,
    start: &Start<'_>,
    limits: &[Limit],
    rules: Rules,
) -> Result<(), SandboxError> {
    let program = text(start.program.as_os_str())?;
    let mut words = vec![text(start.name)?];
    for argument in start.arguments {
        words.push(text(argument)?);
    }
    let mut variables = Vec::with_capacity(start.environment.len());
    for (name, value) in start.environment {
        let mut pair = name.clone();
        pair.push("=");
        pair.push(value);
        variables.push(text(&pair)?);
    }
    let script = &mut writer.script;
    let (program, words, variables) = (script.text(&program), list(script, &words), list(script, &variables));
    script.step("set the limits");
    for &(which, most) in limits {
        let pair = script.words(&[most, most]);
        script.call(libc::SYS_prlimit64, [0.into(), which.into(), pair.into(), 0.into()]);
    }
    script.step("filter system calls");
    let filter = seccomp::program(rules);
    let instructions = (filter.len() / 8) as u64;
    let filter = script.bytes(&filter);
    let head = script.words(&[instructions]);
    let address = script.structure(&[filter.0]);
    debug_assert_eq!(address.0, head.0 + 8, "the two words are one structure");
    const SET_MODE_FILTER: i64 = 1;
    script.call(libc::SYS_seccomp, [SET_MODE_FILTER.into(), 0.into(), head.into()]);
    script.step_at("run", start.program);
    // What was opened on the way ends here, and so does the socket that errors are said on.
    let everything = Arg::Is(u32::MAX.into());
    script.call(libc::SYS_close_range, [3.into(), everything, Arg::Is(libc::CLOSE_RANGE_CLOEXEC.into())]);
    script.call(libc::SYS_execve, [program.into(), words.into(), variables.into()]);
    Ok(())
}

fn list(script: &mut crate::script::Script, texts: &[CString]) -> crate::script::Place {
    script.list(texts)
}
