//! A gate in a folder of its own, under a clock that the test turns.

use keep_db::{Db, DbConfig};
use keep_gate::{
    Answer, Asker, CodeWanted, Covered, Gate, GateConfig, GateError, Question, RuleBook, RuleDraft,
};
use keep_ledger::{Filter, Ledger, LedgerConfig, Phase};
use keep_policy::{Layer, Policy, Source};
use keep_redact::{Feed, Handle, Known, Redactor, Withheld};
use keep_types::{
    Act, ActFacts, Action, Audience, Caller, Channel, Clock, Duration, FieldHasher, Namespace, Offers,
    Principal, PrincipalKind, ProcessId, Reach, Risk, Scopes, Timestamp, Touch,
};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    pub(crate) db: Db,
    pub(crate) time: Arc<Time>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) known: Arc<Values>,
    pub(crate) book: Arc<Book>,
}

/// Where rules go, in memory; it refuses what the test tells it to.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) saved: Mutex<Vec<String>>,
    pub(crate) unfit: Mutex<Option<&'static str>>,
    pub(crate) broken: Mutex<Option<&'static str>>,
}

impl RuleBook for Book {
    fn draft(&self, rule: &str, _: &Covered<'_>) -> Result<RuleDraft, String> {
        match *self.unfit.lock().unwrap() {
            Some(why) => Err(why.into()),
            None => Ok(RuleDraft { file: "rules/test.toml".into(), text: rule.into() }),
        }
    }

    fn save(&self, draft: &RuleDraft, _: &Covered<'_>) -> Result<(), String> {
        match *self.broken.lock().unwrap() {
            Some(why) => Err(why.into()),
            None => {
                self.saved.lock().unwrap().push(draft.text.clone());
                Ok(())
            }
        }
    }
}

/// The values that must stand in no record, until the test locks them away.
#[derive(Default)]
pub(crate) struct Values(Mutex<Option<Result<Redactor, Withheld>>>);

impl Values {
    pub(crate) fn are(&self, label: &str, value: &str) {
        let known = Known { label, value: value.as_bytes() };
        *self.0.lock().unwrap() = Some(Ok(Redactor::new([known]).0));
    }

    pub(crate) fn are_locked_away(&self) {
        *self.0.lock().unwrap() = Some(Err(Withheld { reason: "the vault is locked".into() }));
    }
}

impl Feed for Values {
    fn redactor(&self) -> Result<Redactor, Withheld> {
        self.0.lock().unwrap().clone().unwrap_or(Ok(Redactor::default()))
    }
}

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

/// The person at the terminal, who says yes until told otherwise, and what they were asked and offered.
#[derive(Default)]
pub(crate) struct Answers(Mutex<VecDeque<Answer>>, pub(crate) Mutex<Vec<(ActFacts, Offers)>>);

impl Answers {
    pub(crate) fn next(&self, answer: Answer) {
        self.0.lock().unwrap().push_back(answer);
    }
}

impl Asker for Answers {
    fn ask(&self, question: &Question<'_>) -> Answer {
        self.1.lock().unwrap().push((question.facts.clone(), question.offers.clone()));
        self.0.lock().unwrap().pop_front().unwrap_or(Answer::Yes { code: None })
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(CodeWanted::No)
    }

    pub(crate) fn with(codes: CodeWanted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DbConfig {
            path: folder.path().join("data/keep.db"),
            backups: folder.path().join("data/backups"),
            keep_backups: 3,
            lock_wait: std::time::Duration::from_secs(20),
            readers: 2,
        };
        let db = Db::open(&config, &[&keep_ledger::SCHEMA, &keep_gate::SCHEMA]).unwrap();
        let time = Arc::new(Time(AtomicI64::new(1_800_000_000_000)));
        let config = LedgerConfig::in_folders(
            &folder.path().join("config"),
            &folder.path().join("state"),
            Arc::clone(&time) as _,
        );
        let ledger = Ledger::open(db.clone(), config).unwrap();
        let answers = Arc::new(Answers::default());
        let known = Arc::new(Values::default());
        let book = Arc::new(Book::default());
        let mut house = Self {
            gate: Gate::new(
                db.clone(),
                ledger.clone(),
                Policy::load(Vec::new()).unwrap(),
                gate_config(folder.path().join("config/totp"), codes, &time, &answers, &known, &book),
            ),
            ledger,
            db,
            time,
            answers,
            known,
            book,
            folder,
        };
        house.gate = house.gate_under(Vec::new(), codes);
        house
    }

    /// Another gate over the same stores, as another process would open it.
    pub(crate) fn gate_under(&self, rules: Vec<&str>, codes: CodeWanted) -> Gate {
        let sources = rules.into_iter().map(|text| Source {
            layer: Layer::User,
            name: "test.toml".into(),
            text: text.into(),
        });
        let policy = Policy::load(sources.collect()).unwrap();
        let config = gate_config(self.totp_file(), codes, &self.time, &self.answers, &self.known, &self.book);
        Gate::new(self.db.clone(), self.ledger.clone(), policy, config)
    }

    pub(crate) fn totp_file(&self) -> PathBuf {
        self.folder.path().join("config/totp")
    }

    /// Every record as `action phase`, oldest first.
    pub(crate) fn records(&self) -> Vec<String> {
        let entries = self.ledger.query(Filter::default()).wait().unwrap();
        entries.iter().map(|entry| format!("{} {}", entry.action, entry.phase.as_str())).collect()
    }

    pub(crate) fn count(&self, action: &str, phase: Phase) -> usize {
        let wanted = format!("{action} {}", phase.as_str());
        self.records().into_iter().filter(|record| *record == wanted).count()
    }
}

fn gate_config(
    totp_secret: PathBuf,
    codes: CodeWanted,
    time: &Arc<Time>,
    answers: &Arc<Answers>,
    known: &Arc<Values>,
    book: &Arc<Book>,
) -> GateConfig {
    GateConfig {
        approval_expiry: "10m".parse().unwrap(),
        user_per_minute: 1_000,
        agent_per_minute: 20,
        token_expiry: "30d".parse().unwrap(),
        totp_secret,
        codes,
        clock: Arc::clone(time) as _,
        asker: Arc::clone(answers) as _,
        rules: Arc::clone(book) as _,
        redactor: Handle::fed_by(Arc::clone(known) as _),
    }
}

/// Writes a byte string somewhere; what it is about is not the gate's business.
#[derive(Clone)]
pub(crate) struct Write {
    pub(crate) bytes: &'static str,
    pub(crate) risk: Risk,
}

/// Looks at something.
pub(crate) struct Look;

impl Act for Look {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("test.read"),
            touch: Touch::Read,
            ..Write { bytes: "", risk: Risk::Low }.facts()
        }
    }
}

impl Act for Write {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("test.write"),
            namespace: "project:demo".parse().unwrap(),
            touch: Touch::Change,
            risk: self.risk,
            summary: format!("write {:?}", self.bytes),
            detail: serde_json::json!({ "length": self.bytes.len() }),
            bound: FieldHasher::new("test.write").field("bytes", self.bytes).finish(),
            exact: Some(self.bytes.as_bytes().to_vec()),
        }
    }
}

pub(crate) fn process(pid: u32) -> ProcessId {
    ProcessId { boot: "b".into(), pid, started_ticks: u64::from(pid) }
}

/// A caller whose processes are these, itself first; of a program all but the last are its own.
pub(crate) fn caller(principal: &str, pids: &[u32]) -> Caller {
    let principal: Principal = principal.parse().unwrap();
    let person = principal.kind() == PrincipalKind::User;
    let demo: Namespace = "project:demo".parse().unwrap();
    let lineage: Vec<_> = pids.iter().map(|pid| process(*pid)).collect();
    let own = if person { 1 } else { lineage.len().saturating_sub(1).max(1) };
    Caller {
        principal,
        home: demo.clone(),
        reach: if person { Reach::Everything } else { Reach::Only(vec![demo]) },
        scopes: Scopes::all(),
        channel: if person { Channel::Terminal } else { Channel::Cli },
        audience: if person { Audience::Terminal } else { Audience::Inbox },
        acting: lineage[..own].to_vec(),
        lineage,
    }
}

/// Asks for the act and answers with the id of the request that now waits.
pub(crate) async fn request<A: Act>(
    gate: &Gate,
    by: &Caller,
    act: A,
) -> keep_types::Id<keep_types::Approval> {
    match gate.admit(by, act).await {
        Err(GateError::NeedsApproval { id, .. }) => id,
        Err(other) => panic!("expected a waiting request, got {other}"),
        Ok(_) => panic!("expected a waiting request, got a permit"),
    }
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
