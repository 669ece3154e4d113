//! Memories in a folder of their own, behind a real gate, under a clock that the test turns.

use keep_db::{Db, DbConfig};
use keep_embed::Table;
use keep_gate::{Answer, Asker, CodeWanted, Covered, Gate, GateConfig, Question, RuleBook, RuleDraft};
use keep_ledger::{Ledger, LedgerConfig};
use keep_memory::index::Keep;
use keep_memory::model::Draft;
use keep_memory::{Asked, Limits, Memories, Where};
use keep_policy::Policy;
use keep_redact::{Feed, Handle, Known, Redactor, Withheld};
use keep_types::{
    Audience, Caller, Channel, Clock, Duration, Namespace, Principal, PrincipalKind, Reach, Scopes, Timestamp,
};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) memories: Memories,
    pub(crate) db: Db,
    pub(crate) time: Arc<Time>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) gate: Gate,
}

/// The time, as far as the test has turned it.
pub(crate) struct Time(AtomicI64);

impl Time {
    pub(crate) fn advance(&self, span: &str) {
        let span: Duration = span.parse().unwrap();
        self.0.fetch_add(span.ms() as i64, Ordering::SeqCst);
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

/// What the vault would know.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<Option<Result<Redactor, Withheld>>>);

impl Secrets {
    pub(crate) fn are(&self, value: &str) {
        let known = Known { label: "TOKEN", value: value.as_bytes() };
        *self.0.lock().unwrap() = Some(Ok(Redactor::new([known]).0));
    }

    pub(crate) fn are_locked_away(&self) {
        *self.0.lock().unwrap() = Some(Err(Withheld { reason: "the vault is locked".into() }));
    }
}

impl Feed for Secrets {
    fn redactor(&self) -> Result<Redactor, Withheld> {
        self.0.lock().unwrap().clone().unwrap_or(Ok(Redactor::default()))
    }
}

struct Yes;

impl Asker for Yes {
    fn ask(&self, _: &Question<'_>) -> Answer {
        Answer::Yes { code: None }
    }
}

struct NoBook;

impl RuleBook for NoBook {
    fn draft(&self, _: &str, _: &Covered<'_>) -> Result<RuleDraft, String> {
        Err("there is none".into())
    }
    fn save(&self, _: &RuleDraft, _: &Covered<'_>) -> Result<(), String> {
        Err("there is none".into())
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DbConfig {
            path: folder.path().join("data/keep.db"),
            backups: folder.path().join("data/backups"),
            keep_backups: 3,
            lock_wait: std::time::Duration::from_secs(20),
            readers: 2,
        };
        let schemas = [&keep_ledger::SCHEMA, &keep_gate::SCHEMA, &keep_memory::SCHEMA];
        let db = Db::open(&config, &schemas).unwrap();
        let time = Arc::new(Time(AtomicI64::new(1_800_000_000_000)));
        let (config, state) = (folder.path().join("config"), folder.path().join("state"));
        let ledger = LedgerConfig::in_folders(&config, &state, Arc::clone(&time) as _);
        let ledger = Ledger::open(db.clone(), ledger).unwrap();
        let secrets = Arc::new(Secrets::default());
        let gate = GateConfig {
            approval_expiry: Duration::from_ms(600_000),
            user_per_minute: 100_000,
            agent_per_minute: 100_000,
            token_expiry: Duration::days(1),
            totp_secret: config.join("totp"),
            codes: CodeWanted::No,
            clock: Arc::clone(&time) as _,
            asker: Arc::new(Yes),
            rules: Arc::new(NoBook),
            redactor: Handle::fed_by(Arc::clone(&secrets) as _),
        };
        let gate = Gate::new(db.clone(), ledger, Policy::load(Vec::new()).unwrap(), gate);
        let memories = memories(&db, &gate, &time, limits);
        Self { folder, memories, db, time, secrets, gate }
    }

    /// The same memories with other limits, as other settings would open them.
    pub(crate) fn limited(&self, limits: Limits) -> Memories {
        memories(&self.db, &self.gate, &self.time, limits)
    }

    /// What a question recalls for this caller, as texts.
    pub(crate) async fn recalled(&self, caller: &Caller, question: &str) -> Vec<String> {
        let answer = self.memories.recall(caller, asked(question)).await.unwrap();
        answer.found.into_iter().map(|one| one.memory.text).collect()
    }
}

fn memories(db: &Db, gate: &Gate, time: &Arc<Time>, limits: Limits) -> Memories {
    // One for all worlds: reading it takes longer than most tests.
    static TABLE: LazyLock<Arc<Table>> = LazyLock::new(|| Arc::new(Table::built_in().unwrap()));
    let table = Arc::clone(&TABLE);
    Memories::new(db.clone(), gate.clone(), Arc::clone(time) as _, table, limits, Keep::UpTo(1 << 20))
}

pub(crate) fn asked(question: &str) -> Asked {
    Asked { question: question.into(), most: 10, even_weak: true, place: Where::Here, ..Asked::default() }
}

pub(crate) fn draft(text: &str) -> Draft {
    Draft { text: text.into(), ..Draft::default() }
}

/// A person at their terminal, in a project.
pub(crate) fn person() -> Caller {
    Caller {
        principal: Principal::new(PrincipalKind::User, "ann".parse().unwrap()),
        home: "project:own".parse().unwrap(),
        reach: Reach::Everything,
        scopes: Scopes::all(),
        channel: Channel::Terminal,
        audience: Audience::Terminal,
        lineage: Vec::new(),
        acting: Vec::new(),
    }
}

/// An agent that was given these namespaces, the first of which it works in.
pub(crate) fn agent(places: &[&str]) -> Caller {
    let places: Vec<Namespace> = places.iter().map(|place| place.parse().unwrap()).collect();
    Caller {
        principal: Principal::new(PrincipalKind::Agent, "claude".parse().unwrap()),
        home: places[0].clone(),
        reach: Reach::Only(places),
        channel: Channel::Cli,
        audience: Audience::Nobody,
        ..person()
    }
}

/// Runs a test's work to its end.
pub(crate) fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}
