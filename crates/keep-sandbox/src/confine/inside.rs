//! The namespaces tier: namespaces of its own, a tree of mounts that shows what the profile grants, and
//! then the same restrictions as in the landlock tier.

use super::alone::{hold_signals, join_groups, let_go};
use super::last::{self, Limit, Start};
use super::mounts::{self, View};
use super::open::Writer;
use crate::error::SandboxError;
use crate::kernel::landlock;
use crate::script::{Script, format as f};
use crate::seccomp::Rules;
use crate::stand_in::StandIn;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};

/// What a command gets for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    /// A loopback of its own and nothing else.
    Own,
    /// The same, and a socket on it that the caller listens on.
    OwnWithProxy,
    /// The machine's.
    Shared,
}

/// What a command may do in this tier.
pub(crate) struct Inside<'a> {
    pub(crate) version: u32,
    pub(crate) view: &'a View<'a>,
    pub(crate) net: Net,
    pub(crate) limits: &'a [Limit],
    pub(crate) rules: Rules,
    pub(crate) wall_ms: i64,
    pub(crate) groups: usize,
    /// How many locks of placeholders come along behind them.
    pub(crate) locks: usize,
    /// The caller's own user and group, which stay what they are.
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// Where a command finds its proxy: in a network where nobody else is, so the port is always free.
pub const PROXY_ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3128);
/// Connections that wait for the proxy to take them.
const WAITING: i64 = 128;

/// The script of a run. Without a command it ends once everything is set up, to find out whether it can be.
pub(crate) fn script(inside: &Inside<'_>, start: Option<&Start<'_>>) -> Result<Script, SandboxError> {
    let passed = if start.is_some() { 3 + inside.groups + inside.locks } else { 0 };
    let mut writer = Writer::new(passed);
    let script = &mut writer.script;
    hold_signals(script);
    join_groups(script, inside.groups);
    script.step("make namespaces");
    let own_net = if inside.net == Net::Shared { 0 } else { libc::CLONE_NEWNET };
    let flags = libc::CLONE_VM
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP
        | own_net
        | libc::SIGCHLD;
    let first = script.fork(flags.into());
    let_go(script, inside.groups);
    script.step("watch the first process");
    script.watch(first.process, inside.wall_ms, f::KILL_ONE);
    script.child(&first);
    become_first(&mut writer, inside);
    network(&mut writer, inside.net);
    mounts::write(&mut writer, inside.view)?;
    let Some(start) = start else {
        restrict(&mut writer, inside.version, inside.view)?;
        writer.script.started();
        writer.script.exit();
        return Ok(writer.script);
    };
    let script = &mut writer.script;
    script.step("start the command");
    let command = script.fork(libc::c_long::from(libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD));
    script.started();
    let_go(script, inside.groups);
    script.init(command.process);
    script.child(&command);
    last::settle(&mut writer, start)?;
    restrict(&mut writer, inside.version, inside.view)?;
    last::execute(&mut writer, start, inside.limits, inside.rules)?;
    Ok(writer.script)
}

/// The first process of the namespaces: who it is, what it is called, when it ends.
fn become_first(writer: &mut Writer, inside: &Inside<'_>) {
    let script = &mut writer.script;
    script.step("end with the watcher");
    let (zero, kill) = (0.into(), libc::SIGKILL);
    script.call(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG.into(), kill.into(), zero, zero, zero]);
    script.step("hold the request to end");
    let set = script.words(&[1 << (libc::SIGTERM - 1)]);
    script.call(libc::SYS_rt_sigprocmask, [libc::SIG_BLOCK.into(), set.into(), zero, 8.into()]);
    script.step("write the id maps");
    writer.write("/proc/self/setgroups", "deny");
    writer.write("/proc/self/uid_map", &format!("{0} {0} 1", inside.user));
    writer.write("/proc/self/gid_map", &format!("{0} {0} 1", inside.group));
    let script = &mut writer.script;
    script.step("set the host name");
    let name = script.bytes(b"keep");
    script.call(libc::SYS_sethostname, [name.into(), 4.into()]);
}

/// Brings the loopback up, and makes the proxy's socket where one is wanted.
fn network(writer: &mut Writer, net: Net) {
    if net == Net::Shared {
        return;
    }
    let script = &mut writer.script;
    script.step("bring the loopback up");
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    let socket = script.call_for(libc::SYS_socket, [libc::AF_INET.into(), kind.into(), 0.into()]);
    let mut request = [0_u8; 40];
    request[..2].copy_from_slice(b"lo");
    request[16..18].copy_from_slice(&(libc::IFF_UP as u16).to_ne_bytes());
    let request = script.bytes(&request);
    const SIOCSIFFLAGS: i64 = 0x8914;
    script.call(libc::SYS_ioctl, [socket.into(), SIOCSIFFLAGS.into(), request.into()]);
    // The C library takes a machine whose only address is 127.0.0.1 for one without a network, and then
    // knows no name for those who ask for what fits the machine; so it has one more.
    let mut request = [0_u8; 40];
    request[..4].copy_from_slice(b"lo:1");
    request[16..18].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    request[20..24].copy_from_slice(&[127, 0, 0, 2]);
    let request = script.bytes(&request);
    const SIOCSIFADDR: i64 = 0x8916;
    script.call(libc::SYS_ioctl, [socket.into(), SIOCSIFADDR.into(), request.into()]);
    script.call(libc::SYS_close, [socket.into()]);
    if net == Net::OwnWithProxy {
        hand_out_socket(script);
    }
}

/// A listening socket on the loopback inside, handed to the caller outside: it needs nothing in between.
pub(crate) fn hand_out_socket(script: &mut Script) {
    script.step("make the proxy's socket");
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    let socket = script.call_for(libc::SYS_socket, [libc::AF_INET.into(), kind.into(), 0.into()]);
    let mut address = [0_u8; 16];
    address[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    address[2..4].copy_from_slice(&PROXY_ADDRESS.port().to_be_bytes());
    address[4..8].copy_from_slice(&PROXY_ADDRESS.ip().octets());
    let address = script.bytes(&address);
    script.call(libc::SYS_bind, [socket.into(), address.into(), 16.into()]);
    script.call(libc::SYS_listen, [socket.into(), WAITING.into()]);
    script.hand_out(socket);
}

/// What the landlock tier does, once more inside: a second wall behind the first.
pub(crate) fn restrict(writer: &mut Writer, version: u32, view: &View<'_>) -> Result<(), SandboxError> {
    last::surrender(writer, true);
    if version == 0 {
        return Ok(());
    }
    writer.script.step("restrict files");
    let all = landlock::files(version);
    let devices = landlock::READ | landlock::WRITE_FILE | landlock::TRUNCATE | landlock::IOCTL_DEV;
    let mut rules: Vec<(PathBuf, u64)> =
        vec![("/".into(), landlock::READ), ("/dev".into(), devices), ("/dev/shm".into(), all)];
    if view.private_tmp.is_some() {
        rules.push(("/tmp".into(), all));
    }
    for write in view.writes {
        let rights = if write.is_folder { all } else { all & landlock::OF_A_FILE };
        rules.push((write.path.clone(), rights));
    }
    rules.extend(view.stand_ins.iter().enumerate().map(|(number, _)| (StandIn::seen(number), all)));
    let rules: Vec<(&Path, u64)> = rules.iter().map(|(path, rights)| (path.as_path(), *rights)).collect();
    let scopes =
        if version >= landlock::SCOPES_SINCE { landlock::SCOPE_ABSTRACT | landlock::SCOPE_SIGNAL } else { 0 };
    writer.domain(version, all, scopes, &rules)
}
