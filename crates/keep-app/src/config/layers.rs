use super::document::{Document, MAX_BYTES, Reader, read};
use super::error::ConfigError;
use super::keys::{self, KEYS, Key, ProjectRule};
use super::surroundings::{ProjectSettings, Standing, Surroundings, Trusted};
use super::value::{NoticeBy, Value};
use keep_policy::Place;
use keep_policy::Profile;
use keep_types::{Duration, Name};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The configuration in force, typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// `approvals.expiry`
    pub approval_expiry: Duration,
    /// `approvals.notice`
    pub notice: NoticeBy,
    /// `approvals.totp`
    pub totp: bool,
    /// `backup.keep`
    pub backup_keep: usize,
    /// `blobs.access_key`, with what stands before the name
    pub blobs_access_key: Option<String>,
    /// `blobs.endpoint`
    pub blobs_endpoint: Option<String>,
    /// `blobs.region`
    pub blobs_region: Option<String>,
    /// `blobs.secret_key`, with what stands before the name
    pub blobs_secret_key: Option<String>,
    /// `blobs.url`
    pub blobs_url: Option<String>,
    /// `database.lock_wait`
    pub lock_wait: Duration,
    /// `exec.cache_mib`
    pub exec_cache_mib: u64,
    /// `exec.concurrent`
    pub exec_concurrent: usize,
    /// `exec.file_mib`
    pub exec_file_mib: u64,
    /// `exec.hosts`
    pub exec_hosts: Option<String>,
    /// `exec.memory_mib`
    pub exec_memory_mib: u64,
    /// `exec.output_mib`
    pub exec_output_mib: u64,
    /// `exec.processes`
    pub exec_processes: u64,
    /// `exec.profile`
    pub exec_profile: Profile,
    /// `exec.tier`
    pub exec_tier: &'static str,
    /// `exec.timeout`
    pub exec_timeout: Duration,
    /// `ledger.detail_retention`
    pub detail_retention: Duration,
    /// `memory.batch`
    pub memory_batch: usize,
    /// `memory.links`
    pub memory_links: usize,
    /// `memory.per_namespace`
    pub memory_per_namespace: u64,
    /// Whether `memory.secrets` is `redact`
    pub memory_redact: bool,
    /// `memory.text_bytes`
    pub memory_text_bytes: usize,
    /// `project.name`
    pub project_name: Option<Name>,
    /// `rate.agent_per_minute`
    pub agent_per_minute: u32,
    /// `rate.user_per_minute`
    pub user_per_minute: u32,
    /// `secrets.profile`; always there unless a file takes it away
    pub secrets_profile: Option<Name>,
    /// `secrets.rotate_every`
    pub rotate_every: Duration,
    /// `tokens.default_expiry`
    pub token_expiry: Duration,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            approval_expiry: Duration::from_ms(10 * 60_000),
            notice: NoticeBy::Bell,
            totp: false,
            backup_keep: 10,
            blobs_access_key: None,
            blobs_endpoint: None,
            blobs_region: None,
            blobs_secret_key: None,
            blobs_url: None,
            lock_wait: Duration::from_ms(10_000),
            exec_cache_mib: 4 << 10,
            exec_concurrent: 16,
            exec_file_mib: 2 << 10,
            exec_hosts: None,
            exec_memory_mib: 8 << 10,
            exec_output_mib: 1 << 10,
            exec_processes: 4_096,
            exec_profile: Profile::Workspace,
            exec_tier: "fastest",
            exec_timeout: Duration::from_ms(3_600_000),
            detail_retention: Duration::days(365),
            memory_batch: 100_000,
            memory_links: 256,
            memory_per_namespace: 2_000_000,
            memory_redact: false,
            memory_text_bytes: 16 << 10,
            project_name: None,
            agent_per_minute: 600,
            user_per_minute: 6_000,
            secrets_profile: "dev".parse().ok(),
            rotate_every: Duration::days(91),
            token_expiry: Duration::days(30),
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "layer", content = "at")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The system's file, with its line.
    System(String),
    /// The user's file, with its line.
    User(String),
    /// A project's file, with its line.
    Project(String),
    /// A variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::System(at) => write!(f, "system {at}"),
            Self::User(at) => write!(f, "user {at}"),
            Self::Project(at) => write!(f, "project {at}"),
            Self::Environment(at) => write!(f, "environment {at}"),
            Self::Flag(at) => write!(f, "flag {at}"),
        }
    }
}

/// A value that was given and does not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The key.
    pub key: &'static str,
    /// The value.
    pub value: Value,
    /// Who gave it.
    pub origin: Origin,
    /// Why it does not count.
    pub why: &'static str,
}

/// One line of `keep config show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// What it would be if nobody said anything.
    pub default: Value,
    /// What a project may do with it.
    pub project: &'static str,
    /// What it drives.
    pub doc: &'static str,
}

/// The configuration in force, with where each value came from and what was left out.
#[derive(Clone, Debug, Default)]
pub struct Effective {
    /// The values.
    pub values: Values,
    /// What was given and does not count.
    pub notices: Vec<Notice>,
    origins: BTreeMap<&'static str, Origin>,
}

/// What the user's file would say of one key.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The key.
    pub key: &'a str,
    /// Its value; none where the file would say nothing of it.
    pub value: Option<&'a str>,
}

/// Loads every layer.
///
/// # Errors
/// When a file cannot be read, can be changed by others, or says something wrong; a wrong variable or
/// flag is an error too.
pub fn load(around: &Surroundings, project: Option<&ProjectSettings>) -> Result<Effective, ConfigError> {
    load_changed(around, project, None)
}

/// The same, as if the user's file said something else of one key; nothing is written.
///
/// # Errors
/// Those of [`load`], and when the key or value is wrong.
pub fn load_changed(
    around: &Surroundings,
    project: Option<&ProjectSettings>,
    change: Option<Change<'_>>,
) -> Result<Effective, ConfigError> {
    let mut effective = Effective::default();
    let user = around.installation()?.config.join("config.toml");
    for (key, value, place) in read_file(&around.system)?.entries {
        effective.put(key, &value, Origin::System(line_of(&place)));
    }
    let changed = |key: &Key| change.is_some_and(|change| change.key == key.name);
    for (key, value, place) in read_file(&user)?.entries.into_iter().filter(|(key, ..)| !changed(key)) {
        effective.put(key, &value, Origin::User(line_of(&place)));
    }
    if let Some(Change { key, value: Some(text) }) = change {
        let (key, value) = from_text(key, text, "the command line")?;
        effective.put(key, &value, Origin::User(user.display().to_string()));
    }
    if let Some(project) = project {
        effective.put_project(project)?;
    }
    for (name, text) in &around.env {
        if let Some((key, value)) = from_variable(name, text)? {
            effective.put_given(key, value, Origin::Environment(name.clone()), around.standing);
        }
    }
    for (name, text) in &around.flags {
        let (key, value) = from_text(name, text, "the command line")?;
        effective.put_given(key, value, Origin::Flag(name.clone()), around.standing);
    }
    Ok(effective)
}

impl Effective {
    /// Every key with its value and origin.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        KEYS.iter().map(|key| self.row(key)).collect()
    }

    /// One key with its value and origin.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn get(&self, name: &str) -> Result<Row, ConfigError> {
        keys::find(name).map(|key| self.row(key)).ok_or_else(|| unknown(name, "the command line"))
    }

    fn row(&self, key: &'static Key) -> Row {
        Row {
            key: key.name,
            value: (key.get)(&self.values),
            origin: self.origins.get(key.name).cloned().unwrap_or(Origin::Default),
            default: (key.get)(&Values::default()),
            project: key.project.as_str(),
            doc: key.doc,
        }
    }

    fn put(&mut self, key: &'static Key, value: &Value, origin: Origin) {
        (key.set)(&mut self.values, value);
        self.origins.insert(key.name, origin);
    }

    fn leave_out(&mut self, key: &'static Key, value: Value, origin: Origin, why: &'static str) {
        self.notices.push(Notice { key: key.name, value, origin, why });
    }

    fn put_project(&mut self, project: &ProjectSettings) -> Result<(), ConfigError> {
        let mut set: Vec<&'static str> = Vec::new();
        for (name, text) in &project.files {
            for (key, value, place) in read(name, text, Reader::Project)?.entries {
                let origin = Origin::Project(line_of(&place));
                let narrows = key.narrows(&(key.get)(&self.values), &value);
                let why = match key.project {
                    _ if set.contains(&key.name) => Some("a file before it says otherwise"),
                    ProjectRule::Never => Some("a project may not set it"),
                    ProjectRule::Lower if !narrows && project.trusted == Trusted::No => {
                        Some("a project may only narrow it until you `keep trust` its files")
                    }
                    ProjectRule::Lower | ProjectRule::Own => None,
                };
                match why {
                    Some(why) => self.leave_out(key, value, origin, why),
                    None => {
                        set.push(key.name);
                        self.put(key, &value, origin);
                    }
                }
            }
        }
        Ok(())
    }

    fn put_given(&mut self, key: &'static Key, value: Value, origin: Origin, by: Standing) {
        if by == Standing::Person || key.narrows(&(key.get)(&self.values), &value) {
            self.put(key, &value, origin);
        } else {
            let why = "a program's environment and flags only narrow what guards something";
            self.leave_out(key, value, origin, why);
        }
    }
}

fn line_of(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

fn unknown(name: &str, place: &str) -> ConfigError {
    ConfigError::UnknownKey {
        place: place.to_owned(),
        key: name.chars().take(80).collect(),
        suggestion: keys::nearest(name).map(str::to_owned),
    }
}

/// A checked value for a key from words, for flags, the environment and `keep config set`.
pub(super) fn from_text(name: &str, text: &str, place: &str) -> Result<(&'static Key, Value), ConfigError> {
    let key = keys::find(name).ok_or_else(|| unknown(name, place))?;
    if key.project == ProjectRule::Own {
        return Err(ConfigError::ProjectsOwn { place: place.to_owned(), key: key.name });
    }
    let value = key.kind.from_text(text).ok_or_else(|| ConfigError::BadValue {
        place: place.to_owned(),
        key: key.name.to_owned(),
        wanted: key.kind.wanted(),
        found: key.kind.shown(text),
    })?;
    Ok((key, value))
}

/// What a variable sets. `KEEP_` variables outside the settings' sections (`KEEP_HOME`, `KEEP_TOKEN`)
/// are somebody else's; one inside a section that is no key is a mistake and says so.
fn from_variable(name: &str, text: &str) -> Result<Option<(&'static Key, Value)>, ConfigError> {
    let Some(rest) = name.strip_prefix("KEEP_") else { return Ok(None) };
    if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
        return from_text(key.name, text, name).map(Some);
    }
    let section_of = |key: &Key| key.name.split('.').next().map(str::to_ascii_uppercase);
    let inside =
        |section: &String| rest.strip_prefix(section.as_str()).is_some_and(|rest| rest.starts_with('_'));
    if !KEYS.iter().filter_map(section_of).any(|section| inside(&section)) {
        return Ok(None);
    }
    let variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
    let score = |variable: &String| strsim::jaro_winkler(name, variable);
    let suggestion = variables.iter().max_by(|a, b| score(a).total_cmp(&score(b))).cloned();
    let key = name.chars().take(80).collect();
    Err(ConfigError::UnknownKey { place: "the environment".to_owned(), key, suggestion })
}

/// Reads the system's or the user's file; one that is not there sets nothing.
fn read_file(path: &Path) -> Result<Document, ConfigError> {
    match read_text(path)? {
        Some(text) => read(&path.display().to_string(), &text, Reader::House),
        None => Ok(Document::default()),
    }
}

/// The text of a configuration file that nobody else can change; none when there is no file.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("it is no regular file")));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 != 0 {
        return Err(ConfigError::Writable { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}
