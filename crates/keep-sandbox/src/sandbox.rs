//! What this machine can do, found out by doing it.

use crate::cgroup::{self, Groups};
use crate::confine::inside::{self, Inside, Net};
use crate::confine::mounts::View;
use crate::confine::open::Writer;
use crate::error::{Refusal, SandboxError};
use crate::kernel::landlock;
use crate::placeholder;
use crate::plan::Plan;
use crate::profile::{Profile, Tier};
use crate::running;
use crate::script::Script;
use crate::seccomp::{Rules, Sockets};
use crate::stage::{Message, Stage};
use std::path::PathBuf;
use std::sync::Arc;

/// What this machine can enforce, and why not more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of Landlock, whose sixth brought what the landlock tier needs.
    pub landlock: Result<u32, String>,
    /// Whether the namespaces tier works.
    pub namespaces: Result<(), String>,
}

impl Capabilities {
    /// Why a tier does not work here; nothing when it does.
    #[must_use]
    pub fn lacks(&self, tier: Tier) -> Option<String> {
        match tier {
            Tier::Landlock => self.landlock.as_ref().err().cloned(),
            Tier::Namespaces => self.namespaces.as_ref().err().cloned(),
            Tier::Container => Some("there is no container tier yet".to_owned()),
        }
    }
}

/// Where confined runs come from: a folder for what they must remember, and what this machine can do.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) folder: PathBuf,
    pub(crate) capabilities: Capabilities,
    pub(crate) groups: Groups,
    /// The version of Landlock, 0 without.
    pub(crate) version: u32,
}

impl Sandbox {
    /// Finds out what this machine can do, and removes what crashed runs left. The folder is the caller's
    /// own; it holds which placeholders exist.
    ///
    /// # Errors
    /// When the folder cannot be used, or no process can be started at all.
    pub fn open(folder: PathBuf) -> Result<Self, SandboxError> {
        std::fs::create_dir_all(&folder)
            .map_err(SandboxError::doing(format!("make {}", folder.display())))?;
        placeholder::sweep(&folder)
            .map_err(SandboxError::doing(format!("tidy up after earlier runs in {}", folder.display())))?;
        let version = landlock_version()?;
        let capabilities =
            Capabilities { landlock: landlock_tier(version), namespaces: namespaces_tier(version) };
        let groups = Groups::find();
        cgroup::sweep(&groups);
        Ok(Self { inner: Arc::new(Inner { folder, capabilities, groups, version }) })
    }

    /// What this machine can do.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.inner.capabilities
    }

    /// Works out how to run something under this profile: by the fastest tier that can express all of it.
    ///
    /// # Errors
    /// When no tier here can, with what each one lacks.
    pub fn plan(&self, profile: &Profile) -> Result<Plan, Refusal> {
        Plan::new(&self.inner, profile)
    }
}

/// Runs a script that only asks one thing.
pub(crate) fn ask(script: &Script) -> Result<Option<i64>, SandboxError> {
    let stage = Stage::start(script, &[])?;
    let mut answer = None;
    loop {
        match stage.next().map_err(SandboxError::doing("hear from the stage"))? {
            Some(Message::Value(value)) => answer = Some(value),
            Some(Message::Failed { step, errno }) => return Err(running::failure(script, step, errno)),
            Some(_) => {}
            None => break,
        }
    }
    stage.reap().map_err(SandboxError::doing("wait for the stage"))?;
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

/// Sets everything up for a command that reads everything, and runs none.
fn namespaces_tier(version: u32) -> Result<(), String> {
    let view = View {
        reads: None,
        writes: &[],
        hidden: &[],
        guarded: &[],
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
    tried.map(drop).map_err(|why| {
        let source = std::error::Error::source(&why).map(|source| format!(": {source}"));
        format!("{why}{}", source.unwrap_or_default())
    })
}
