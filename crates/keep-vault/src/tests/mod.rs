//! The vault as a hostile tester meets it: an installation in a folder of its own, and what somebody
//! with a file, a recipient's key or a moment of bad luck can do to it.

mod history;
mod limits;
mod recovery;
mod tampering;
mod transfer;
mod uses;

use crate::contents::{Contents, Key, Source, Terms, Version};
use crate::error::VaultError;
use crate::keys::Identity;
use crate::listing::{SecretView, Which};
use crate::reader::{Reader, VaultConfig};
use crate::value::Value;
use crate::values::{Short, Stored};
use crate::vault::Vault;
use crate::{NewValue, SCHEMA};
use keep_db::{Db, DbConfig};
use keep_gate::{Answer, Asker, CodeWanted, Gate, GateConfig, Question};
use keep_ledger::{Ledger, LedgerConfig};
use keep_policy::{Layer, Policy, Source as RuleSource};
use keep_redact::Handle;
use keep_types::{
    Audience, Caller, Channel, Clock, Duration, Installation, Namespace, Principal, PrincipalKind, ProcessId,
    Reach, Scopes, Timestamp,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// An installation of one test's own, under a clock that it turns.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) reader: Reader,
    pub(crate) vault: Vault,
    pub(crate) time: Arc<Time>,
    pub(crate) asked: Arc<SayYes>,
}

pub(crate) struct Time(AtomicI64);

impl Time {
    pub(crate) fn advance(&self, span: &str) {
        let span: Duration = span.parse().unwrap();
        self.0.fetch_add(i64::try_from(span.ms()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
    fn monotonic_ns(&self) -> u64 {
        self.0.load(Ordering::SeqCst) as u64 * 1_000_000
    }
}

/// The person at the terminal, who says yes and is counted.
#[derive(Default)]
pub(crate) struct SayYes(AtomicUsize);

impl SayYes {
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Asker for SayYes {
    fn ask(&self, _: &Question<'_>) -> Answer {
        self.0.fetch_add(1, Ordering::SeqCst);
        Answer::Yes { code: None }
    }
}

/// Lets programs store and use secrets in what they were given, so that the vault's own limits show.
const PROGRAMS_STORE: &str = r#"
format = 1
[[rule]]
id = "programs-store"
decision = "allow"
principals = ["agent:*"]
actions = ["secret.set", "secret.rotate", "secret.remove", "secret.edit", "secret.use", "secret.import"]
max_risk = "high"
reason = "the test looks behind the gate"
match = ["agent:a secret.set project:a medium"]
"#;

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = Installation {
            data: folder.path().join("data"),
            config: folder.path().join("config"),
            state: folder.path().join("state"),
        };
        for place in [&at.data, &at.config, &at.state] {
            keep_db::create_private_folder(place).unwrap();
        }
        let config = DbConfig {
            path: at.data.join("keep.db"),
            backups: at.data.join("backups"),
            keep_backups: 3,
            lock_wait: std::time::Duration::from_secs(20),
            readers: 2,
        };
        let db = Db::open(&config, &[&keep_ledger::SCHEMA, &keep_gate::SCHEMA, &SCHEMA]).unwrap();
        let time = Arc::new(Time(AtomicI64::new(1_800_000_000_000)));
        let config = LedgerConfig::in_folders(&at.config, &at.state, Arc::clone(&time) as _);
        let ledger = Ledger::open(db.clone(), config).unwrap();
        let reader = Reader::new(db.clone(), VaultConfig::in_folders(&at));
        let asked = Arc::new(SayYes::default());
        let rules = RuleSource { layer: Layer::User, name: "test.toml".into(), text: PROGRAMS_STORE.into() };
        let gate = GateConfig {
            approval_expiry: "10m".parse().unwrap(),
            user_per_minute: 100_000,
            agent_per_minute: 100_000,
            token_expiry: "30d".parse().unwrap(),
            totp_secret: at.config.join("totp"),
            codes: CodeWanted::No,
            clock: Arc::clone(&time) as _,
            asker: Arc::clone(&asked) as _,
            rules: Arc::new(keep_gate::NoRuleBook),
            redactor: Handle::fed_by(Arc::new(reader.clone())),
        };
        let gate = Gate::new(db, ledger.clone(), Policy::load(vec![rules]).unwrap(), gate);
        let vault = Vault::new(reader.clone(), gate.clone(), ledger.clone(), Arc::clone(&time) as _);
        Self { folder, gate, ledger, reader, vault, time, asked }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.reader.config().file.clone()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).unwrap()
    }

    pub(crate) fn put_back(&self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).unwrap();
    }

    /// Where a test keeps copies of its own.
    pub(crate) fn aside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The identity in its file, which has no passphrase.
    pub(crate) fn identity(&self) -> Identity {
        Identity::parse(&std::fs::read_to_string(&self.reader.config().identity).unwrap()).unwrap()
    }

    pub(crate) fn contents(&self) -> Contents {
        self.reader.read().unwrap().unwrap().contents
    }

    pub(crate) fn set(&self, secret: &str, value: &str) -> Stored {
        self.try_set(&person(), key(secret), value.as_bytes()).unwrap()
    }

    pub(crate) fn try_set(&self, by: &Caller, key: Key, value: &[u8]) -> Result<Stored, VaultError> {
        let value = NewValue::Given { value: Value::new(value.to_vec()), source: Source::Stdin };
        block(self.vault.set(by, key, value, Terms::default(), Short::Refuse))
    }

    pub(crate) fn value(&self, secret: &str) -> Vec<u8> {
        block(self.vault.reveal(&person(), key(secret), None)).unwrap().reveal().to_vec()
    }

    pub(crate) fn list(&self) -> Result<Vec<SecretView>, VaultError> {
        block(self.vault.list(&person(), &everywhere()))
    }
}

pub(crate) fn everywhere() -> Which {
    Which { everywhere: true, ..Which::default() }
}

/// A global secret of the usual profile.
pub(crate) fn key(name: &str) -> Key {
    key_in(name, "global")
}

pub(crate) fn key_in(name: &str, namespace: &str) -> Key {
    Key {
        name: name.parse().unwrap(),
        namespace: namespace.parse().unwrap(),
        profile: "dev".parse().unwrap(),
    }
}

pub(crate) fn person() -> Caller {
    caller("user:ann", Namespace::Global, Reach::Everything)
}

/// A program that was given one namespace.
pub(crate) fn agent(namespace: &str) -> Caller {
    let home: Namespace = namespace.parse().unwrap();
    caller("agent:a", home.clone(), Reach::Only(vec![home]))
}

fn caller(principal: &str, home: Namespace, reach: Reach) -> Caller {
    let principal: Principal = principal.parse().unwrap();
    let person = principal.kind() == PrincipalKind::User;
    let process = ProcessId { boot: "b".into(), pid: if person { 1 } else { 2 }, started_ticks: 1 };
    Caller {
        principal,
        home,
        reach,
        scopes: Scopes::all(),
        channel: if person { Channel::Terminal } else { Channel::Cli },
        audience: if person { Audience::Terminal } else { Audience::Inbox },
        lineage: vec![process.clone()],
        acting: vec![process],
    }
}

/// Contents with these secrets, one version each.
pub(crate) fn contents(vault: &str, version: u64, secrets: &[(&str, &[u8])]) -> Contents {
    let made = Timestamp::from_ms(1_800_000_000_000);
    let mut all = Contents { vault: vault.into(), version, recipients: Vec::new(), secrets: Vec::new() };
    for (name, value) in secrets {
        let value = Value::new(value.to_vec());
        let new = Version { number: 0, value, made, by: person().principal, source: Source::Stdin };
        all.set(&key(name), new, &Terms::default(), Duration::days(91)).unwrap();
    }
    all
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
