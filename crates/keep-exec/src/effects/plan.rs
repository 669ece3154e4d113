//! The sandbox's own profile, and which tier runs it.

use super::guarded::guarded;
use super::settings::Copied;
use super::{caches, settings};
use crate::acts::RunCommand;
use crate::confine::{PASSED, Reach};
use crate::engine::ExecConfig;
use crate::error::ExecError;
use crate::worktree::linked;
use keep_gate::Permit;
use keep_policy::Profile as Word;
use keep_sandbox::egress::HostList;
use keep_sandbox::layer::Layer;
use keep_sandbox::{
    Environment, Limits, LocalSockets, Network, Plan, Profile, Reads, Refusal, Sandbox, Tier, credentials,
    engines,
};
use keep_types::chain;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// The sandbox, opened with the first run.
#[derive(Default)]
pub(crate) struct Cell(OnceLock<Sandbox>);

/// A run that can be confined as wanted.
pub(crate) struct Planned {
    pub(super) plan: Plan,
    /// The copy of its repository's settings that it writes to, if it does.
    pub(crate) settings: Option<Copied>,
    /// Keeps the layer that its changes go to from everybody else.
    pub(super) layer: Option<Layer>,
    /// The hosts that its proxy reaches, if it has one.
    pub(super) hosts: Option<HostList>,
}

impl Planned {
    /// The tier that runs it.
    pub(crate) fn tier(&self) -> &'static str {
        self.plan.tier().as_str()
    }
}

/// Works out how to confine what was admitted.
pub(crate) fn plan(
    permit: &Permit<RunCommand>,
    cell: &Cell,
    config: &ExecConfig,
) -> Result<Planned, ExecError> {
    let act = permit.act();
    let hosts = match &act.confinement.network {
        Reach::Hosts(hosts) => Some(HostList::parse(hosts).map_err(|error| ExecError::Confine {
            why: error.to_string(),
            hint: Some("`--profile network` with `exec.hosts` names the hosts in another way".into()),
        })?),
        Reach::Nothing | Reach::Everything => None,
    };
    let sandbox = opened(cell, config)?;
    let plan = planned(&sandbox, act, config, None)?;
    let settings = settings::copied(act, config)?;
    let plan = match &settings {
        Some(copied) => plan.standing_in(vec![copied.stand_in()]),
        None => plan,
    };
    Ok(Planned { plan, settings, layer: None, hosts })
}

/// Which tier runs it. With its caches where one can keep them apart here; without, they are only read.
pub(super) fn planned(
    sandbox: &Sandbox,
    act: &RunCommand,
    config: &ExecConfig,
    layer: Option<&Layer>,
) -> Result<Plan, ExecError> {
    let profile = profile(act, config);
    let tier = |word| Tier::of(word).ok_or(ExecError::Unfit("exec.tier names no tier"));
    let demanded = config.tier.map(tier).transpose()?;
    let sandbox = &demanded.map_or_else(|| sandbox.clone(), |tier| sandbox.by(tier));
    if let Some(caches) = caches::taken(act, config)?
        && let Ok(plan) = sandbox.plan_apart(&profile, &caches, layer)
    {
        return Ok(plan);
    }
    let plan = match layer {
        Some(layer) => sandbox.plan_over(&profile, layer),
        None => sandbox.plan(&profile),
    };
    plan.map_err(|refusal| refused(&refusal, demanded))
}

pub(super) fn opened(cell: &Cell, config: &ExecConfig) -> Result<Sandbox, ExecError> {
    if let Some(sandbox) = cell.0.get() {
        return Ok(sandbox.clone());
    }
    keep_db::create_private_folder(&config.state)?;
    let sandbox = Sandbox::open(config.state.join("sandbox")).map_err(|e| ExecError::Sandbox(Box::new(e)))?;
    Ok(cell.0.get_or_init(|| sandbox).clone())
}

/// A refusal in words, with what can be done about it.
fn refused(refusal: &Refusal, demanded: Option<Tier>) -> ExecError {
    let of = |tier| refusal.reasons.iter().find(|(one, _)| *one == tier).map(|(_, why)| why.as_str());
    let why = of(Tier::Namespaces).unwrap_or_default();
    let hint = if why.contains("control group") {
        Some(
            "`keep config set exec.processes 0` does without that limit, or give Keep a control group".into(),
        )
    } else {
        demanded.map(|tier| {
            let needs = match tier {
                Tier::Landlock => {
                    "it runs what changes nothing and hides nothing; `--profile read-only` is not enough"
                }
                Tier::Namespaces => "`keep doctor` says why it does not work here",
                Tier::Container => "start Docker, or Podman's service as root, and see docs/sandbox.md",
            };
            format!(
                "exec.tier demands {tier}: {needs}; `keep config set exec.tier fastest` lets others run it"
            )
        })
    };
    ExecError::Confine { why: chain(refusal).join(": "), hint }
}

/// What a run may do, in the sandbox's words.
fn profile(act: &RunCommand, config: &ExecConfig) -> Profile {
    let confinement = &act.confinement;
    let trusted = confinement.profile == Word::FullTrust;
    let mut hide = config.own.clone();
    let mut write = confinement.writes.clone();
    let mut protect = Vec::new();
    if trusted {
        write.push("/tmp".into());
    } else {
        hide.extend(credentials(&config.home));
        hide.extend(engines(&config.home));
        if !confinement.writes.is_empty() {
            protect.extend(guarded(&act.workspace, &config.home));
        }
    }
    let mut pass: Vec<String> = PASSED.iter().map(ToString::to_string).collect();
    pass.push(config.marker.0.clone());
    Profile {
        read: Reads::Everything,
        write,
        hide,
        protect,
        private_tmp: !trusted && !lies_in_tmp(act),
        network: match &confinement.network {
            Reach::Nothing => Network::None,
            Reach::Hosts(hosts) => Network::Hosts(hosts.clone()),
            Reach::Everything => Network::All,
        },
        local_sockets: if trusted { LocalSockets::Readable } else { LocalSockets::None },
        environment: Environment {
            pass,
            secret: act.secrets.iter().map(|used| used.variable.clone()).collect(),
            set: Vec::new(),
        },
        limits: Limits {
            wall: Some(Duration::from_millis(confinement.limits.timeout.ms())),
            memory: confinement.limits.memory_bytes,
            file_size: Some(confinement.limits.file_bytes),
            processes: confinement.limits.processes,
            output: Some(confinement.limits.output_bytes),
            ..Limits::default()
        },
    }
}

/// Whether a folder of its own for temporary files would cover the folder that a run only looks at, or the
/// repository that its worktree belongs to.
fn lies_in_tmp(act: &RunCommand) -> bool {
    let looked_at = act.confinement.writes.is_empty() && act.folder.starts_with("/tmp");
    looked_at || linked(&act.workspace).is_some_and(|linked| linked.lies_below(Path::new("/tmp")))
}
