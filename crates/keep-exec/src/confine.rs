//! What a run may do, worked out from the profile, from what the line says of itself, and from where the
//! caller works. This is what a person is shown, what an approval binds, and what the sandbox is told.

use crate::error::ExecError;
use keep_policy::Profile;
use keep_shell::{Analysis, Effect, Kind, Origin, Traffic};
use keep_types::{Duration, Principal, PrincipalKind};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Folders that many programs share: nothing below may be a workspace that is these themselves.
const SHARED: [&str; 17] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run", "/srv", "/sys",
    "/tmp", "/usr", "/var", "/var/tmp",
];

/// Variables that a run gets from its caller. None of them names a program to be run: those (`PAGER`,
/// `GIT_SSH_COMMAND`, `RUSTC_WRAPPER`, …) would be a way around what the line says.
pub(crate) const PASSED: [&str; 37] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "LINES",
    "CI",
    "SOURCE_DATE_EPOCH",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_TERM_COLOR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "GOPATH",
    "GOCACHE",
    "GOMODCACHE",
    "GOROOT",
    "JAVA_HOME",
    "NVM_DIR",
    "NVM_BIN",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "XDG_CACHE_HOME",
];

/// What a run may reach over the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Nothing but its own loopback.
    Nothing,
    /// These hosts, through the proxy.
    Hosts(Vec<String>),
    /// Every host.
    Everything,
}

/// How much a run may use. Nothing stands for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// From its start to its end.
    pub timeout: Duration,
    /// Bytes of memory, of all its processes.
    pub memory_bytes: Option<u64>,
    /// Bytes of its largest file.
    pub file_bytes: u64,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// Bytes that it may say.
    pub output_bytes: u64,
}

/// What a run may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The profile that all of it follows from.
    pub profile: Profile,
    /// The folders that it may change.
    pub writes: Vec<PathBuf>,
    /// What it may reach.
    pub network: Reach,
    /// How much it may use.
    pub limits: Limits,
}

/// Where the caller works, as the house found it out. Nothing of it is taken from a request.
#[derive(Clone, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) workspace: &'a Path,
    /// Whether that is a project, and not merely a folder.
    pub(crate) project: bool,
    pub(crate) home: &'a Path,
    pub(crate) principal: &'a Principal,
}

impl Ground<'_> {
    /// A program outside every project has no folder of its own, whatever folder it names; it looks, and
    /// changes nothing.
    pub(crate) fn widest(&self, wanted: Profile) -> Profile {
        match (self.principal.kind(), self.project) {
            (PrincipalKind::User, _) | (_, true) => wanted,
            (PrincipalKind::Agent | PrincipalKind::Service, false) => wanted.min(Profile::ReadOnly),
        }
    }

    /// Why the workspace cannot be writable.
    fn too_wide(&self) -> Option<&'static str> {
        let (workspace, home) = (self.workspace, self.home);
        if SHARED.iter().any(|shared| workspace == Path::new(shared)) {
            return Some("it belongs to the whole machine");
        }
        home.starts_with(workspace).then_some("your home folder lies in it")
    }
}

/// What a line may do that was admitted with this analysis: what its profile lets it, and over the network
/// what the line itself was seen to reach, since that is what was ruled on.
pub(crate) fn confinement(
    profile: Profile,
    analysis: &Analysis,
    hosts: Option<&[String]>,
    ground: &Ground<'_>,
    limits: Limits,
) -> Result<Confinement, ExecError> {
    let writes = match profile {
        Profile::ReadOnly => Vec::new(),
        Profile::Workspace | Profile::Network => vec![ground.workspace.to_owned()],
        Profile::FullTrust => {
            let mut all = vec![ground.workspace.to_owned()];
            // One below the other is one.
            if !ground.workspace.starts_with(ground.home) {
                all.push(ground.home.to_owned());
            } else {
                all = vec![ground.home.to_owned()];
            }
            all
        }
    };
    if matches!(profile, Profile::Workspace | Profile::Network)
        && let Some(why) = ground.too_wide()
    {
        return Err(ExecError::TooWide { path: ground.workspace.to_owned(), why });
    }
    let network = match profile {
        Profile::ReadOnly | Profile::Workspace => reached(analysis),
        Profile::Network => hosts.map_or(Reach::Everything, |hosts| Reach::Hosts(hosts.to_vec())),
        Profile::FullTrust => Reach::Everything,
    };
    Ok(Confinement { profile, writes, network, limits })
}

/// The hosts that a line names, or everything where it reaches some that it does not name.
fn reached(analysis: &Analysis) -> Reach {
    let mut hosts = Vec::new();
    let mut unnamed = false;
    for effect in analysis.parts.iter().flat_map(|part| &part.effects) {
        match effect {
            Effect::Network { traffic: Traffic::Listen, .. } => {}
            Effect::Network { host: Some(host), .. } if hosts.contains(host) => {}
            Effect::Network { host: Some(host), .. } if !host.is_empty() => hosts.push(host.clone()),
            Effect::Network { .. }
            | Effect::Code { origin: Origin::Registry | Origin::Network }
            | Effect::Act { kind: Kind::Install } => unnamed = true,
            _ => {}
        }
    }
    match (unnamed, hosts.is_empty()) {
        (true, _) => Reach::Everything,
        (false, true) => Reach::Nothing,
        (false, false) => Reach::Hosts(hosts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keep_shell::{Context, analyse};

    const LIMITS: Limits = Limits {
        timeout: Duration::from_ms(1_000),
        memory_bytes: None,
        file_bytes: 1 << 20,
        processes: None,
        output_bytes: 1,
    };

    fn of(
        line: &str,
        profile: Profile,
        workspace: &str,
        who: &str,
        project: bool,
    ) -> Result<Confinement, ExecError> {
        let analysis = analyse(line, &Context::new(workspace, "/home/ann"));
        let principal: Principal = who.parse().unwrap();
        let ground = Ground {
            workspace: Path::new(workspace),
            project,
            home: Path::new("/home/ann"),
            principal: &principal,
        };
        confinement(ground.widest(profile), &analysis, None, &ground, LIMITS)
    }

    #[test]
    fn a_line_reaches_what_it_was_seen_to_reach() {
        for (line, network) in [
            ("git status", Reach::Nothing),
            ("make test", Reach::Nothing),
            ("curl https://example.org/x", Reach::Hosts(vec!["example.org".into()])),
            ("npm install left-pad", Reach::Everything),
            ("python3 -m http.server", Reach::Nothing),
        ] {
            let found = of(line, Profile::Workspace, "/home/ann/work", "user:ann", true).unwrap();
            assert_eq!(found.network, network, "{line}");
            assert_eq!(found.writes, [PathBuf::from("/home/ann/work")]);
        }
    }

    #[test]
    fn what_holds_more_than_a_project_is_never_writable() {
        for workspace in ["/", "/tmp", "/etc", "/home", "/home/ann"] {
            let found = of("make", Profile::Workspace, workspace, "user:ann", true);
            assert!(matches!(found, Err(ExecError::TooWide { .. })), "{workspace}: {found:?}");
            assert!(of("ls", Profile::ReadOnly, workspace, "user:ann", true).unwrap().writes.is_empty());
        }
    }

    /// A folder does not become writable because a program named it.
    #[test]
    fn a_program_outside_every_project_changes_nothing() {
        let agent = of("touch x", Profile::Workspace, "/srv/data", "agent:a", false).unwrap();
        assert!(agent.writes.is_empty());
        assert_eq!(agent.profile, Profile::ReadOnly);
        assert!(!of("touch x", Profile::Workspace, "/srv/data", "agent:a", true).unwrap().writes.is_empty());
        assert!(
            !of("touch x", Profile::Workspace, "/srv/data", "user:ann", false).unwrap().writes.is_empty()
        );
    }
}
