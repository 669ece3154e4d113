use super::maybe;
use crate::house::House;
use crate::problem::Problem;
use crate::progress::{Far, Teller};
use crate::view::{Page, RanView, RunView, TriedView};
use keep_app::RunWanted;
use keep_exec::{Changing, Ends, ExecError, Input, Line, Ran, SecretUse, State, Stop};
use keep_types::{Caller, Duration};
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::time::Instant;

/// Runs of a list, when nobody says.
const USUAL_RUNS: usize = 20;
/// A client that hears nothing for longer may take a run that says nothing for one that hangs.
const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(5);
/// A run that is asked to end is made to two seconds later. What has not ended by then ends while nobody waits.
const END_PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// How often it is looked whether it has.
const END_LOOK: std::time::Duration = std::time::Duration::from_millis(50);
/// The last line that a run said, as far as it is told on the way.
const MOST_LINE_CHARS: usize = 200;

/// A command to be run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = crate::shape::line_or_words)]
pub(crate) struct Command {
    /// A line for bash: `make test 2>&1 | tail -20`. Either this or `words`.
    pub(crate) command: Option<String>,
    /// A program and its words, started without a shell. Either these or `command`.
    #[serde(default)]
    #[schemars(transform = crate::shape::word)]
    pub(crate) words: Vec<String>,
    /// The folder to run in, within the project; without it, the project's own.
    pub(crate) folder: Option<String>,
    /// What it may do: read-only, workspace, network or full-trust. More than is set is asked about.
    #[schemars(transform = crate::shape::profile)]
    pub(crate) profile: Option<String>,
    /// End it after this many seconds, where that is less than is set.
    #[schemars(range(min = 1, max = 86_400))]
    pub(crate) timeout_seconds: Option<u32>,
    /// Secrets of the vault that it gets in variables of its environment: NAME, or NAME=VARIABLE.
    #[serde(default)]
    #[schemars(transform = crate::shape::secret)]
    pub(crate) secrets: Vec<String>,
}

/// Which runs to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// So many at most; 20 without it, 500 at most.
    pub(crate) limit: Option<usize>,
}

impl Command {
    fn wanted(self, house: &House, changing: Changing) -> Result<RunWanted, Problem> {
        let line = match (self.command, self.words) {
            (Some(command), words) if words.is_empty() => Line::Shell(command),
            (None, words) if !words.is_empty() => Line::Words(words),
            _ => return Err(Problem::usage("give either a command or words")),
        };
        let secrets = self.secrets.iter().map(|text| text.parse::<SecretUse>());
        let seconds = |seconds: u32| Duration::from_ms(u64::from(seconds) * 1_000);
        Ok(RunWanted {
            line,
            folder: self.folder.map(PathBuf::from),
            profile: maybe("profile", self.profile.as_deref())?,
            timeout: self.timeout_seconds.map(seconds),
            changing,
            secrets: secrets.collect::<Result<_, _>>().map_err(|error| Problem::usage(error.to_string()))?,
            environment: house.app.environment(),
        })
    }
}

/// Runs a command to its end. When nobody wants it any more, or the server ends, it is ended.
pub(crate) async fn run(
    house: &House,
    caller: &Caller,
    asked: Command,
    watch: &Teller,
) -> Result<RanView, Problem> {
    let wanted = asked.wanted(house, Changing::AtOnce)?;
    Ok(follow(house, caller, wanted, watch).await?.into())
}

/// Runs a command whose changes wait beside the project, and says what they are.
pub(crate) async fn attempt(
    house: &House,
    caller: &Caller,
    asked: Command,
    watch: &Teller,
) -> Result<TriedView, Problem> {
    let wanted = asked.wanted(house, Changing::Waiting)?;
    let ran = follow(house, caller, wanted, watch).await?;
    let exec = house.app.exec();
    let tried = exec.tried(caller, &ran.id.to_string()).await?;
    if tried.waiting.changes.is_empty() {
        exec.discard_try(caller, &tried.run).await?;
    }
    Ok(TriedView::new(ran.into(), tried.waiting))
}

async fn follow(house: &House, caller: &Caller, wanted: RunWanted, watch: &Teller) -> Result<Ran, Problem> {
    let wanted = house.app.run_wanted(caller, wanted).await?;
    let (stop, begun) = (Stop::new(), Instant::now());
    let ends = Ends::Three {
        input: Input::Nothing,
        output: Box::new(Heard::new(watch, begun)),
        error: Box::new(Heard::new(watch, begun)),
    };
    let mut waits = |_| tell(watch, begun, "it waits for its turn");
    let mut running = pin!(house.app.exec().run(caller, wanted, ends, &stop, &mut waits));
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut asked_to_end = false;
    loop {
        tokio::select! {
            ran = &mut running => return Ok(ran?),
            () = watch.unwanted().cancelled(), if !asked_to_end => asked_to_end = true,
            () = house.ending.cancelled(), if !asked_to_end => {
                asked_to_end = true;
                house.counts.ended_run();
            }
            _ = heartbeat.tick() => {
                let message = watch.hear().borrow().message.clone();
                tell(watch, begun, &message);
                continue;
            }
        }
        // Its processes get a moment to tidy up; what is left then is killed, and all of it has ended when
        // the run has.
        stop.stop();
    }
}

fn tell(watch: &Teller, begun: Instant, message: &str) {
    // Nothing is told of who is no further than at the beginning.
    let done = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    watch.tell(Far { done, all: None, message: message.to_owned() });
}

/// Passes the last line of what a run says on to whoever watches. Secrets have been replaced by then.
struct Heard {
    watch: Teller,
    begun: Instant,
}

impl Heard {
    fn new(watch: &Teller, begun: Instant) -> Self {
        Self { watch: watch.clone(), begun }
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        if let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) {
            let line: String = line.chars().filter(|c| !c.is_control()).take(MOST_LINE_CHARS).collect();
            tell(&self.watch, self.begun, &line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The latest runs of where the caller is, the newest first.
pub(crate) async fn list(house: &House, caller: &Caller, asked: Which) -> Result<Page<RunView>, Problem> {
    let most = asked.limit.unwrap_or(USUAL_RUNS).clamp(1, super::MOST_ROWS);
    let found = house.app.exec().runs(caller, false, most).await?;
    Ok(Page { items: found.into_iter().map(RunView::short).collect(), next: None })
}

/// One run, with what it said.
pub(crate) async fn one(house: &House, caller: &Caller, id: &str) -> Result<RunView, Problem> {
    Ok(house.app.exec().look(caller, id).await?.into())
}

/// Ends a run, in whichever process it is, and waits until it has ended with everything that it started.
pub(crate) async fn end(house: &House, caller: &Caller, id: &str) -> Result<RunView, Problem> {
    let exec = house.app.exec();
    let id = exec.cancel(caller, id).await?.id.to_string();
    let until = Instant::now() + END_PATIENCE;
    loop {
        let run = exec.look(caller, &id).await?;
        if run.state != State::Running || Instant::now() >= until || house.ending.is_cancelled() {
            return Ok(run.into());
        }
        tokio::time::sleep(END_LOOK).await;
    }
}

/// The runs whose changes wait.
pub(crate) async fn tries(house: &House, caller: &Caller) -> Result<Page<RunView>, Problem> {
    let found = house.app.exec().tries(caller, false).await?;
    Ok(Page { items: found.into_iter().map(RunView::short).collect(), next: None })
}

/// A run whose changes wait or waited, and what still waits of them.
pub(crate) async fn tried(house: &House, caller: &Caller, id: &str) -> Result<TriedView, Problem> {
    let exec = house.app.exec();
    match exec.tried(caller, id).await {
        Ok(view) => Ok(TriedView::new(RunView::from(view.run).ran(), view.waiting)),
        // Nothing waits any more, or nothing ever did: it changed nothing.
        Err(error @ ExecError::NothingWaits(_)) => match exec.look(caller, id).await? {
            run if run.tried.is_some() => {
                Ok(TriedView { run: RunView::from(run).ran(), changes: Vec::new() })
            }
            _ => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// What was decided about what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// All of it is taken over.
    Commit,
    /// None of it is.
    Discard,
}

/// Commits or discards what a run changed. A yes to a commit is a yes to these very changes.
pub(crate) async fn settle(
    house: &House,
    caller: &Caller,
    id: &str,
    settle: Settle,
) -> Result<TriedView, Problem> {
    let exec = house.app.exec();
    let view = exec.tried(caller, id).await?;
    match settle {
        Settle::Commit => exec.commit_try(caller, &view).await?,
        Settle::Discard => exec.discard_try(caller, &view.run).await?,
    }
    let run = exec.look(caller, &view.run.id.to_string()).await?;
    Ok(TriedView::new(RunView::from(run).ran(), view.waiting))
}
