//! Which tier runs a profile, and what exactly it will enforce.

use crate::apart::Apart;
use crate::cannot::{apart_fails, cannot, layer_fails};
use crate::checked::{Checked, found};
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
use crate::paths::{Guarded, Resolved};
use crate::placeholder::Placeholders;
use crate::profile::{Limits, LocalSockets, Network, Profile, Tier};
use crate::running::{Besides, Running};
use crate::sandbox::Inner;
use crate::script::Script;
use crate::seccomp::{Rules, Sockets};
use crate::stage::Stage;
use crate::stand_in::StandIn;
use crate::streams;
use std::ffi::OsStr;
use std::io;
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
    stand_ins: Vec<StandIn>,
}

impl Plan {
    pub(crate) fn new(
        sandbox: &Arc<Inner>,
        profile: &Profile,
        layer: Option<&Layer>,
        apart: Option<&Arc<Apart>>,
        tiers: &[Tier],
    ) -> Result<Self, Refusal> {
        let mut reasons = Vec::new();
        let checked = Checked::new(profile, layer, apart.cloned())
            .map_err(|why| Refusal { reasons: tiers.iter().map(|tier| (*tier, why.clone())).collect() })?;
        for &tier in tiers {
            let limits = || limit::enforce(tier, profile, &sandbox.groups).err();
            // Whether a tier works is found out only for one that would do.
            let lacks = || {
                let lacks = sandbox.lacks(tier).or_else(|| layer_fails(sandbox, &checked));
                lacks.or_else(|| apart_fails(sandbox, &checked))
            };
            match cannot(tier, &checked, sandbox).or_else(limits).or_else(lacks) {
                None => {
                    return Ok(Self { sandbox: Arc::clone(sandbox), tier, checked, stand_ins: Vec::new() });
                }
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

    /// The same run, with copies that stand in for protected files. Where the tier knows no such thing these are
    /// only read, as they are without.
    #[must_use]
    pub fn standing_in(mut self, stand_ins: Vec<StandIn>) -> Self {
        self.stand_ins = stand_ins;
        self
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
        let mut locks = held.placeholders.locks()?;
        if let Some(place) = &self.checked.place {
            let of_place = SandboxError::doing("share the lock of what is kept apart");
            locks.push(place.lock().try_clone().map_err(of_place)?);
        }
        for kept in &self.checked.apart {
            kept.renew().map_err(|why| SandboxError::doing("keep folders apart")(io::Error::other(why)))?;
        }
        let layer = self.checked.over.as_ref().map(|over| hold_layer(&over.home)).transpose()?;
        if let Some(lock) = &layer {
            locks.push(lock.home().try_clone().map_err(SandboxError::doing("share the lock of the layer"))?);
        }
        let overlooked = overlooked::overlooked(&held.paths);
        let (layers, writes) = (self.layers(), self.writes());
        let view = self.view(&layers, &writes, &hidden, &held.guarded, &overlooked);
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
            apart: self.checked.place.clone(),
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
        let roots = self.checked.roots();
        let notes = self.sandbox.notes();
        let mut held = Held::default();
        // What is kept apart needs something to lie on, which goes with the run as others do.
        for kept in &self.checked.apart {
            let path = &kept.folder.path;
            let above: Vec<PathBuf> = path.parent().map(Path::to_owned).into_iter().collect();
            held.placeholders.hold(&notes, &path.join(""), &above)?;
        }
        for path in &self.checked.guarded {
            let (guarded, stands_in) = held.placeholders.hold(&notes, path, &roots)?;
            held.paths.extend(guarded.last().filter(|_| stands_in).map(|last| last.path.clone()));
            held.guarded.extend(guarded);
        }
        Ok(held)
    }

    /// What is seen through layers.
    fn layers(&self) -> Vec<&OverlayMount> {
        let over = self.checked.over.iter().map(|over| &over.mount);
        over.chain(self.checked.apart.iter().map(|kept| &kept.mount)).collect()
    }

    /// Below what a run writes, in earnest or apart.
    fn writes(&self) -> Vec<Resolved> {
        let apart = self.checked.apart.iter().map(|kept| &kept.folder);
        self.checked.writes.iter().chain(apart).cloned().collect()
    }

    fn view<'a>(
        &'a self,
        layers: &'a [&'a OverlayMount],
        writes: &'a [Resolved],
        hidden: &'a [Resolved],
        guarded: &'a [Guarded],
        overlooked: &'a [Overlooked],
    ) -> View<'a> {
        let checked = &self.checked;
        let temporary = checked.profile.limits.temporary.unwrap_or(TEMPORARY);
        View {
            layers,
            reads: checked.reads.as_deref(),
            writes,
            hidden,
            guarded,
            overlooked,
            stand_ins: &self.stand_ins,
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
    placeholders: Placeholders,
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
