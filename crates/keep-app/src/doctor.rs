//! What is wrong with an installation, and what to do about it.

use crate::app::App;
use crate::config::NoticeBy;
use crate::error::AppError;
use crate::place::Freshness;
use keep_ledger::Health;
use keep_types::{Caller, Duration, Explain, PrincipalKind, chain};
use keep_vault::{Exposure, Scope, VaultState, What};
use serde::Serialize;

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// All is well.
    Ok,
    /// Worth a look.
    Warn,
    /// Broken.
    Fail,
}

/// One check of the doctor's.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub finding: Finding,
    /// In words.
    pub detail: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Checked {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, finding: Finding::Ok, detail: detail.into(), hint: None }
    }

    fn not_ok(name: &'static str, finding: Finding, detail: String, hint: Option<String>) -> Self {
        Self { name, finding, detail, hint }
    }

    fn of_error(name: &'static str, error: &impl Explain) -> Self {
        Self::not_ok(name, Finding::Fail, chain(error).join(": "), error.hint())
    }
}

/// Less room than this on the data disk is worth a word: a write needs room for the log and a backup.
const LOW_DISK_BYTES: u64 = 256 << 20;
/// A clock before this day is wrong: this program was made after it.
const YOUNGEST_DAY_MS: i64 = 1_763_683_200_000;

/// An agent whose token ends sooner will be stopped by it before long.
const AGENT_SOON: Duration = Duration::from_ms(7 * 24 * 3_600_000);

impl App {
    /// Looks at everything.
    ///
    /// # Errors
    /// When the inbox cannot be read; everything else that is wrong is a finding.
    pub async fn doctor(
        &self,
        caller: &Caller,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Checked>, AppError> {
        let mut checks = vec![self.check_folders(), self.check_disk()?, self.check_clock()];
        checks.push(match self.db.integrity() {
            Ok(problems) if problems.is_empty() => Checked::ok("database", "sound, page by page"),
            Ok(problems) => Checked::not_ok(
                "database",
                Finding::Fail,
                problems.join("; "),
                Some("`keep restore` puts a backup in its place".into()),
            ),
            Err(error) => Checked::of_error("database", &error),
        });
        checks.push(self.check_ledger());
        checks.push(match self.ledger.verify(progress) {
            Ok(report) => Checked::ok("records", format!("{} verified", report.records)),
            Err(error) => Checked::of_error("records", &error),
        });
        checks.push(self.check_vault());
        checks.push(self.check_memories(caller).await);
        checks.extend(self.check_repository());
        checks.push(self.check_confinement());
        checks.push(self.check_notices());
        checks.push(match self.rules.closed_because() {
            None => Checked::ok("rules", format!("{} in force", self.gate.policy().rules().len())),
            Some(error) => Checked::of_error("rules", &*error),
        });
        checks.push(match self.gate.stopped().await? {
            None => Checked::ok("switch", "acts may happen"),
            Some(stop) => Checked::not_ok(
                "switch",
                Finding::Warn,
                format!("stopped since {} by {}: {}", stop.since, stop.by, stop.reason),
                Some("`keep resume` ends it".into()),
            ),
        });
        checks.extend(self.check_agents(caller).await?);
        let waiting = self.gate.waiting(caller).await?;
        checks.push(if waiting == 0 {
            Checked::ok("inbox", "nothing waits")
        } else {
            let hint = Some("`keep inbox` shows them".into());
            Checked::not_ok("inbox", Finding::Warn, format!("{waiting} requests wait"), hint)
        });
        Ok(checks)
    }

    /// Whether the tokens of connected agents are good for a while yet. Only a person sees tokens.
    async fn check_agents(&self, caller: &Caller) -> Result<Option<Checked>, AppError> {
        let name = "agents";
        let folder = self.at.config.join("clients");
        if caller.principal.kind() != PrincipalKind::User || !folder.is_dir() {
            return Ok(None);
        }
        let tokens = self.gate.tokens(caller).await?;
        let (mut connected, mut ending) = (0_usize, Vec::new());
        let fault = |e| AppError::file("reading", &folder, e);
        for entry in std::fs::read_dir(&folder).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let Some(agent) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".token")) else {
                continue;
            };
            let text = std::fs::read_to_string(&path).map_err(fault)?;
            let id = text.split('_').nth(1).map(|id| format!("tok_{id}"));
            let view = tokens.iter().find(|view| Some(view.id.to_string()) == id);
            connected += 1;
            match view {
                Some(view) if view.is_good(self.now().plus(AGENT_SOON)) => {}
                Some(view) if view.is_good(self.now()) => {
                    ending.push(format!("{agent} until {}", view.expires));
                }
                _ => ending.push(format!("{agent} no longer")),
            }
        }
        if ending.is_empty() {
            return Ok(Some(Checked::ok(name, format!("{connected} connected"))));
        }
        let hint = Some("`keep connect AGENT` in its project's folder makes its token anew".into());
        let detail = format!("tokens are good: {}", ending.join("; "));
        Ok(Some(Checked::not_ok(name, Finding::Warn, detail, hint)))
    }

    /// Which tiers can run commands here, and why not the others.
    fn check_confinement(&self) -> Checked {
        let name = "confinement";
        let found = match self.confinement() {
            Ok(found) => found,
            Err(error) => {
                return Checked::not_ok(name, Finding::Fail, chain(&error).join(": "), None);
            }
        };
        let tier = |name: &str, works: Result<(), &String>| match works {
            Ok(()) => format!("{name} works"),
            Err(why) => format!("{name} does not: {why}"),
        };
        let detail = [
            tier("namespaces", found.namespaces.as_ref().copied()),
            tier("landlock", found.landlock.as_ref().map(|_| ())),
        ];
        let detail = detail.join("; ");
        if found.namespaces.is_err() {
            let hint = "commands that change anything need it; see docs/sandbox.md".to_owned();
            return Checked::not_ok(name, Finding::Warn, detail, Some(hint));
        }
        if !found.process_groups && rustix::process::geteuid().is_root() {
            let hint = "`keep config set exec.processes 0` does without that limit".to_owned();
            let detail = format!("{detail}; processes cannot be counted as root without a control group");
            return Checked::not_ok(name, Finding::Warn, detail, Some(hint));
        }
        Checked::ok(name, detail)
    }

    /// How a person learns that something waits, and whether that works here.
    fn check_notices(&self) -> Checked {
        let name = "notices";
        match (self.effective.values.notice, self.desktop()) {
            (NoticeBy::None, _) => Checked::ok(name, "none, as it is set; the inbox has what waits"),
            (NoticeBy::Bell, _) => {
                Checked::ok(name, "the terminal's bell; `approvals.notice` can be desktop")
            }
            (NoticeBy::Desktop, Ok(_)) => Checked::ok(name, "on the desktop, by notify-send"),
            (NoticeBy::Desktop, Err(why)) => Checked::not_ok(
                name,
                Finding::Warn,
                format!("they are wanted on the desktop, and none can be shown from here: {why}"),
                Some("install libnotify's `notify-send`, or `keep config set approvals.notice bell`".into()),
            ),
        }
    }

    fn check_vault(&self) -> Checked {
        let name = "vault";
        match self.vault.state() {
            VaultState::Absent => Checked::ok(name, "no secrets yet"),
            VaultState::Open => {
                Checked::ok(name, "opens, signed, and the version on record; it has no passphrase")
            }
            VaultState::Unlocked { until } => Checked::ok(name, format!("unlocked until {until}")),
            VaultState::Locked => Checked::not_ok(
                name,
                Finding::Warn,
                "locked: records withhold what could hold a secret".into(),
                Some("`keep unlock` asks for its passphrase".into()),
            ),
            VaultState::Broken { reason } => Checked::not_ok(
                name,
                Finding::Fail,
                reason,
                Some("put the right vault.age back, or `keep secret accept --reason …`".into()),
            ),
        }
    }

    /// What of secrets lies in the repository that the caller works in, if it is one.
    fn check_repository(&self) -> Option<Checked> {
        let name = "secrets";
        let report = match self.exposures(&self.settings.around.cwd, Scope::All, None) {
            Ok(report) => report?,
            Err(error) => return Some(Checked::of_error(name, &error)),
        };
        let is_found = |one: &&Exposure| !matches!(one.what, What::NotLooked { .. });
        let found: Vec<_> = report.found.iter().filter(is_found).collect();
        let root = report.root.display();
        let Some(first) = found.iter().max_by_key(|one| one.tracked) else {
            return Some(match report.values_unknown {
                None => Checked::ok(name, format!("none in the open in {root}")),
                Some(why) => Checked::not_ok(
                    name,
                    Finding::Warn,
                    format!("the vault's own values were not looked for in {root}: {why}"),
                    None,
                ),
            });
        };
        // What git tracks is in everybody's copy; what lies beside it is one `git add` away from that.
        let finding = if first.tracked { Finding::Fail } else { Finding::Warn };
        let detail = format!("{} in the open in {root}, such as {}", found.len(), first.path.display());
        let hint = "`keep secret check --all` lists them, `keep secret import` takes .env files over, \
                    `keep secret guard` has git look before each commit";
        Some(Checked::not_ok(name, finding, detail, Some(hint.into())))
    }

    /// Whether the index of the memories is whole, in every namespace that the caller may read.
    async fn check_memories(&self, caller: &Caller) -> Checked {
        let name = "memories";
        let looked = match self.memories() {
            Ok(memories) => memories.check(caller, &keep_memory::Where::Everywhere, false).await,
            Err(error) => return Checked::of_error(name, &error),
        };
        match looked {
            Ok(found) if found.is_empty() => Checked::ok(name, "nothing is remembered yet"),
            Ok(found) => match found.iter().find(|one| !one.damaged.is_empty()) {
                None => Checked::ok(name, format!("the index of {} namespaces is whole", found.len())),
                Some(one) => Checked::not_ok(
                    name,
                    Finding::Fail,
                    format!("the index of {} is damaged at {}", one.namespace, one.damaged.join(", ")),
                    Some("`keep memory check --all --repair` makes it again from the memories".into()),
                ),
            },
            // Whoever may not read memories learns nothing of their index either; that is no damage.
            Err(keep_memory::MemoryError::Gate(error)) => {
                let why = format!("not looked at: {}", chain(&error).join(": "));
                Checked::not_ok(name, Finding::Warn, why, error.hint())
            }
            Err(error) => Checked::of_error(name, &error),
        }
    }

    fn check_folders(&self) -> Checked {
        // Opening has refused folders and a home that others can get at.
        let place = format!("{} (private)", self.at().data.display());
        match self.freshness() {
            Freshness::New => Checked::ok("folders", format!("{place}, made just now")),
            Freshness::Known => Checked::ok("folders", place),
        }
    }

    fn check_disk(&self) -> Result<Checked, AppError> {
        let data = &self.at().data;
        let disk = rustix::fs::statvfs(data).map_err(|e| AppError::file("measuring", data, e.into()))?;
        let free = disk.f_bavail * disk.f_frsize;
        let detail = format!("{} MiB free", free >> 20);
        Ok(if free < LOW_DISK_BYTES {
            let hint = Some("make room: a full disk refuses every change".into());
            Checked::not_ok("disk", Finding::Warn, detail, hint)
        } else {
            Checked::ok("disk", detail)
        })
    }

    fn check_clock(&self) -> Checked {
        let now = self.now();
        if now.ms() < YOUNGEST_DAY_MS {
            let hint = Some("set the machine's clock: expiry of tokens and approvals hangs on it".into());
            return Checked::not_ok("clock", Finding::Warn, format!("it says {now}"), hint);
        }
        Checked::ok("clock", now.to_string())
    }

    fn check_ledger(&self) -> Checked {
        match self.ledger.health() {
            Health::Mismatch { reason } => Checked::not_ok(
                "ledger",
                Finding::Fail,
                format!("it does not extend its checkpoint: {reason}"),
                Some(
                    "`keep audit verify` tells more; `keep audit accept --reason …` goes on from here".into(),
                ),
            ),
            Health::Unanchored => Checked::not_ok(
                "ledger",
                Finding::Warn,
                "unanchored: the checkpoint is gone, so cut records would not show".into(),
                Some("`keep audit accept --reason …` starts a new epoch".into()),
            ),
            Health::Empty | Health::Anchored { .. } => Checked::ok("ledger", "extends its signed checkpoint"),
        }
    }
}
