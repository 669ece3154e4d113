//! An installation to be served, and the program that serves it.

use crate::Res;
use keep_app::config::{Standing, Surroundings};
use keep_app::{App, Settings};
use keep_gate::{Answer, Asker, NewToken, Question};
use keep_memory::model::Draft;
use keep_types::{Audience, Caller, Channel, Namespace, Reach, Scopes};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// Agents that ask at once: the server limits what one may have.
pub(crate) const AGENTS: usize = 16;
/// Memories that are searched: a project after a year.
const MEMORIES: usize = 5_000;
/// What the memories are made of.
const SUBJECTS: [&str; 8] = [
    "the orders service",
    "staging",
    "the invoice job",
    "the login page",
    "caching",
    "the parser",
    "backups",
    "the queue",
];
const SAYINGS: [&str; 8] = [
    "needs a port of its own in tests",
    "was moved to Postgres because of its JSON support",
    "fails when the clock jumps",
    "is owned by Ann and reviewed by Ben",
    "must not be deployed on Fridays",
    "keeps its state below the data folder",
    "retries three times and then asks a person",
    "was measured at twice the speed after the rewrite",
];

/// Says yes, in an installation that holds nothing of anybody's.
struct SayYes;

impl Asker for SayYes {
    fn ask(&self, _: &Question<'_>) -> Answer {
        Answer::Yes { code: None }
    }
}

pub(crate) struct House {
    pub(crate) program: PathBuf,
    pub(crate) home: PathBuf,
    /// One for each agent.
    pub(crate) tokens: Vec<String>,
    pub(crate) folder: PathBuf,
}

/// The program while it serves; it ends with this.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) child: Child,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn question(n: usize) -> String {
    format!("what about {} that {}?", SUBJECTS[n % 8], SAYINGS[n / 8 % 8])
}

pub(crate) fn agent() -> Res<Caller> {
    let project: Namespace = "project:bench".parse()?;
    Ok(Caller {
        principal: "agent:bench".parse()?,
        home: project.clone(),
        reach: Reach::Only(vec![project]),
        scopes: Scopes::all(),
        channel: Channel::Http,
        audience: Audience::Inbox,
        lineage: Vec::new(),
        acting: Vec::new(),
    })
}

impl House {
    pub(crate) fn make(folder: &Path) -> Res<Self> {
        let home = folder.join("home");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(home.join("config"))?;
        // What is measured is how fast it is, not when it says that it is enough.
        std::fs::write(home.join("config/config.toml"), "[rate]\nagent_per_minute = 1000000\n")?;
        let mut house =
            Self { program: folder.join("keep"), home, tokens: Vec::new(), folder: folder.to_owned() };
        let app = house.open()?;
        house.tokens = block(fill(&app))?;
        app.close()?;
        Ok(house)
    }

    /// The same installation in this process.
    pub(crate) fn open(&self) -> Res<App> {
        open(&self.folder, &self.home)
    }

    /// Starts the program; it listens when this returns.
    pub(crate) fn serve(&self) -> Res<Serving> {
        let mut child = Command::new(&self.program)
            .args(["serve", "--port", "0", "--json"])
            .env("KEEP_HOME", &self.home)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?);
        while serde_json::from_str::<serde_json::Value>(&said).is_err() {
            if lines.read_line(&mut said)? == 0 {
                return Err(format!("the server ended with {said:?}").into());
            }
        }
        let said: serde_json::Value = serde_json::from_str(&said)?;
        let address = said["address"].as_str().ok_or("no address")?.trim_start_matches("http://").parse()?;
        Ok(Serving { address, child })
    }
}

pub(crate) fn open(folder: &Path, home: &Path) -> Res<App> {
    let around = Surroundings {
        env: Default::default(),
        cwd: folder.to_owned(),
        home: Some(home.to_owned()),
        flags: Vec::new(),
        standing: Standing::Program,
        system: folder.join("no-system/config.toml"),
    };
    Ok(App::open(Settings { around, asker: Arc::new(SayYes) })?)
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime of one thread starts wherever programs do").block_on(future)
}

async fn fill(app: &App) -> Res<Vec<String>> {
    let person = Caller {
        principal: "user:bench".parse()?,
        home: Namespace::Global,
        reach: Reach::Everything,
        channel: Channel::Terminal,
        audience: Audience::Terminal,
        ..agent()?
    };
    let mut tokens = Vec::new();
    for n in 0..AGENTS {
        let new = NewToken {
            principal: format!("agent:bench-{n}").parse()?,
            scopes: vec!["*".parse()?],
            namespaces: vec!["project:bench".parse()?],
            label: "bench".into(),
            lifetime: None,
        };
        tokens.push(app.gate().create_token(&person, new).await?.token);
    }
    let draft = |n: usize| Draft {
        text: format!("{} {} (case {n})", SUBJECTS[n % 8], SAYINGS[n / 8 % 8]),
        ..Draft::default()
    };
    let drafts = (0..MEMORIES).map(draft).collect();
    // So many at once an agent would be asked about.
    let owner = Caller { home: agent()?.home, ..person };
    app.memories()?.remember_all(&owner, None, drafts, &mut |_, _| {}).await?;
    Ok(tokens)
}
