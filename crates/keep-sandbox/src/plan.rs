//! Which tier runs a profile, and what exactly it will enforce.

use crate::command::{self, Command, Stream, Streams};
use crate::confine::alone::{self, Alone};
use crate::confine::inside::{self, Inside, Net};
use crate::confine::last::Start;
use crate::confine::mounts::View;
use crate::egress::HostList;
use crate::engine::{self, Root};
use crate::environment;
use crate::error::{Refusal, SandboxError};
use crate::layer::{Layer, Lock, OverlayMount};
use crate::limit::{self, Enforced};
use crate::overlooked::{self, Overlooked};
use crate::paths::{self, Guarded, Resolved, State};
use crate::placeholder::{self, Placeholder};
use crate::profile::{Limits, LocalSockets, Network, Profile, Reads, Tier};
use crate::running::{Besides, Running};
use crate::sandbox::{Inner, try_namespaces};
use crate::script::Script;
use crate::seccomp::{Rules, Sockets};
use crate::stage::Stage;
use crate::streams;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much a private folder for temporary files holds when nothing is said: enough for a build, and little
/// enough that a command that fills it does not take the machine's memory.
const TEMPORARY: u64 = 1 << 30;

/// A checked profile and the tier that runs it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) sandbox: Arc<Inner>,
    pub(crate) tier: Tier,
    pub(crate) checked: Checked,
}

/// A profile whose paths were looked at.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) profile: Profile,
    /// What may be read; nothing stands for everything.
    pub(crate) reads: Option<Vec<Resolved>>,
    pub(crate) writes: Vec<Resolved>,
    /// What exists and is to be hidden.
    pub(crate) hidden: Vec<Resolved>,
    /// What lies below what may be written and is hidden or protected, as the profile names it.
    pub(crate) guarded: Vec<PathBuf>,
    /// The hosts that may be reached through a proxy; none for any other network.
    pub(crate) hosts: HostList,
    /// The layer over one of the folders that may be written.
    pub(crate) over: Option<Over>,
}

/// A layer as a run needs it.
#[derive(Clone, Debug)]
pub(crate) struct Over {
    pub(crate) mount: OverlayMount,
    home: PathBuf,
}

impl Checked {
    fn new(profile: &Profile, layer: Option<&Layer>) -> Result<Self, String> {
        let mut profile = profile.clone();
        // What waits in the layer is not for the run to read or write past it.
        profile.hide.extend(layer.map(|layer| layer.home.clone()));
        let hosts = match &profile.network {
            Network::Hosts(hosts) => {
                HostList::parse(hosts).map_err(|why| match std::error::Error::source(&why) {
                    Some(source) => format!("{why}: {source}"),
                    None => why.to_string(),
                })?
            }
            Network::None | Network::All => HostList::default(),
        };
        let reads = match &profile.read {
            Reads::Everything => None,
            // What is not there cannot be read, with or without leave.
            Reads::Only(paths) => {
                Some(paths.iter().filter_map(|path| found(path).transpose()).collect::<Result<Vec<_>, _>>()?)
            }
        };
        let reads = reads.filter(|reads| reads.iter().all(|read| read.path != Path::new("/")));
        let mut writes = Vec::new();
        for path in &profile.write {
            let resolved = found(path)?;
            writes
                .push(resolved.ok_or_else(|| format!("`{}`, to be written, is not there", path.display()))?);
        }
        if writes.iter().any(|write| write.path == Path::new("/")) {
            return Err("everything would be writable, which leaves nothing to confine".to_owned());
        }
        let mut hidden = Vec::new();
        for path in &profile.hide {
            hidden.extend(found(path)?);
        }
        let granted = reads.iter().flatten().chain(&writes);
        for (grant, cover) in granted.flat_map(|grant| hidden.iter().map(move |cover| (grant, cover))) {
            if grant.path.starts_with(&cover.path) {
                return Err(format!(
                    "`{}` is granted and lies in `{}`, which is hidden",
                    grant.path.display(),
                    cover.path.display()
                ));
            }
        }
        let roots: Vec<PathBuf> = writes.iter().map(|write| write.path.clone()).collect();
        let mut guarded = Vec::new();
        for path in profile.hide.iter().chain(&profile.protect) {
            let all = paths::guard(path, &roots)?;
            if all.iter().any(|guard| roots.contains(&guard.path)) {
                return Err(format!("`{}` is both to be written and protected", path.display()));
            }
            guarded.extend((!all.is_empty()).then(|| path.clone()));
        }
        let over = layer.map(|layer| over(layer, &roots)).transpose()?;
        Ok(Self { profile, reads, writes, hidden, guarded, hosts, over })
    }

    /// Whether a path lies below what may be read.
    fn lets_read(&self, path: &Path) -> bool {
        self.reads.as_ref().is_none_or(|reads| reads.iter().any(|read| path.starts_with(&read.path)))
    }
}

/// How a layer is mounted, if its folder is one that may be written.
fn over(layer: &Layer, roots: &[PathBuf]) -> Result<Over, String> {
    let mount = layer.mount(layer.folder());
    if !roots.contains(&mount.lower) {
        return Err(format!("`{}` has a layer and is not to be written", mount.lower.display()));
    }
    let home = layer.home.canonicalize().map_err(|why| format!("`{}`: {why}", layer.home.display()))?;
    let mount = OverlayMount { upper: home.join("upper"), work: home.join("work"), ..mount };
    Ok(Over { mount, home })
}

/// A path of a profile, if it leads anywhere.
fn found(path: &Path) -> Result<Option<Resolved>, String> {
    match paths::resolve(path) {
        Ok(resolved) => Ok(Some(resolved)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(format!("`{}`: {why}", path.display())),
    }
}

impl Plan {
    pub(crate) fn new(
        sandbox: &Arc<Inner>,
        profile: &Profile,
        layer: Option<&Layer>,
        tiers: &[Tier],
    ) -> Result<Self, Refusal> {
        let mut reasons = Vec::new();
        let checked = Checked::new(profile, layer)
            .map_err(|why| Refusal { reasons: tiers.iter().map(|tier| (*tier, why.clone())).collect() })?;
        for &tier in tiers {
            let limits = || limit::enforce(tier, profile, &sandbox.groups).err();
            // Whether a tier works is found out only for one that would do.
            let lacks = || sandbox.lacks(tier).or_else(|| layer_fails(sandbox, &checked));
            match cannot(tier, &checked, sandbox).or_else(limits).or_else(lacks) {
                None => return Ok(Self { sandbox: Arc::clone(sandbox), tier, checked }),
                Some(why) => reasons.push((tier, why)),
            }
        }
        Err(Refusal { reasons })
    }

    /// The tier that runs it.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// The hosts that its proxy must let through, as the profile lists them: empty for any other network.
    #[must_use]
    pub fn hosts(&self) -> &HostList {
        &self.checked.hosts
    }

    /// Starts a command under the profile; it runs when this returns.
    ///
    /// # Errors
    /// When it cannot be started with all of the profile enforced.
    pub fn spawn(&self, command: Command) -> Result<Running, SandboxError> {
        let rules = &self.checked.profile.environment;
        let mut environment = environment::filter(rules, &command.environment);
        if net(&self.checked.profile.network) == Net::OwnWithProxy {
            environment::add_proxy(&mut environment, &self.checked.hosts);
        }
        if self.checked.profile.private_tmp {
            environment::set(&mut environment, "TMPDIR", "/tmp");
        }
        self.check_streams(&command.streams)?;
        let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
        let program = self.find(&command, path)?;
        let opened = streams::open(command.streams)?;
        let start = Start {
            program: &program,
            name: command.program.as_os_str(),
            arguments: &command.arguments,
            environment: &environment,
            folder: &command.folder,
            terminal: opened.terminal,
        };
        let held = self.hold()?;
        let (hidden, limits) = self.look_again()?;
        let (groups, doors) = self.sandbox.groups.make(&limits.grouped)?;
        let mut locks = held.placeholders.iter().map(Placeholder::lock).collect::<Result<Vec<_>, _>>()?;
        let layer = self.checked.over.as_ref().map(|over| hold_layer(&over.home)).transpose()?;
        if let Some(lock) = &layer {
            locks.push(lock.home().try_clone().map_err(SandboxError::doing("share the lock of the layer"))?);
        }
        let overlooked = overlooked::overlooked(&held.paths);
        let view = self.view(&hidden, &held.guarded, &overlooked);
        let mut passed: Vec<BorrowedFd<'_>> = opened.theirs.iter().map(AsFd::as_fd).collect();
        passed.extend(doors.iter().map(AsFd::as_fd));
        passed.extend(locks.iter().map(AsFd::as_fd));
        let (stage, script) = match self.tier {
            Tier::Landlock => {
                let script = self.alone(&start, &limits, doors.len())?;
                (Stage::start(&script, &passed)?, script)
            }
            Tier::Namespaces => {
                let script = self.inside(&start, &limits, &view, doors.len(), locks.len())?;
                (Stage::start(&script, &passed)?, script)
            }
            Tier::Container => self.contained(&start, &limits, &view, &passed)?,
        };
        drop(passed);
        drop(opened.theirs);
        let besides = Besides {
            tier: self.tier,
            most_output: self.checked.profile.limits.output,
            sampled: limits.sampled,
            groups,
            placeholders: held.placeholders,
            layer,
        };
        Running::follow(stage, &script, opened.ours, besides)
    }

    /// The program that a command names, where the run will find it.
    fn find(&self, command: &Command, path: Option<&OsStr>) -> Result<PathBuf, SandboxError> {
        let in_image = self.tier == Tier::Container && *self.sandbox.root() != Root::Machine;
        if in_image && !command.program.is_absolute() {
            let why = "a program in an image is named by its whole path there".to_owned();
            return Err(Refusal { reasons: vec![(self.tier, why)] }.into());
        }
        command::find(&command.program, &command.folder, path)
    }

    /// What a command says can be counted only where it is read.
    fn check_streams(&self, streams: &Streams) -> Result<(), Refusal> {
        let given = match streams {
            Streams::Three { output, error, .. } => {
                matches!(output, Stream::Given(_)) || matches!(error, Stream::Given(_))
            }
            Streams::Terminal { .. } => false,
        };
        if given && self.checked.profile.limits.output.is_some() {
            let why = "what goes straight into a descriptor of the caller cannot be counted".to_owned();
            return Err(Refusal { reasons: vec![(self.tier, why)] });
        }
        Ok(())
    }

    /// Looks once more at what may have changed since the plan was made: what is hidden may be there by now,
    /// and a mechanism for a limit may be gone.
    fn look_again(&self) -> Result<(Vec<Resolved>, Enforced), SandboxError> {
        let refused = |why| Refusal { reasons: vec![(self.tier, why)] };
        let profile = &self.checked.profile;
        let mut hidden = Vec::new();
        for path in &profile.hide {
            hidden.extend(found(path).map_err(refused)?);
        }
        let visible = hidden.iter().find(|one| self.checked.lets_read(&one.path));
        if let (Tier::Landlock, Some(one)) = (self.tier, visible) {
            return Err(refused(format!("`{}` is there since this was planned", one.path.display())).into());
        }
        let limits = limit::enforce(self.tier, profile, &self.sandbox.groups).map_err(refused)?;
        Ok((hidden, limits))
    }

    /// Looks once more at everything that is guarded, and holds what has to stand in for it.
    fn hold(&self) -> Result<Held, SandboxError> {
        let roots: Vec<PathBuf> = self.checked.writes.iter().map(|write| write.path.clone()).collect();
        let notes = self.sandbox.notes();
        let mut held = Held::default();
        for path in &self.checked.guarded {
            let (guarded, placeholder) = placeholder::hold(&notes, path, &roots)?;
            held.paths.extend(placeholder.iter().filter_map(|_| Some(guarded.last()?.path.clone())));
            held.guarded.extend(guarded);
            held.placeholders.extend(placeholder);
        }
        // One may lie in a folder that is one, too, and has to go before it.
        held.placeholders.reverse();
        Ok(held)
    }

    fn view<'a>(
        &'a self,
        hidden: &'a [Resolved],
        guarded: &'a [Guarded],
        overlooked: &'a [Overlooked],
    ) -> View<'a> {
        let checked = &self.checked;
        let temporary = checked.profile.limits.temporary.unwrap_or(TEMPORARY);
        View {
            layer: checked.over.as_ref().map(|over| &over.mount),
            reads: checked.reads.as_deref(),
            writes: &checked.writes,
            hidden,
            guarded,
            overlooked,
            private_tmp: checked.profile.private_tmp.then_some(temporary),
            shared: temporary,
        }
    }

    fn inside(
        &self,
        start: &Start<'_>,
        limits: &Enforced,
        view: &View<'_>,
        groups: usize,
        locks: usize,
    ) -> Result<Script, SandboxError> {
        let checked = &self.checked;
        let inside = Inside {
            version: self.sandbox.version()?,
            view,
            net: net(&checked.profile.network),
            limits: &limits.each,
            rules: Rules { sockets: sockets(&checked.profile, self.tier), alone: false },
            wall_ms: wall_ms(&checked.profile.limits),
            groups,
            locks,
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
        };
        inside::script(&inside, Some(start))
    }

    fn contained(
        &self,
        start: &Start<'_>,
        limits: &Enforced,
        view: &View<'_>,
        passed: &[BorrowedFd<'_>],
    ) -> Result<(Stage, Script), SandboxError> {
        let refused = |why| Refusal { reasons: vec![(self.tier, why)] };
        let profile = &self.checked.profile;
        let job = engine::Job {
            connection: &self.sandbox.engine().map_err(refused)?,
            root: self.sandbox.root(),
            state: self.sandbox.folder(),
            user: engine::user_of(&self.checked.writes).map_err(refused)?,
            view,
            version: self.sandbox.version()?,
            network: match net(&profile.network) {
                Net::Own => engine::Net::None,
                Net::OwnWithProxy => engine::Net::Proxy,
                Net::Shared => engine::Net::Machine,
            },
            limits: &profile.limits,
            each: &limits.each,
            rules: Rules { sockets: sockets(profile, self.tier), alone: false },
            wall_ms: wall_ms(&profile.limits),
        };
        engine::start(&job, start, passed)
    }

    fn alone(&self, start: &Start<'_>, limits: &Enforced, groups: usize) -> Result<Script, SandboxError> {
        let root = [Path::new("/")];
        let paths: Vec<&Path>;
        let readable = match &self.checked.reads {
            None => &root[..],
            Some(reads) => {
                paths = reads.iter().map(|read| read.path.as_path()).collect();
                &paths
            }
        };
        let alone = Alone {
            version: self.sandbox.version()?,
            readable,
            limits: &limits.each,
            rules: Rules { sockets: sockets(&self.checked.profile, self.tier), alone: true },
            wall_ms: wall_ms(&self.checked.profile.limits),
            privileged: rustix::process::geteuid().is_root(),
            groups,
        };
        alone::script(&alone, start)
    }
}

/// Keeps a layer for one run.
fn hold_layer(home: &Path) -> Result<Lock, SandboxError> {
    Lock::of(home).map_err(|why| SandboxError::doing("use the layer")(std::io::Error::other(why)))
}

/// What a run guards, and what stands in for what is not there.
#[derive(Default)]
struct Held {
    guarded: Vec<Guarded>,
    placeholders: Vec<Placeholder>,
    /// Where these lie.
    paths: Vec<PathBuf>,
}

/// How the network of a profile is made.
fn net(network: &Network) -> Net {
    match network {
        Network::None => Net::Own,
        // A list that names nobody is nothing, never everything.
        Network::Hosts(hosts) if hosts.is_empty() => Net::Own,
        Network::Hosts(_) => Net::OwnWithProxy,
        Network::All => Net::Shared,
    }
}

/// Why a tier cannot express all of a profile.
fn cannot(tier: Tier, checked: &Checked, sandbox: &Inner) -> Option<String> {
    match tier {
        Tier::Landlock | Tier::Container if checked.over.is_some() => {
            Some("it has no layers in which changes wait".to_owned())
        }
        Tier::Landlock => alone_cannot(checked),
        Tier::Namespaces => None,
        Tier::Container => contained_cannot(checked, sandbox),
    }
}

/// Why a container cannot express all of a profile. The engine is asked last, since asking takes a while.
fn contained_cannot(checked: &Checked, sandbox: &Inner) -> Option<String> {
    if let Root::Image(name) = sandbox.root() {
        if let Some(why) = engine::unpinned(name) {
            return Some(why);
        }
        if checked.reads.is_none() {
            return Some("an image has none of this machine's files; name what is to be read".to_owned());
        }
    }
    let roots: Vec<PathBuf> = checked.writes.iter().map(|write| write.path.clone()).collect();
    for path in &checked.guarded {
        match paths::guard(path, &roots) {
            Err(why) => return Some(why),
            Ok(all) => {
                if let Some(link) = all.iter().find(|one| one.state == State::Link) {
                    return Some(engine::links_cannot_be_held(&link.path));
                }
            }
        }
    }
    if let Err(why) = engine::user_of(&checked.writes) {
        return Some(why);
    }
    let engine = match sandbox.engine() {
        Ok(engine) => engine,
        Err(why) => return Some(why),
    };
    let limits = &checked.profile.limits;
    if limits.memory.is_some() && !engine.limits_memory {
        return Some("this engine cannot limit memory".to_owned());
    }
    if limits.processes.is_some() && !engine.limits_processes {
        return Some("this engine cannot limit how many processes there are".to_owned());
    }
    None
}

fn alone_cannot(checked: &Checked) -> Option<String> {
    let profile = &checked.profile;
    if let Some(write) = checked.writes.first() {
        return Some(format!(
            "it lets nothing be written (`{}`): Landlock guards neither modes nor owners of files, so the \
             calls that change these are refused everywhere, and programs that write need them",
            write.path.display()
        ));
    }
    if let Some(hidden) = checked.hidden.iter().find(|hidden| checked.lets_read(&hidden.path)) {
        return Some(format!("it cannot hide `{}` below what may be read", hidden.path.display()));
    }
    if profile.private_tmp {
        return Some("it has no private folder for temporary files".to_owned());
    }
    if matches!(&profile.network, Network::Hosts(hosts) if !hosts.is_empty()) {
        return Some("it cannot tell hosts apart".to_owned());
    }
    if profile.local_sockets == LocalSockets::Readable {
        return Some("it cannot tell local sockets apart".to_owned());
    }
    None
}

/// Why a layer cannot be mounted for a run here; nothing without one. Tried, because it is up to the kernel
/// and to the file system that the layer lies on.
fn layer_fails(sandbox: &Inner, checked: &Checked) -> Option<String> {
    let over = checked.over.as_ref()?;
    let tried = |version| try_namespaces(version, Some(&over.mount), &checked.writes);
    sandbox.version().map_err(|why| why.to_string()).and_then(tried).err()
}

/// Which sockets a profile lets a command open.
fn sockets(profile: &Profile, tier: Tier) -> Sockets {
    Sockets {
        // The other tiers have a network of their own, so that what is reached there is their own, too.
        internet: tier != Tier::Landlock || profile.network == Network::All,
        local: profile.local_sockets == LocalSockets::Readable,
    }
}

fn wall_ms(limits: &Limits) -> i64 {
    // Not even a moment is one millisecond, because none would be no limit.
    limits.wall.map_or(0, |wall| i64::try_from(wall.as_millis().max(1)).unwrap_or(i64::MAX / 4_000_000))
}
