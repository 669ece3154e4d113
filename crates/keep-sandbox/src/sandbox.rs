//! What this machine can do, found out by doing it.

use crate::apart::Apart;
use crate::cgroup::{self, Controller, Groups};
use crate::confine::inside::{self, Inside, Net};
use crate::confine::mounts::View;
use crate::confine::open::Writer;
use crate::engine::{self, Connection, Engine, Root};
use crate::error::{Refusal, SandboxError};
use crate::kernel::landlock;
use crate::known::{self, Known};
use crate::layer::{Layer, OverlayMount};
use crate::paths::Resolved;
use crate::placeholder;
use crate::plan::Plan;
use crate::profile::{Profile, Tier};
use crate::running;
use crate::script::Script;
use crate::seccomp::{Rules, Sockets};
use crate::stage::{Message, Stage};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What this machine can enforce, and why not more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of Landlock, whose sixth brought what the landlock tier needs.
    pub landlock: Result<u32, String>,
    /// Whether the namespaces tier works.
    pub namespaces: Result<(), String>,
    /// Which container engine there is, asked and not yet tried.
    pub container: Result<String, String>,
    /// Whether a control group can limit the memory of a whole tree; without, it is looked at.
    pub memory_groups: bool,
    /// Whether a control group can limit how many processes a tree has.
    pub process_groups: bool,
}

/// Where confined runs come from: a folder for what they must remember, and what this machine can do.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
    /// Which tiers may be used, the fastest first.
    tiers: Vec<Tier>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    folder: PathBuf,
    pub(crate) groups: Groups,
    found: Mutex<Known>,
    engine: Engine,
    /// The engine once it answered. It is asked only when a profile needs it.
    connection: OnceLock<Connection>,
}

impl Sandbox {
    /// Removes what crashed runs left. The folder is the caller's own; it holds which placeholders exist, and
    /// what was found out about this machine.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: PathBuf) -> Result<Self, SandboxError> {
        Self::open_with(folder, Engine::default())
    }

    /// The same, with this engine for containers.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open_with(folder: PathBuf, engine: Engine) -> Result<Self, SandboxError> {
        let (groups, found) = (Groups::find(), Mutex::new(known::read(&file(&folder))));
        let inner = Inner { groups, found, folder, engine, connection: OnceLock::new() };
        let notes = inner.notes();
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&notes);
        made.map_err(SandboxError::doing(format!("make {}", notes.display())))?;
        placeholder::sweep(&notes)
            .map_err(SandboxError::doing(format!("tidy up after earlier runs in {}", notes.display())))?;
        engine::sweep(&inner.folder).map_err(SandboxError::doing(format!(
            "tidy up after earlier runs in {}",
            inner.folder.display()
        )))?;
        cgroup::sweep(&inner.groups);
        Ok(Self { inner: Arc::new(inner), tiers: Tier::ALL.to_vec() })
    }

    /// The same sandbox, which runs everything by this tier or not at all.
    #[must_use]
    pub fn by(&self, tier: Tier) -> Self {
        Self { inner: Arc::clone(&self.inner), tiers: vec![tier] }
    }

    /// What this machine can do, tried now.
    ///
    /// # Errors
    /// When not even the stage can be started.
    pub fn capabilities(&self) -> Result<Capabilities, SandboxError> {
        let version = landlock_version()?;
        Ok(Capabilities {
            landlock: landlock_tier(version),
            namespaces: namespaces_tier(version),
            container: self.inner.engine().map(|engine| engine.name),
            memory_groups: self.inner.groups.can(Controller::Memory),
            process_groups: self.inner.groups.can(Controller::Processes),
        })
    }

    /// Works out how to run something under this profile: by the fastest tier that can express all of it.
    ///
    /// # Errors
    /// When no tier here can, with what each one lacks.
    pub fn plan(&self, profile: &Profile) -> Result<Plan, Refusal> {
        Plan::new(&self.inner, profile, None, None, &self.tiers)
    }

    /// The same, by this tier and no other.
    ///
    /// # Errors
    /// When it cannot, with what it lacks.
    pub fn plan_in(&self, profile: &Profile, tier: Tier) -> Result<Plan, Refusal> {
        Plan::new(&self.inner, profile, None, None, &[tier])
    }

    /// The same for a run whose changes to one of the folders that it may write wait in a layer. The layer's
    /// own folder is hidden from the run, and nobody else can use or end the layer while a run goes on.
    ///
    /// # Errors
    /// When no tier here can, with what each one lacks.
    pub fn plan_over(&self, profile: &Profile, layer: &Layer) -> Result<Plan, Refusal> {
        Plan::new(&self.inner, profile, Some(layer), None, &self.tiers)
    }

    /// The same, with folders that the run changes only for itself, and a layer where there is one.
    ///
    /// # Errors
    /// When no tier here can, with what each one lacks.
    pub fn plan_apart(
        &self,
        profile: &Profile,
        apart: &Arc<Apart>,
        layer: Option<&Layer>,
    ) -> Result<Plan, Refusal> {
        Plan::new(&self.inner, profile, layer, Some(apart), &self.tiers)
    }
}

/// Where it is kept what was found out.
fn file(folder: &Path) -> PathBuf {
    folder.join("known")
}

impl Inner {
    /// Where it is kept which placeholders exist.
    pub(crate) fn notes(&self) -> PathBuf {
        self.folder.join("placeholders")
    }

    /// The folder of all that must be remembered.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What containers are made of.
    pub(crate) fn root(&self) -> &Root {
        &self.engine.root
    }

    /// The container engine, asked once; an error says why there is none that can be used.
    pub(crate) fn engine(&self) -> Result<Connection, String> {
        if let Some(known) = self.connection.get() {
            return Ok(known.clone());
        }
        let found = Connection::find(&self.engine.sockets)?;
        Ok(self.connection.get_or_init(|| found).clone())
    }

    /// The version of Landlock, 0 without; found out once.
    pub(crate) fn version(&self) -> Result<u32, SandboxError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = found.landlock {
            return Ok(version);
        }
        let version = landlock_version()?;
        found.landlock = Some(version);
        self.remember(*found);
        Ok(version)
    }

    /// Why a tier does not work here; nothing when it does. What works is tried once.
    pub(crate) fn lacks(&self, tier: Tier) -> Option<String> {
        let version = match self.version() {
            Ok(version) => version,
            Err(why) => return Some(whole(&why)),
        };
        match tier {
            Tier::Landlock => landlock_tier(version).err(),
            Tier::Namespaces => {
                let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
                if !found.namespaces {
                    if let Err(why) = namespaces_tier(version) {
                        return Some(why);
                    }
                    found.namespaces = true;
                    self.remember(*found);
                }
                None
            }
            Tier::Container => self.engine().err(),
        }
    }

    /// Whether these folders could be kept apart before.
    pub(crate) fn knows_apart(&self, print: u64) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).apart == Some(print)
    }

    /// Remembers that they can.
    pub(crate) fn remember_apart(&self, print: u64) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.apart = Some(print);
        self.remember(*found);
    }

    fn remember(&self, found: Known) {
        // Not remembered, it is found out again.
        let _ = known::write(&file(&self.folder), found);
    }
}

/// An error with its cause.
fn whole(why: &SandboxError) -> String {
    let source = std::error::Error::source(why).map(|source| format!(": {source}"));
    format!("{why}{}", source.unwrap_or_default())
}

/// Runs a script that only asks one thing.
pub(crate) fn ask(script: &Script) -> Result<Option<i64>, SandboxError> {
    let stage = Stage::start(script, &[])?;
    let mut answer = None;
    loop {
        match stage.line().next().map_err(SandboxError::doing("hear from the stage"))? {
            Some(Message::Value(value)) => answer = Some(value),
            Some(Message::Failed { step, errno }) => return Err(running::failure(script, step, errno)),
            Some(_) => {}
            None => break,
        }
    }
    stage.reap()?;
    Ok(answer)
}

/// Landlock's version, 0 where the kernel has none or it is switched off.
fn landlock_version() -> Result<u32, SandboxError> {
    let mut writer = Writer::new(0);
    writer.script.step("ask for Landlock");
    writer.script.ask(libc::SYS_landlock_create_ruleset, [0.into(), 0.into(), landlock::ASK_VERSION.into()]);
    writer.script.exit();
    let version = ask(&writer.script)?.ok_or(SandboxError::Lost)?;
    Ok(u32::try_from(version).unwrap_or(0))
}

fn landlock_tier(version: u32) -> Result<u32, String> {
    match version {
        0 => Err("this kernel has no Landlock, or it is switched off".to_owned()),
        version if version < landlock::SCOPES_SINCE => Err(format!(
            "Landlock here is version {version}; ending everything that a command started needs version {}",
            landlock::SCOPES_SINCE
        )),
        version => Ok(version),
    }
}

fn namespaces_tier(version: u32) -> Result<(), String> {
    try_namespaces(version, &[], &[])
}

/// Sets everything up for a command that reads everything, and runs none.
pub(crate) fn try_namespaces(
    version: u32,
    layers: &[&OverlayMount],
    writes: &[Resolved],
) -> Result<(), String> {
    let view = View {
        layers,
        reads: None,
        writes,
        hidden: &[],
        guarded: &[],
        overlooked: &[],
        stand_ins: &[],
        private_tmp: Some(1 << 20),
        shared: 1 << 20,
    };
    let inside = Inside {
        version,
        view: &view,
        net: Net::Own,
        limits: &[],
        rules: Rules { sockets: Sockets { internet: true, local: false }, alone: false },
        wall_ms: 0,
        groups: 0,
        locks: 0,
        user: rustix::process::geteuid().as_raw(),
        group: rustix::process::getegid().as_raw(),
    };
    let tried = inside::script(&inside, None).and_then(|script| ask(&script));
    tried.map(drop).map_err(|why| whole(&why))
}
