//! What the house hands the engine that runs commands: settings, its own folders, the book of rules, and the
//! values of secrets.

use crate::app::App;
use crate::config::Surroundings;
use crate::error::AppError;
use crate::rule_book::{UserRules, covers};
use crate::shell_ask::CheckCommand;
use crate::workplace::Workplace;
use keep_exec::{
    Advice, Changing, Exec, ExecConfig, ExecError, Limits, Line, RunView, SecretUse, Taking, Values, Wanted,
};
use keep_gate::{Covered, RuleBook, SPAWN_MARKER};
use keep_ledger::SystemClock;
use keep_policy::{MAX_SOURCE_BYTES, Profile};
use keep_types::{Caller, Duration, Installation, Name, Namespace, Principal, RuleOffer};
use keep_vault::{SecretName, Vault};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How long a command waits for its turn.
const PATIENCE: Duration = Duration::from_ms(120_000);
/// What is kept of each stream: the beginning and the end of a long build.
const KEPT_BYTES: usize = 256 << 10;

/// What somebody wants run, in a surface's words.
#[derive(Clone, Debug)]
pub struct RunWanted {
    /// The program and its words, or the line.
    pub line: Line,
    /// The folder to run in, seen from where the caller works; without one, there.
    pub folder: Option<PathBuf>,
    /// The profile, where it is not the one that is set.
    pub profile: Option<Profile>,
    /// How long it may take, where that is less than is set.
    pub timeout: Option<Duration>,
    /// What becomes of its changes.
    pub changing: Changing,
    /// Secrets that it gets.
    pub secrets: Vec<SecretUse>,
    /// The caller's environment, whole.
    pub environment: Vec<(OsString, OsString)>,
}

impl App {
    /// A request as the engine takes it: where the caller works is found out here, and taken from nobody.
    ///
    /// # Errors
    /// When the working folder cannot be found, or belongs to a project that is not the caller's.
    pub async fn run_wanted(&self, caller: &Caller, wanted: RunWanted) -> Result<Wanted, AppError> {
        let Workplace { workspace, folder, project } = self.workplace(caller).await?;
        Ok(Wanted {
            line: wanted.line,
            // The engine runs nothing outside the workspace.
            folder: wanted.folder.map_or_else(|| folder.clone(), |below| folder.join(below)),
            workspace,
            project,
            profile: wanted.profile,
            timeout: wanted.timeout,
            changing: wanted.changing,
            secrets: wanted.secrets,
            environment: wanted.environment,
            repeats: None,
        })
    }

    /// The environment that this program was started in, for runs of callers who have none of their own.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        self.settings.around.env.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }
}

impl App {
    /// The command of an earlier run, to be run once more where it ran and for the same place, and who runs it
    /// there. What it reads, what it changes and what rules say to it is found out anew.
    ///
    /// # Errors
    /// When its folder is gone or belongs to another project now, or the caller may not work there.
    pub async fn run_again(&self, caller: &Caller, run: &RunView) -> Result<(Caller, Wanted), AppError> {
        // What stands on record in the place of a value, or of the whole text, is no command.
        if run.command.contains("[redacted:")
            || run.command.contains("[***]")
            || run.command.starts_with("(withheld")
        {
            return Err(ExecError::Unfit("its text is on record without the secrets that were in it").into());
        }
        let folder = PathBuf::from(&run.folder);
        let folder = folder.canonicalize().map_err(|e| AppError::file("finding", &folder, e))?;
        let place = self.home_of(&folder).await?;
        if !caller.may_write(&place) || place != run.namespace {
            let principal = caller.principal.clone();
            return Err(keep_gate::GateError::OutOfReach { principal, namespace: place }.into());
        }
        let root = crate::find_root(&folder);
        let secrets = run.secrets.iter();
        let env = &self.settings.around.env;
        let wanted = Wanted {
            line: Line::Shell(run.command.clone()),
            workspace: root.clone().unwrap_or_else(|| folder.clone()),
            project: root.is_some(),
            folder,
            // Never more than it had.
            profile: run.profile.parse().ok(),
            timeout: None,
            changing: if run.tried.is_some() { Changing::Waiting } else { Changing::AtOnce },
            secrets: secrets
                .map(|(name, variable)| SecretUse { name: name.clone(), variable: variable.clone() })
                .collect(),
            environment: env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            repeats: Some(run.id),
        };
        Ok((Caller { home: place, ..caller.clone() }, wanted))
    }
}

impl App {
    /// The folder that runs of whoever works here are about: the project, or the folder itself.
    ///
    /// # Errors
    /// When the working folder cannot be found.
    pub fn workspace(&self) -> Result<PathBuf, AppError> {
        let cwd = &self.settings.around.cwd;
        let folder = cwd.canonicalize().map_err(|e| AppError::file("finding", cwd, e))?;
        Ok(crate::find_root(&folder).unwrap_or(folder))
    }
}

/// The engine, as the settings want it.
pub(crate) fn engine(app: &App) -> Exec {
    let values = VaultValues { vault: app.vault.clone(), profile: app.usual_profile() };
    Exec::new(
        app.db.clone(),
        app.gate.clone(),
        app.ledger.clone(),
        Arc::new(SystemClock),
        config(app),
        Arc::new(values),
        advice(app),
    )
}

fn config(app: &App) -> ExecConfig {
    let (values, around) = (&app.effective.values, &app.settings.around);
    let home = around.env.get("HOME").filter(|home| Path::new(home).is_absolute());
    let hosts = values.exec_hosts.as_deref();
    ExecConfig {
        profile: values.exec_profile,
        tier: Some(values.exec_tier).filter(|tier| *tier != "fastest"),
        hosts: hosts.map(|hosts| hosts.split_whitespace().map(str::to_owned).collect()),
        limits: Limits {
            timeout: values.exec_timeout,
            memory_bytes: Some(values.exec_memory_mib << 20),
            file_bytes: values.exec_file_mib << 20,
            processes: Some(values.exec_processes).filter(|most| *most > 0),
            output_bytes: values.exec_output_mib << 20,
        },
        concurrent: values.exec_concurrent,
        patience: PATIENCE,
        kept_bytes: KEPT_BYTES,
        kept_for: values.detail_retention,
        cache_bytes: values.exec_cache_mib << 20,
        own: own(&app.at),
        state: app.at.state.join("exec"),
        home: home.map_or_else(|| PathBuf::from("/nonexistent"), PathBuf::from),
        marker: (SPAWN_MARKER.to_owned(), "1".to_owned()),
    }
}

/// The folders of the installation, which no run may see.
pub(crate) fn own(at: &Installation) -> Vec<PathBuf> {
    vec![at.data.clone(), at.config.clone(), at.state.clone()]
}

/// The rule that a person may save while answering about a command.
fn advice(app: &App) -> Advice {
    let (at, around) = (app.at.clone(), app.settings.around.clone());
    let profile = app.effective.values.exec_profile;
    Arc::new(move |command, cwd, analysis| {
        // The rule of each part carries the whole command as its example.
        if analysis.parts.len().saturating_mul(command.len()) > MAX_SOURCE_BYTES {
            return RuleOffer::Unsuitable("the rule would be longer than a rule file may be".into());
        }
        let asked = CheckCommand { command: command.to_owned(), cwd: cwd.to_owned(), profile };
        match keep_policy::suggest(analysis, command) {
            Ok(rule) => drafted(&at, &around, &asked, &rule),
            Err(why) => RuleOffer::Unsuitable(why.to_string()),
        }
    })
}

/// The rule as it would be saved; one that would not help is none. It is looked at once more for whoever asks.
fn drafted(at: &Installation, around: &Surroundings, asked: &CheckCommand, rule: &str) -> RuleOffer {
    let detail = asked.detail();
    let covered =
        Covered { principal: &Principal::unknown_agent(), namespace: &Namespace::Global, detail: &detail };
    match UserRules::new(at, around).draft(rule, &covered) {
        Ok(_) => {
            let text = rule.trim_end().to_owned();
            RuleOffer::Rule { covers: covers(&text), text }
        }
        Err(why) => RuleOffer::Unsuitable(why),
    }
}

/// Values from the vault, under the profile that is set.
struct VaultValues {
    vault: Vault,
    profile: Name,
}

impl Values for VaultValues {
    fn take<'a>(&'a self, caller: &'a Caller, wanted: &'a [SecretUse], program: &'a str) -> Taking<'a> {
        Box::pin(async move {
            let name = |used: &SecretUse| used.name.parse::<SecretName>();
            let names: Vec<SecretName> = wanted
                .iter()
                .map(name)
                .collect::<Result<_, _>>()
                .map_err(|_| ExecError::Unfit("a secret is named by what is no name of one"))?;
            // A variable of that name is not meant: the request says that it is the vault's.
            let environment = BTreeMap::new();
            let taken = self.vault.take(caller, &names, &self.profile, &environment, program).await;
            let taken = taken.map_err(|error| match error {
                keep_vault::VaultError::Gate(error) => ExecError::Gate(error),
                error => ExecError::of_values(&error),
            })?;
            let value = |name: &SecretName| {
                let found = taken.iter().find(|taken| taken.key.name == *name);
                found.map(|taken| Zeroizing::new(taken.value.reveal().to_vec()))
            };
            names.iter().map(value).collect::<Option<_>>().ok_or(ExecError::Worker)
        })
    }
}

impl App {
    /// Which ways to confine a command work here, tried now.
    pub(crate) fn confinement(&self) -> Result<keep_sandbox::Capabilities, keep_sandbox::SandboxError> {
        keep_sandbox::Sandbox::open(self.at.state.join("exec/sandbox"))?.capabilities()
    }
}
