//! A run in a container, from its making to its removal.

use super::binds::{Access, Covers, Layout, Reach};
use super::connection::Connection;
use super::image;
use super::note::{self, LABEL, Note};
use super::settings::Root;
use crate::confine::contained::{self, Contained, Proxy, SHOWN};
use crate::confine::last::{Limit, Start};
use crate::confine::mounts::View;
use crate::error::{Refusal, SandboxError};
use crate::profile::{Limits, Tier};
use crate::running;
use crate::script::{Script, format as f};
use crate::seccomp::Rules;
use crate::stage::{Line, Message, Stage};
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, Mount, MountBindOptions,
    MountBindOptionsPropagationEnum, MountTmpfsOptions, MountType, ResourcesUlimits,
};
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen, socket_with,
};
use rustix::process::{Resource, getrlimit};
use rustix::time::Timespec;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// What a run in a container is made of.
pub(crate) struct Job<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) root: &'a Root,
    pub(crate) state: &'a Path,
    pub(crate) user: (u32, u32),
    pub(crate) view: &'a View<'a>,
    pub(crate) version: u32,
    pub(crate) network: Net,
    pub(crate) limits: &'a Limits,
    pub(crate) each: &'a [Limit],
    pub(crate) rules: Rules,
    pub(crate) wall_ms: i64,
}

/// What a container gets for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    None,
    Proxy,
    Machine,
}

/// A container of ours; it is removed when this is dropped, at the latest.
#[derive(Debug)]
pub(crate) struct Container {
    connection: Connection,
    name: String,
    /// Open for as long as its first process is there.
    killed: Option<File>,
    note: Option<Note>,
}

/// Where a container finds its own count of processes that were killed for want of memory.
fn count() -> &'static str {
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        "/sys/fs/cgroup/memory.events"
    } else {
        "/sys/fs/cgroup/memory/memory.oom_control"
    }
}

impl Container {
    /// Whether the kernel killed in it for want of memory. Engines say so only of a container that ended by
    /// that, so it is counted here.
    pub(crate) fn starved(&self) -> bool {
        let mut text = [0; 1024];
        let count = self.killed.as_ref().and_then(|count| {
            let length = count.read_at(&mut text, 0).ok()?;
            let text = str::from_utf8(&text[..length]).ok()?;
            text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok())
        });
        count.is_some_and(|count| count > 0)
    }

    /// Removes it, with all that still runs in it.
    pub(crate) fn remove(&mut self) -> Result<(), SandboxError> {
        if self.note.is_some() {
            remove(&self.connection, &self.name)?;
            self.note = None;
        }
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.remove().is_err()
            && let Some(note) = self.note.take()
        {
            // The note stays, and whoever opens the sandbox next removes the container.
            note.keep();
        }
    }
}

/// How often removing is tried: one that is just ending cannot be removed for a moment.
const TRIES: u32 = 40;

/// Removes a container if it is there.
pub(super) fn remove(connection: &Connection, name: &str) -> Result<(), SandboxError> {
    connection.ask("remove the container", async |docker| {
        let mut left = TRIES;
        loop {
            left -= 1;
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            match docker.remove_container(name, Some(options)).await {
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
                    return Ok(());
                }
                Err(Error::DockerResponseServerError { .. }) if left > 0 => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                other => return other,
            }
        }
    })
}

/// Makes a container, lets its first process show what it finds, and lets it go on if that is as it should be.
pub(crate) fn start(
    job: &Job<'_>,
    start: &Start<'_>,
    passed: &[BorrowedFd<'_>],
) -> Result<(Stage, Script), SandboxError> {
    let note = Note::make(job.state, job.connection, job.user)?;
    let covers = Covers { folder: note.cover(true), file: note.cover(false) };
    let refused = |why| Refusal { reasons: vec![(Tier::Container, why)] };
    let layout = Layout::new(job.view, job.root, &covers, job.user).map_err(refused)?;
    let shown: Vec<(&Path, Reach)> =
        layout.binds.iter().map(|(path, bind)| (path.as_path(), bind.reach)).collect();
    let contained = Contained {
        version: job.version,
        view: job.view,
        count: job.limits.memory.map(|_| count()),
        shown: &shown,
        proxy: if job.network == Net::Proxy { Proxy::Wanted } else { Proxy::Unwanted },
        limits: job.each,
        rules: job.rules,
        wall_ms: job.wall_ms,
        locks: passed.len() - 3,
    };
    let script = contained::script(&contained, start)?;
    let image = image::of(job.connection, job.root, &layout.links)?;
    let meeting = meet(&note, job.user)?;
    let body = request(job, &layout, &note, image)?;
    let mut container = Container {
        connection: job.connection.clone(),
        name: note.container(),
        killed: None,
        note: Some(note),
    };
    let process = make(&container, body)?;
    let socket = wait_for(&meeting, &container)?;
    if job.limits.cpu.is_some() && !is_seen(process, job.user.0) {
        return Err(refused(
            "processor time cannot be counted, because the engine's processes are not seen from here".into(),
        )
        .into());
    }
    drop(meeting);
    let line = Line::over(socket, &script, passed)?;
    match look(&line, &script, &layout, job) {
        Ok(killed) => container.killed = killed,
        Err(why) => {
            container.remove()?;
            return Err(why);
        }
    }
    line.let_go_on().map_err(SandboxError::doing("let the container go on"))?;
    Ok((Stage::contained(line, process, container), script))
}

/// Makes the container and starts it; the number of its first process on this machine.
fn make(container: &Container, body: ContainerCreateBody) -> Result<u32, SandboxError> {
    let (connection, name) = (&container.connection, container.name.as_str());
    let warnings = connection.ask("make the container", async |docker| {
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        Ok(docker.create_container(Some(options), body).await?.warnings)
    })?;
    if !warnings.is_empty() {
        // What an engine cannot do it leaves out with a warning, and that is less than what was asked for.
        let source = io::Error::other(warnings.join("; "));
        return Err(SandboxError::Prepare { doing: "have all of the container".into(), source });
    }
    let state = connection.ask("start the container", async |docker| {
        docker.start_container(name, None).await?;
        Ok(docker.inspect_container(name, None).await?.state)
    })?;
    Ok(state.and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0))
}

/// Whether a process can be watched from here under the number that the engine knows: it is the first of
/// namespaces below ours, and of the container's user.
fn is_seen(process: u32, user: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let last = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|line| line.split_whitespace().last())
    };
    last("NSpid:") == Some("1") && last("Uid:") == Some(user.to_string().as_str())
}

fn waiting(source: impl Into<io::Error>) -> SandboxError {
    SandboxError::doing("wait for the container")(source.into())
}

/// A socket in the folder that the container sees, where its first process finds us.
fn meet(note: &Note, (user, group): (u32, u32)) -> Result<OwnedFd, SandboxError> {
    let folder = File::open(note.inside()).map_err(waiting)?;
    // The folder's own path may be longer than an address of a socket can be.
    let name = Path::new(OsStr::from_bytes(f::MEETING)).file_name().unwrap_or_default();
    let path = format!("/proc/self/fd/{}/{}", folder.as_raw_fd(), name.display());
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).map_err(waiting)?;
    bind(&socket, &SocketAddrUnix::new(path.as_str()).map_err(waiting)?).map_err(waiting)?;
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(note.inside().join(name), Some(user), Some(group)).map_err(waiting)?;
    }
    listen(&socket, 1).map_err(waiting)?;
    Ok(socket)
}

/// How long a container may take from its start to its first word, in looks of a quarter of a second.
const LOOKS: u32 = 240;

/// The first process's end of the socket; an error when the container is over before.
fn wait_for(meeting: &OwnedFd, container: &Container) -> Result<OwnedFd, SandboxError> {
    for _ in 0..LOOKS {
        let look = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
        let ready = poll(&mut [PollFd::new(meeting, PollFlags::IN)], Some(&look)).map_err(waiting)?;
        if ready > 0 {
            return accept_with(meeting, SocketFlags::CLOEXEC).map_err(waiting);
        }
        let state = container.connection.ask("ask about the container", async |docker| {
            Ok(docker.inspect_container(&container.name, None).await?.state)
        })?;
        if let Some(state) = state.filter(|state| state.running != Some(true)) {
            let why = state.error.filter(|why| !why.is_empty());
            let why = why.unwrap_or_else(|| {
                format!("its first process ended with {}", state.exit_code.unwrap_or_default())
            });
            return Err(waiting(io::Error::other(why)));
        }
    }
    Err(waiting(io::Error::from(io::ErrorKind::TimedOut)))
}

/// Looks at what the container is, from inside.
fn look(line: &Line, script: &Script, layout: &Layout, job: &Job<'_>) -> Result<Option<File>, SandboxError> {
    let next = || -> Result<OwnedFd, SandboxError> {
        match line.next().map_err(SandboxError::doing("hear from the container"))? {
            Some(Message::Socket(shown)) => Ok(shown),
            Some(Message::Failed { step, errno }) => Err(running::failure(script, step, errno)),
            _ => Err(SandboxError::Lost),
        }
    };
    let wrong = |why: String| SandboxError::Prepare {
        doing: "use the container that the engine made".into(),
        source: io::Error::other(why),
    };
    let mut texts = [const { String::new() }; SHOWN.len()];
    for text in &mut texts {
        File::from(next()?).read_to_string(text).map_err(SandboxError::doing("look into the container"))?;
    }
    let [status, network] = &texts;
    privileges(status, job.user).map_err(wrong)?;
    if job.network != Net::Machine
        && network.lines().skip(2).any(|line| !line.trim_start().starts_with("lo:"))
    {
        return Err(wrong("it has a network".into()));
    }
    let killed = job.limits.memory.map(|_| next()).transpose()?;
    for (path, bind) in layout.binds.iter().filter(|(_, bind)| bind.reach == Reach::Open) {
        let checked = bind.check(next()?).map_err(SandboxError::doing("look into the container"))?;
        checked.map_err(|why| wrong(format!("{} {why}", path.display())))?;
    }
    Ok(killed.map(File::from))
}

/// Whether a process is who it should be, and can do no more than that.
fn privileges(status: &str, (user, group): (u32, u32)) -> Result<(), String> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.map(|line| line.split_whitespace().collect::<Vec<_>>()).unwrap_or_default()
    };
    for (name, id) in [("Uid:", user), ("Gid:", group)] {
        let ids = field(name);
        if id == 0 || ids.len() != 4 || ids.iter().any(|found| *found != id.to_string()) {
            return Err(format!("its first process runs as {name} {}, not as {id}", ids.join(" ")));
        }
    }
    for name in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        if !matches!(field(name)[..], [set] if !set.is_empty() && set.bytes().all(|byte| byte == b'0')) {
            return Err(format!("its first process has privileges ({name} {})", field(name).join(" ")));
        }
    }
    if field("NoNewPrivs:") != ["1"] {
        return Err("its first process could gain privileges".into());
    }
    Ok(())
}

/// What the engine is asked for.
fn request(
    job: &Job<'_>,
    layout: &Layout,
    note: &Note,
    image: String,
) -> Result<ContainerCreateBody, SandboxError> {
    let ours = Path::new(OsStr::from_bytes(f::MEETING)).parent().unwrap_or(Path::new("/"));
    let mut mounts = vec![bound(ours, &note.inside(), Access::Read)?];
    if let Some(size) = job.view.private_tmp {
        mounts.push(Mount {
            target: Some("/tmp".into()),
            typ: Some(MountType::TMPFS),
            tmpfs_options: Some(MountTmpfsOptions {
                size_bytes: i64::try_from(size).ok(),
                mode: Some(0o1777),
                options: None,
            }),
            ..Mount::default()
        });
    }
    for (path, bind) in &layout.binds {
        mounts.push(bound(path, &bind.source, bind.access)?);
    }
    let memory = job.limits.memory.and_then(|most| i64::try_from(most).ok());
    let (user, group) = job.user;
    let host = HostConfig {
        mounts: Some(mounts),
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".into()]),
        // Labels would keep the container from the machine's files, which it is there for.
        security_opt: Some(vec!["no-new-privileges".into(), "label=disable".into()]),
        network_mode: Some(if job.network == Net::Machine { "host" } else { "none" }.into()),
        ipc_mode: Some("private".into()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        memory,
        // The same for memory and swap together: no swap.
        memory_swap: memory,
        // The first process counts like any other.
        pids_limit: job.limits.processes.and_then(|most| i64::try_from(most.saturating_add(1)).ok()),
        shm_size: i64::try_from(job.view.shared).ok(),
        ulimits: Some(vec![own("nofile", Resource::Nofile), own("nproc", Resource::Nproc)]),
        ..HostConfig::default()
    };
    Ok(ContainerCreateBody {
        image: Some(image),
        hostname: (job.network != Net::Machine).then(|| "keep".into()),
        user: Some(format!("{user}:{group}")),
        entrypoint: Some(vec![ours.join(note::STAGE).display().to_string()]),
        cmd: Some(Vec::new()),
        working_dir: Some("/".into()),
        labels: Some(HashMap::from([(LABEL.into(), std::process::id().to_string())])),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    })
}

fn bound(path: &Path, source: &Path, access: Access) -> Result<Mount, SandboxError> {
    let text = |path: &Path| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| {
            let why = format!("an engine takes only names in UTF-8, and `{}` is none", path.display());
            SandboxError::from(Refusal { reasons: vec![(Tier::Container, why)] })
        })
    };
    Ok(Mount {
        target: Some(text(path)?),
        source: Some(text(source)?),
        typ: Some(MountType::BIND),
        read_only: Some(access == Access::Read),
        bind_options: Some(MountBindOptions {
            propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
            // What is mounted below something that may be written comes along, as in the other tiers.
            non_recursive: Some(access == Access::Read),
            ..MountBindOptions::default()
        }),
        ..Mount::default()
    })
}

/// As many numbers for processes as a small kernel has, which is what Podman keeps for itself and can hand on.
const MOST: i64 = 32_768;

/// What the caller itself has, as far as an engine can be expected to have it, too: its own default may be
/// more than it may hand on. What the profile limits is limited further inside.
fn own(name: &str, resource: Resource) -> ResourcesUlimits {
    let most = getrlimit(resource).maximum.and_then(|most| i64::try_from(most).ok()).unwrap_or(MOST);
    let most = most.min(MOST);
    ResourcesUlimits { name: Some(name.into()), soft: Some(most), hard: Some(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Uid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\nCapInh:\t00\nCapPrm:\t00\nCapEff:\t00\nCapBnd:\t00\n\
                        CapAmb:\t00\nNoNewPrivs:\t1\n";

    #[test]
    fn a_process_with_any_privilege_is_seen() {
        assert_eq!(privileges(GOOD, (7, 8)), Ok(()));
        for (from, to) in [
            ("Uid:\t7\t7", "Uid:\t7\t0"),
            ("Gid:\t8", "Gid:\t9"),
            ("CapBnd:\t00", "CapBnd:\t01"),
            ("CapEff:\t00\n", ""),
            ("CapAmb:\t00", "CapAmb:\t"),
            ("NoNewPrivs:\t1", "NoNewPrivs:\t0"),
            ("NoNewPrivs:\t1\n", ""),
        ] {
            assert!(privileges(&GOOD.replace(from, to), (7, 8)).is_err(), "{to}");
        }
        let root = GOOD.replace("Uid:\t7\t7\t7\t7", "Uid:\t0\t0\t0\t0");
        assert!(privileges(&root, (0, 8)).is_err());
    }
}
