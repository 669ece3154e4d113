use super::layers::Values;
use super::value::{Kind, NoticeBy, Value};
use keep_types::Duration;

/// What a project's own files may do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectRule {
    /// Nothing, trusted or not.
    Never,
    /// Narrow it; widen it only while the closure of its files is trusted.
    Lower,
    /// It is the project's to say, and nobody else's.
    Own,
}

impl ProjectRule {
    /// The rule as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Lower => "lower",
            Self::Own => "own",
        }
    }
}

/// Which of two values of a key guards more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrower {
    /// The smaller one.
    Smaller,
    /// The larger one.
    Larger,
    /// `true`.
    On,
    /// Neither: the key guards nothing.
    Neither,
    /// Neither, and yet it guards: any change widens, so it is a person's alone.
    Fixed,
}

/// One setting: what it is, what it may be, and who may say so.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What a project may do with it.
    pub project: ProjectRule,
    /// Which way is narrower.
    pub narrower: Narrower,
    /// What it drives.
    pub doc: &'static str,
    pub(super) get: fn(&Values) -> Value,
    pub(super) set: fn(&mut Values, &Value),
}

macro_rules! field {
    ($variant:ident, $field:ident) => {
        (
            |values: &Values| Value::$variant(values.$field.clone()),
            |values: &mut Values, value: &Value| {
                if let Value::$variant(value) = value {
                    values.$field = value.clone();
                }
            },
        )
    };
}

/// A count, which the key's bounds keep within the field's type.
macro_rules! count {
    ($field:ident, $type:ty) => {
        (
            |values: &Values| Value::Count(values.$field as u64),
            |values: &mut Values, value: &Value| {
                if let Value::Count(count) = value {
                    values.$field = <$type>::try_from(*count).unwrap_or(<$type>::MAX);
                }
            },
        )
    };
}

/// How a key reads its field and how it sets it.
type Access = (fn(&Values) -> Value, fn(&mut Values, &Value));

const fn key(
    name: &'static str,
    kind: Kind,
    (project, narrower): (ProjectRule, Narrower),
    field: Access,
    doc: &'static str,
) -> Key {
    Key { name, kind, project, narrower, doc, get: field.0, set: field.1 }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_ms(count * 1_000)
}

use Narrower::{Fixed, Larger, Neither, On, Smaller};
use ProjectRule::{Lower, Never, Own};

/// Every setting there is. A key stands here only when something obeys it.
#[rustfmt::skip]
pub static KEYS: [Key; 32] = [
    key("approvals.expiry", Kind::Span(seconds(10), Duration::days(7)), (Lower, Smaller),
        field!(Span, approval_expiry),
        "How long a request for approval waits for an answer, and an approval stays good."),
    key("approvals.notice", Kind::Choice(NoticeBy::WORDS), (Never, Neither),
        (|c| Value::Choice(c.notice.word()), |c, v| {
            if let Value::Choice(word) = v && let Some(by) = NoticeBy::from_word(word) {
                c.notice = by;
            }
        }),
        "How you learn that an approval waits, and of the server's alerts: none, bell (a terminal's) or desktop (by notify-send)."),
    key("approvals.totp", Kind::Switch, (Never, On),
        field!(Switch, totp),
        "Whether approving high and critical acts needs a one-time code."),
    key("backup.keep", Kind::Count(1, 1_000), (Never, Larger),
        count!(backup_keep, usize),
        "How many automatic backups are kept; the oldest go first."),
    key("blobs.access_key", Kind::Secret, (Never, Fixed),
        field!(Line, blobs_access_key),
        "The secret of the vault that holds the id of the bucket's access key, as secret:NAME."),
    key("blobs.endpoint", Kind::Line, (Never, Fixed),
        field!(Line, blobs_endpoint),
        "The server of a bucket that is not on AWS: https, or http on this machine."),
    key("blobs.region", Kind::Line, (Never, Neither),
        field!(Line, blobs_region),
        "The region of the bucket; us-east-1 where nothing is said."),
    key("blobs.secret_key", Kind::Secret, (Never, Fixed),
        field!(Line, blobs_secret_key),
        "The secret of the vault that holds the bucket's access key itself, as secret:NAME."),
    key("blobs.url", Kind::Line, (Never, Fixed),
        field!(Line, blobs_url),
        "Where artifacts are stored: a folder, or s3://bucket/prefix; blobs/ in the data folder where nothing is said."),
    key("database.lock_wait", Kind::Span(Duration::from_ms(100), seconds(600)), (Never, Neither),
        field!(Span, lock_wait),
        "How long a write waits for other processes before it is refused."),
    key("exec.cache_mib", Kind::Count(0, 1 << 24), (Lower, Smaller),
        count!(exec_cache_mib, u64),
        "How much package managers and build tools may keep for the runs of one project, in MiB; 0 is nothing."),
    key("exec.concurrent", Kind::Count(1, 1_000), (Lower, Smaller),
        count!(exec_concurrent, usize),
        "How many commands run at a time; the next waits for its turn."),
    key("exec.file_mib", Kind::Count(1, 1 << 24), (Lower, Smaller),
        count!(exec_file_mib, u64),
        "How large a file of a run may grow, in MiB; a write beyond it fails."),
    key("exec.hosts", Kind::Line, (Never, Fixed),
        field!(Line, exec_hosts),
        "The hosts that runs under the profile network reach, with spaces between; every host where nothing is said."),
    key("exec.memory_mib", Kind::Count(16, 1 << 24), (Lower, Smaller),
        count!(exec_memory_mib, u64),
        "How much memory a run and all that it starts may take, in MiB."),
    key("exec.output_mib", Kind::Count(1, 1 << 20), (Lower, Smaller),
        count!(exec_output_mib, u64),
        "How much a run may say before it is ended, in MiB."),
    key("exec.processes", Kind::Count(0, 1 << 22), (Never, Fixed),
        count!(exec_processes, u64),
        "How many processes and threads a run may have; 0 is no limit, for machines that cannot count them."),
    key("exec.profile", Kind::Choice(PROFILES), (Lower, Smaller),
        (|c| Value::Choice(c.exec_profile.as_str()), |c, v| {
            if let Value::Choice(word) = v && let Ok(profile) = word.parse() {
                c.exec_profile = profile;
            }
        }),
        "What commands run without a question where no rule speaks, and what runs may do, from read-only to full-trust."),
    key("exec.tier", Kind::Choice(TIERS), (Never, Fixed),
        (|c| Value::Choice(c.exec_tier), |c, v| {
            if let Value::Choice(word) = v {
                c.exec_tier = word;
            }
        }),
        "What confines commands: the fastest tier that can enforce all of a profile, or one and no other."),
    key("exec.timeout", Kind::Span(seconds(1), Duration::days(30)), (Lower, Smaller),
        field!(Span, exec_timeout),
        "How long a run may take."),
    key("ledger.detail_retention", Kind::Span(Duration::days(1), Duration::days(36_500)), (Never, Larger),
        field!(Span, detail_retention),
        "How old a record's details become before `keep purge` erases them; the record itself stays."),
    key("memory.batch", Kind::Count(1, 2_000_000), (Lower, Smaller),
        count!(memory_batch, usize),
        "How many memories are written at once at most."),
    key("memory.links", Kind::Count(1, 10_000), (Lower, Smaller),
        count!(memory_links, usize),
        "How many links go out from one memory at most."),
    key("memory.per_namespace", Kind::Count(1, 100_000_000), (Lower, Smaller),
        count!(memory_per_namespace, u64),
        "How many memories a namespace holds at most."),
    key("memory.secrets", Kind::Choice(ON_SECRET), (Lower, Smaller),
        (|c| Value::Choice(ON_SECRET[usize::from(c.memory_redact)]), |c, v| {
            if let Value::Choice(word) = v {
                c.memory_redact = *word == ON_SECRET[1];
            }
        }),
        "What happens with a memory that holds a secret: refuse it, or redact the secret."),
    key("memory.text_bytes", Kind::Count(100, 1 << 20), (Lower, Smaller),
        count!(memory_text_bytes, usize),
        "How long the text of a memory is at most, in bytes."),
    key("project.name", Kind::Name, (Own, Neither),
        field!(Name, project_name),
        "What the project is called; a name that another root holds counts only while trusted."),
    key("rate.agent_per_minute", Kind::Count(1, 1_000_000), (Lower, Smaller),
        count!(agent_per_minute, u32),
        "How many changing acts an agent or a service may try in a minute."),
    key("rate.user_per_minute", Kind::Count(1, 1_000_000), (Lower, Smaller),
        count!(user_per_minute, u32),
        "How many changing acts a person may try in a minute."),
    key("secrets.profile", Kind::Name, (Never, Neither),
        field!(Name, secrets_profile),
        "Which profile of a secret is meant when none is named: dev, staging, production, …"),
    key("secrets.rotate_every", Kind::Span(Duration::days(1), Duration::days(3_660)), (Never, Smaller),
        field!(Span, rotate_every),
        "How often the value of a new secret is to change when nothing else is said."),
    key("tokens.default_expiry", Kind::Span(seconds(60), Duration::days(3_660)), (Lower, Smaller),
        field!(Span, token_expiry),
        "How long a token is good when nothing else is said as it is made."),
];

/// The key of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key a mistyped name most likely meant.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let score = |key: &&'static str| strsim::jaro_winkler(name, key);
    let best = KEYS.iter().map(|key| key.name).max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(&best) > 0.75).then_some(best)
}

/// What may happen with a memory that holds a secret, the narrower first.
const ON_SECRET: super::value::Choice = &["refuse", "redact"];

/// The profiles for commands, the narrowest first.
const TIERS: super::value::Choice = &["fastest", "landlock", "namespaces", "container"];
const PROFILES: super::value::Choice = &["read-only", "workspace", "network", "full-trust"];

impl Key {
    /// Where a word stands among those of a choice.
    fn place_of(&self, word: &str) -> Option<usize> {
        match self.kind {
            Kind::Choice(words) => words.iter().position(|known| *known == word),
            _ => None,
        }
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("KEEP_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// Whether the new value guards at least as much as the old one. A key that guards nothing is
    /// neither wider nor narrower, so anything will do.
    #[must_use]
    pub fn narrows(&self, old: &Value, new: &Value) -> bool {
        let larger = match (old, new) {
            (Value::Span(old), Value::Span(new)) => new.cmp(old),
            (Value::Count(old), Value::Count(new)) => new.cmp(old),
            (Value::Switch(old), Value::Switch(new)) => new.cmp(old),
            (Value::Choice(old), Value::Choice(new)) => self.place_of(new).cmp(&self.place_of(old)),
            (old, new) => return self.narrower == Neither || old == new,
        };
        match self.narrower {
            Smaller => larger.is_le(),
            Larger | On => larger.is_ge(),
            Neither => true,
            Fixed => larger.is_eq(),
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}
