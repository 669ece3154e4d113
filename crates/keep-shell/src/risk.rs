//! From effects to a risk, with reasons that a person understands.

use crate::effect::{Deed, Effect, Kind, Origin, Place, Traffic, is_local};
use keep_types::Risk;
use serde::Serialize;

/// Why a command has its risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The risk that this alone gives.
    pub risk: Risk,
    /// A word for programs; stable.
    pub code: &'static str,
    /// A sentence for people.
    pub text: String,
}

impl Reason {
    pub(crate) fn new(risk: Risk, code: &'static str, text: impl Into<String>) -> Self {
        Self { risk, code, text: text.into() }
    }
}

/// The reason that one effect gives, if it is worth a word.
pub(crate) fn reason(effect: &Effect) -> Option<Reason> {
    match effect {
        Effect::Path { deed, path, place } => on_path(*deed, path, *place),
        Effect::Network { traffic, host } => Some(on_network(*traffic, host.as_deref())),
        Effect::Code { origin } => Some(on_code(*origin)),
        Effect::Environment { name } => Some(Reason::new(
            Risk::High,
            "environment",
            format!("sets {name}, which changes what other programs run or whom they talk to"),
        )),
        Effect::Act { kind } => Some(on_act(*kind)),
        Effect::UnknownProgram => {
            Some(Reason::new(Risk::Medium, "unknown-program", "nothing is known of this program"))
        }
        Effect::Undecided { what } => Some(Reason::new(
            Risk::High,
            "undecided",
            format!("what this does is decided only when it runs: {what}"),
        )),
    }
}

fn on_path(deed: Deed, path: &str, place: Place) -> Option<Reason> {
    match deed {
        Deed::Probe => None,
        Deed::Look | Deed::Read => on_read(deed, path, place),
        Deed::Write | Deed::WriteAll => on_write(deed, path, place),
        Deed::Delete | Deed::DeleteAll => on_delete(deed, path, place),
    }
}

fn on_read(deed: Deed, path: &str, place: Place) -> Option<Reason> {
    let verb = if deed == Deed::Look { "lists" } else { "reads" };
    let (risk, code, text) = match place {
        Place::Stream | Place::Workspace | Place::Output | Place::WorkspaceRoot | Place::Trusted => {
            return None;
        }
        Place::Temporary => return None,
        Place::Secret => {
            (Risk::Critical, "reads-secret", format!("{verb} {path}, which holds keys or passwords"))
        }
        Place::Device => (Risk::High, "reads-device", format!("{verb} the device {path}")),
        Place::Unknown => {
            (Risk::High, "reads-unknown", format!("{verb} a path that cannot be known: {path}"))
        }
        Place::Home | Place::Startup | Place::System | Place::Outside | Place::Vital => {
            (Risk::High, "reads-outside", format!("{verb} {path}, outside the workspace"))
        }
    };
    Some(Reason::new(risk, code, text))
}

fn on_write(deed: Deed, path: &str, place: Place) -> Option<Reason> {
    let all = if deed == Deed::WriteAll { " and all below it" } else { "" };
    let (risk, code, text) = match place {
        Place::Stream => return None,
        Place::Workspace | Place::Output | Place::WorkspaceRoot => {
            (Risk::Medium, "writes", format!("changes {path}{all}"))
        }
        Place::Temporary => (Risk::Medium, "writes-temporary", format!("changes {path}{all}")),
        Place::Trusted => {
            (Risk::High, "writes-trusted", format!("changes {path}, which other programs run or obey later"))
        }
        Place::Startup => (
            Risk::Critical,
            "writes-startup",
            format!("changes {path}, which runs by itself or decides who may do what"),
        ),
        Place::Secret => {
            (Risk::Critical, "writes-secret", format!("changes {path}, which holds keys or passwords"))
        }
        Place::Device => (Risk::Critical, "writes-device", format!("writes straight to the device {path}")),
        Place::Vital => (Risk::Critical, "writes-vital", format!("changes {path}{all}")),
        Place::Unknown => {
            (Risk::High, "writes-unknown", format!("changes a path that cannot be known: {path}"))
        }
        Place::Home | Place::System | Place::Outside => {
            (Risk::High, "writes-outside", format!("changes {path}{all}, outside the workspace"))
        }
    };
    Some(Reason::new(risk, code, text))
}

fn on_delete(deed: Deed, path: &str, place: Place) -> Option<Reason> {
    let all = deed == Deed::DeleteAll;
    let (risk, code, text) = match place {
        Place::Stream => return None,
        Place::WorkspaceRoot if all => {
            (Risk::Critical, "deletes-root", format!("deletes all of the workspace: {path}"))
        }
        Place::Workspace | Place::WorkspaceRoot if all => {
            (Risk::High, "deletes-tree", format!("deletes {path} and all below it"))
        }
        Place::Workspace | Place::WorkspaceRoot | Place::Output => {
            (Risk::Medium, "deletes", format!("deletes {path}"))
        }
        Place::Temporary => (Risk::Medium, "deletes-temporary", format!("deletes {path}")),
        Place::Trusted if all => (
            Risk::Critical,
            "deletes-trusted",
            format!("deletes {path} and all below it, which cannot be made anew"),
        ),
        Place::Trusted => {
            (Risk::High, "deletes-trusted", format!("deletes {path}, which other programs rely on"))
        }
        Place::Vital => {
            (Risk::Critical, "deletes-root", format!("deletes {path}, a root of the system or a user"))
        }
        Place::Startup | Place::System if all => {
            (Risk::Critical, "deletes-system", format!("deletes {path} and all below it, part of the system"))
        }
        Place::Secret => {
            (Risk::Critical, "deletes-secret", format!("deletes {path}, which holds keys or passwords"))
        }
        Place::Device => (Risk::Critical, "deletes-device", format!("deletes the device {path}")),
        Place::Unknown if all && path.contains("/") => (
            Risk::Critical,
            "deletes-unknown",
            format!("deletes {path} and all below it; if the variable is empty, a root"),
        ),
        Place::Unknown => {
            (Risk::High, "deletes-unknown", format!("deletes a path that cannot be known: {path}"))
        }
        Place::Home | Place::Startup | Place::System | Place::Outside => {
            (Risk::High, "deletes-outside", format!("deletes {path}, outside the workspace"))
        }
    };
    Some(Reason::new(risk, code, text))
}

fn on_network(traffic: Traffic, host: Option<&str>) -> Reason {
    let whom = host.unwrap_or("a host that is not named here");
    let local = host.is_some_and(is_local);
    match traffic {
        Traffic::Query => {
            Reason::new(Risk::Medium, "asks-service", "asks a service that your own settings name")
        }
        Traffic::Fetch if local => {
            Reason::new(Risk::Medium, "network-local", "talks to a service on this machine")
        }
        Traffic::Fetch => Reason::new(Risk::High, "network", format!("talks to {whom}")),
        Traffic::Send if local => {
            Reason::new(Risk::Medium, "network-local-send", "gives data to a service on this machine")
        }
        Traffic::Send => Reason::new(Risk::High, "network-send", format!("gives data to {whom}")),
        Traffic::Change => {
            Reason::new(Risk::High, "remote-change", format!("changes or deletes what {whom} keeps"))
        }
        Traffic::Listen => Reason::new(Risk::Medium, "network-listen", "waits for others to connect"),
    }
}

fn on_code(origin: Origin) -> Reason {
    match origin {
        Origin::Inline => Reason::new(Risk::Medium, "code-inline", "runs code given on the command line"),
        Origin::InlineReaching => Reason::new(
            Risk::High,
            "code-inline-reaching",
            "runs code given on the command line that reaches files, programs or the network",
        ),
        Origin::Workspace => Reason::new(Risk::Medium, "code-workspace", "runs code of the workspace"),
        Origin::Outside => Reason::new(Risk::High, "code-outside", "runs code from outside the workspace"),
        Origin::Registry => Reason::new(Risk::High, "code-registry", "fetches a package and runs it"),
        Origin::Network => Reason::new(
            Risk::Critical,
            "code-network",
            "runs what comes from the network without anybody seeing it",
        ),
        Origin::Unseen => {
            Reason::new(Risk::Critical, "code-unseen", "runs text that cannot be seen beforehand")
        }
    }
}

fn on_act(kind: Kind) -> Reason {
    let (risk, code, text) = match kind {
        Kind::Process => (Risk::High, "process", "signals or stops processes"),
        Kind::Job => (Risk::Medium, "job", "signals a job that this shell started"),
        Kind::Privilege => (Risk::Critical, "privilege", "becomes another user or gains rights"),
        Kind::Install => (Risk::High, "install", "installs, removes or upgrades packages"),
        Kind::History => (Risk::High, "history", "rewrites or deletes recorded history"),
        Kind::Discard => (Risk::High, "discard", "throws away work that is recorded nowhere"),
        Kind::Repository => (Risk::Medium, "repository", "changes the repository"),
        Kind::Credential => (Risk::Critical, "credential", "reads credentials"),
        Kind::System => (Risk::High, "system", "changes how the system runs"),
        Kind::Destroy => (Risk::Critical, "destroy", "destroys data or stops the machine"),
        Kind::Build => {
            (Risk::Medium, "build", "runs a build tool, which runs what the workspace tells it to")
        }
        Kind::Container => (Risk::High, "container", "starts or reaches into a container or another machine"),
        Kind::Wipe => (Risk::High, "wipe", "deletes containers, images, volumes, databases or backups"),
        Kind::Escape => (Risk::Critical, "escape", "gives a program the run of the machine"),
        Kind::Later => (Risk::High, "later", "arranges for something to run later"),
        Kind::ShellOut => (Risk::Critical, "shell-out", "gives somebody else a shell"),
    };
    Reason::new(risk, code, text)
}
