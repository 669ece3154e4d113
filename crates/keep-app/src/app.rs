use crate::config::{self, Effective, ProjectSettings, Standing, Surroundings, Trusted, Values};
use crate::error::AppError;
use crate::place::{self, Freshness};
use crate::rule_book::UserRules;
use crate::rule_watch::{Marked, RuleWatch};
use crate::schema::SCHEMA;
use crate::trust::{self, Closure, Walked};
use crate::trusting;
use keep_artifact::packing::Packing;
use keep_artifact::{Artifacts, InstallationId};
use keep_db::{Db, DbConfig};
use keep_gate::{Asker, CodeWanted, Gate, GateConfig, Identity, identify};

use keep_exec::Exec;
use keep_ledger::{Ledger, LedgerConfig, SystemClock};
use keep_memory::Memories;
use keep_memory::index::Keep;
use keep_policy::{Layer, Policy, PolicyError, Source, read_folder};
use keep_redact::Handle;
use keep_types::{Caller, Clock, Installation, Name, PrincipalKind, Timestamp};
use keep_vault::{Reader, Vault, VaultConfig};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Everything that a surface knows and the house needs.
#[derive(Clone)]
pub struct Settings {
    /// Environment, folders and flags. Whether they count in full is worked out here, not believed.
    pub around: Surroundings,
    /// Who puts questions to the person at the terminal.
    pub asker: Arc<dyn Asker>,
}

/// An open installation.
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) at: Installation,
    pub(crate) effective: Effective,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) db: Db,
    pub(crate) vault: Vault,
    pub(crate) project: Project,
    pub(crate) rules: RuleWatch,
    pub(crate) project_unreadable: bool,
    memories: OnceLock<Memories>,
    exec: OnceLock<Exec>,
    identity: Identity,
    freshness: Freshness,
}

/// The `.keep` folder of the project that the caller works in, if there is one.
#[derive(Default)]
pub(crate) struct Project {
    pub(crate) walked: Option<Walked>,
    pub(crate) pinned: Option<Closure>,
}

impl Project {
    pub(crate) fn trusted(&self) -> Trusted {
        match &self.walked {
            Some(walked) => trust::standing(self.pinned.as_ref(), &walked.closure),
            None => Trusted::No,
        }
    }
}

impl App {
    /// Opens the installation, making it at first use.
    ///
    /// # Errors
    /// When its folders, database, keys or configuration cannot be used. Rules that do not load are no
    /// error here, nor is a project whose files do not: the gate then denies everything but the stop,
    /// and says why.
    pub fn open(mut settings: Settings) -> Result<Self, AppError> {
        let looked = keep_gate::Surroundings::look().map_err(keep_gate::GateError::Processes)?;
        let identity = identify(&looked);
        settings.around.standing = match identity.principal.kind() {
            PrincipalKind::User => Standing::Person,
            PrincipalKind::Agent | PrincipalKind::Service => Standing::Program,
        };
        let at = settings.around.installation().map_err(AppError::Config)?;
        let freshness = place::prepare(&at)?;
        let house = config::load(&settings.around, None).map_err(AppError::Config)?;
        let db = open_database(&at, &house.values)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ledger = LedgerConfig::in_folders(&at.config, &at.state, Arc::clone(&clock));
        let ledger = Ledger::open(db.clone(), ledger)?;
        let folders = [system_rules(&settings.around), at.config.join("rules")];
        let marked = Marked::now(folders);
        let mut project_unreadable = false;
        let (project, effective, rules) = match with_project(&db, &settings.around) {
            Ok((project, effective)) => {
                let rules = load_rules(&at, &settings.around, project.walked.as_ref());
                (project, effective, rules)
            }
            Err(error) => {
                project_unreadable = true;
                (Project::default(), house, Err(unreadable(&settings.around.cwd, &error)))
            }
        };
        let rules = RuleWatch::new(marked, rules);
        let reader = Reader::new(db.clone(), vault_config(&at, &effective.values));
        let redactor = Handle::fed_by(Arc::new(reader.clone()));
        let gate = gate_config(&at, &effective.values, &settings, Arc::clone(&clock), redactor);
        let gate = Gate::new(db.clone(), ledger.clone(), rules.in_force.clone(), gate);
        let vault = Vault::new(reader, gate.clone(), ledger.clone(), clock);
        Ok(Self {
            settings,
            at,
            effective,
            gate,
            ledger,
            db,
            vault,
            project,
            rules,
            project_unreadable,
            memories: OnceLock::new(),
            exec: OnceLock::new(),
            identity,
            freshness,
        })
    }

    /// Ends everything in order: the last checkpoint is written, the database closed.
    ///
    /// # Errors
    /// When the checkpoint cannot be written; the next opening then writes it.
    pub fn close(self) -> Result<(), AppError> {
        // A ledger that takes no records has nothing new to sign, and has said so already.
        if !self.ledger.health().takes_records() {
            return Ok(());
        }
        Ok(self.ledger.close()?)
    }

    /// The gate, whose operations surfaces call directly.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The vault, whose operations surfaces call directly.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The artifacts, whose operations surfaces call directly. Their store is opened when it is asked for:
    /// most runs of the program never need it.
    ///
    /// # Errors
    /// When the store cannot be used, its address or credentials make no sense, or the gate does not let
    /// the caller use credentials that lie in the vault.
    pub async fn artifacts(&self, caller: &Caller) -> Result<Artifacts, AppError> {
        let store = crate::artifact::open(self, caller).await?;
        // Of the installation's own key, so that one restored elsewhere from a backup is another.
        let id = InstallationId::new(self.ledger.hmac(b"whoever tends a store of artifacts"));
        Ok(Artifacts::new(store, self.db.clone(), self.gate.clone(), Arc::new(SystemClock), id))
    }

    /// The memories, whose operations surfaces call directly. They are made ready when they are asked for:
    /// most runs of the program never need them.
    ///
    /// # Errors
    /// When the table of embeddings that the program carries is none.
    pub fn memories(&self) -> Result<&Memories, AppError> {
        if let Some(memories) = self.memories.get() {
            return Ok(memories);
        }
        let embedder = Arc::new(keep_embed::Table::built_in()?);
        let limits = crate::memory::limits(&self.effective.values);
        let clock = Arc::new(SystemClock);
        let memories =
            Memories::new(self.db.clone(), self.gate.clone(), clock, embedder, limits, Keep::Nothing);
        Ok(self.memories.get_or_init(|| memories))
    }

    /// The runs, whose operations surfaces call directly.
    #[must_use]
    pub fn exec(&self) -> &Exec {
        self.exec.get_or_init(|| crate::exec::engine(self))
    }

    /// The memories, where this run has used them.
    pub(crate) fn open_memories(&self) -> Option<&Memories> {
        self.memories.get()
    }

    /// Packing and unpacking, for a caller that works where this one does.
    #[must_use]
    pub fn packing(&self) -> Packing {
        Packing::new(self.gate.clone(), &self.settings.around.cwd)
    }

    /// The profile of a secret that is meant when none is named.
    #[must_use]
    pub fn usual_profile(&self) -> Name {
        let dev = || "dev".parse().expect("a literal of lower-case letters is a name");
        self.effective.values.secrets_profile.clone().unwrap_or_else(dev)
    }

    /// Where the installation lies.
    #[must_use]
    pub fn at(&self) -> &Installation {
        &self.at
    }

    /// The configuration in force.
    #[must_use]
    pub fn effective(&self) -> &Effective {
        &self.effective
    }

    /// Who is calling, before any token, and why Keep thinks so.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether this opening made the installation.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// The time, as everything here takes it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// Who is calling: from the process table, the terminal and a token.
    ///
    /// # Errors
    /// When the token is not good or the database cannot be read.
    pub async fn caller(&self, token: Option<&str>) -> Result<Caller, AppError> {
        let home = self.home_of(&self.settings.around.cwd).await?;
        Ok(self.gate.caller(&self.identity, token, home).await?)
    }
}

fn open_database(at: &Installation, values: &Values) -> Result<Db, AppError> {
    let config = DbConfig {
        path: at.data.join("keep.db"),
        backups: at.data.join("backups"),
        keep_backups: values.backup_keep,
        lock_wait: Duration::from_millis(values.lock_wait.ms()),
        readers: 4,
    };
    let engines = [&keep_vault::SCHEMA, &keep_artifact::SCHEMA, &keep_memory::SCHEMA, &keep_exec::SCHEMA];
    let house = [&keep_ledger::SCHEMA, &keep_gate::SCHEMA];
    Ok(Db::open(&config, &[&house[..], &engines[..], &[&SCHEMA]].concat())?)
}

/// The configuration with what the caller's project says, as far as it counts.
fn with_project(db: &Db, around: &Surroundings) -> Result<(Project, Effective), AppError> {
    let Some(root) = trust::find_root(&around.cwd) else {
        let effective = config::load(around, None).map_err(AppError::Config)?;
        return Ok((Project::default(), effective));
    };
    let walked = trust::walk(&root).map_err(AppError::Trust)?;
    let pinned = db.read(move |tx| trusting::pinned(tx.sql(), &root)).wait()?;
    let project = Project { walked: Some(walked), pinned };
    let trusted = project.trusted();
    let files = project.walked.iter().flat_map(|walked| walked.settings.clone()).collect();
    let settings = ProjectSettings { files, trusted };
    let effective = config::load(around, Some(&settings)).map_err(AppError::Config)?;
    Ok((project, effective))
}

/// A project that does not load closes the gate like rules that do not.
fn unreadable(folder: &Path, error: &AppError) -> PolicyError {
    let source = std::io::Error::other(keep_types::chain(error).join(": "));
    PolicyError::Read { path: folder.join(".keep"), source }
}

/// All rules in force.
pub(crate) fn load_rules(
    at: &Installation,
    around: &Surroundings,
    project: Option<&Walked>,
) -> Result<Policy, PolicyError> {
    Policy::load(rule_sources(at, around, project)?)
}

fn system_rules(around: &Surroundings) -> PathBuf {
    around.system.parent().unwrap_or(Path::new("/etc/keep")).join("rules")
}

/// Where the rules come from: the machine, the person and the project.
pub(crate) fn rule_sources(
    at: &Installation,
    around: &Surroundings,
    project: Option<&Walked>,
) -> Result<Vec<Source>, PolicyError> {
    let mut sources = read_folder(&system_rules(around), Layer::System)?;
    sources.extend(read_folder(&at.config.join("rules"), Layer::User)?);
    let rules = project.map_or(&[][..], |walked| &walked.rules);
    sources.extend(rules.iter().cloned().map(|(name, text)| Source { layer: Layer::Project, name, text }));
    Ok(sources)
}

fn vault_config(at: &Installation, values: &Values) -> VaultConfig {
    VaultConfig { rotate_every: values.rotate_every, ..VaultConfig::in_folders(at) }
}

fn gate_config(
    at: &Installation,
    values: &Values,
    settings: &Settings,
    clock: Arc<dyn Clock>,
    redactor: Handle,
) -> GateConfig {
    GateConfig {
        approval_expiry: values.approval_expiry,
        user_per_minute: values.user_per_minute,
        agent_per_minute: values.agent_per_minute,
        token_expiry: values.token_expiry,
        totp_secret: at.config.join("totp"),
        codes: if values.totp { CodeWanted::Yes } else { CodeWanted::No },
        clock,
        asker: Arc::clone(&settings.asker),
        rules: Arc::new(UserRules::new(at, &settings.around)),
        redactor,
    }
}
