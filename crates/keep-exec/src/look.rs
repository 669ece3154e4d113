//! Looking at what ran.

use crate::acts::{CancelRun, LookAtRuns};
use crate::effects::{self, Heard, Processes};
use crate::engine::Exec;
use crate::error::ExecError;
use crate::said::Copy;
use crate::store::{self, Which};
use keep_gate::Outcome;
use keep_types::{Caller, Id, Namespace, Principal, PrincipalKind, Reach, RunKind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It runs.
    Running,
    /// It ended.
    Ended,
    /// It did not start, or could not be followed.
    Failed,
    /// Its process died, and it with it.
    Lost,
}

impl State {
    /// The state as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}

/// A run as it is on record.
#[derive(Clone, Debug, Serialize)]
pub struct RunView {
    /// Its id.
    pub id: Id<RunKind>,
    /// The record of its intent, once it has ended.
    pub seq: Option<u64>,
    /// Where.
    pub namespace: Namespace,
    /// Who.
    pub principal: Principal,
    /// The command, redacted.
    pub command: String,
    /// The folder that it ran in.
    pub folder: String,
    /// The folder that the work was about.
    pub workspace: String,
    /// How much it could harm.
    pub risk: String,
    /// What was seen beforehand, and what it was allowed to do.
    pub analysis: Value,
    /// Whether a person was asked.
    pub decision: String,
    /// Which rule decided.
    pub rule: String,
    /// The profile.
    pub profile: String,
    /// What confined it.
    pub tier: String,
    /// Secrets that it got, by name and variable.
    pub secrets: Vec<(String, String)>,
    /// How far it is.
    pub state: State,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why it failed, if it did.
    pub why: Option<String>,
    /// Its exit status.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Who or what ended it.
    pub ended_by: Option<String>,
    /// Processor time in programs, in microseconds.
    pub user_us: Option<u64>,
    /// Processor time in the kernel, in microseconds.
    pub system_us: Option<u64>,
    /// Bytes of memory of its largest process.
    pub largest_bytes: Option<u64>,
    /// What it said.
    pub output: Copy,
    /// What it said of errors.
    pub errors: Copy,
    /// What became of its changes, where they had to wait.
    pub tried: Option<String>,
    /// The run that it repeats.
    pub repeats: Option<Id<RunKind>>,
    /// What tells the conversation that it came from, where something did.
    pub conversation: Option<String>,
}

/// Which runs are wanted.
#[derive(Clone, Debug, Default)]
pub struct RunsWanted {
    /// Everywhere that the caller may look, and not only here.
    pub everywhere: bool,
    /// How they stand.
    pub standing: Standing,
    /// Whose.
    pub who: Option<Principal>,
    /// Those alone that repeat this one.
    pub repeats: Option<Id<RunKind>>,
    /// So many of the newest are left out.
    pub skip: usize,
    /// How many at most.
    pub most: usize,
}

/// How the runs of a list stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// However they stand.
    #[default]
    Any,
    /// They run.
    Running,
    /// They went wrong: a status that is not 0, a signal, a limit, or no start.
    Failed,
}

impl Exec {
    /// The latest runs that the caller may see, the newest first: here, or everywhere.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn runs(
        &self,
        caller: &Caller,
        everywhere: bool,
        most: usize,
    ) -> Result<Vec<RunView>, ExecError> {
        self.runs_wanted(caller, RunsWanted { everywhere, most, ..RunsWanted::default() }).await
    }

    /// The latest runs of a kind that the caller may see, the newest first.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn runs_wanted(&self, caller: &Caller, wanted: RunsWanted) -> Result<Vec<RunView>, ExecError> {
        let places = self.places(caller, wanted.everywhere).await?;
        self.0.db.read(move |tx| store::list(tx.sql(), places.as_deref(), Which::These(&wanted))).await
    }

    /// How many runs are going on that the caller may see.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn running(&self, caller: &Caller) -> Result<usize, ExecError> {
        let places = self.places(caller, true).await?;
        self.0.db.read(move |tx| store::running(tx.sql(), places.as_deref())).await
    }

    /// One run, by the beginning of its id, with what it said.
    ///
    /// # Errors
    /// When there is none that the caller may see, several begin so, or the gate refuses.
    pub async fn look(&self, caller: &Caller, handle: &str) -> Result<RunView, ExecError> {
        let places = self.places(caller, true).await?;
        let wanted = if handle.starts_with("run_") { handle.to_owned() } else { format!("run_{handle}") };
        let found = self.0.db.read(move |tx| store::by_handle(tx.sql(), places.as_deref(), &wanted)).await?;
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(ExecError::Ambiguous(handle.to_owned())),
            (None, _) => Err(ExecError::NoSuchRun(handle.to_owned())),
        }
    }

    /// What a run that is still running has said from there on; none when it runs no more. While what it says
    /// cannot be looked through for secrets it is withheld, and said to be; afterwards it is there from its beginning.
    ///
    /// # Errors
    /// When there is no such run, or what it says cannot be read.
    pub async fn hear(&self, caller: &Caller, handle: &str, from: u64) -> Result<Option<Heard>, ExecError> {
        let run = self.look(caller, handle).await?;
        if run.state != State::Running {
            return Ok(None);
        }
        let permit = self.0.gate.admit(caller, LookAtRuns { namespace: run.namespace }).await?;
        let heard = effects::hear(&permit, &self.0.config.state, run.id, from)?;
        permit.observe().await?;
        Ok(heard)
    }

    /// The processes of a run that runs, each below the one that started it; none when it runs no more, or when
    /// nobody can tell which they are.
    ///
    /// # Errors
    /// When there is no such run, or the gate refuses.
    pub async fn processes(&self, caller: &Caller, handle: &str) -> Result<Option<Processes>, ExecError> {
        let run = self.look(caller, handle).await?;
        if run.state != State::Running {
            return Ok(None);
        }
        let permit = self.0.gate.admit(caller, LookAtRuns { namespace: run.namespace }).await?;
        let found = effects::processes(&permit, &self.0.config.state, run.id);
        permit.observe().await?;
        Ok(found)
    }

    /// Asks a run to end, whichever process it runs in; asked again, it is made to. A program ends its own runs.
    ///
    /// # Errors
    /// When there is none that runs, it is somebody else's, or the gate refuses.
    pub async fn cancel(&self, caller: &Caller, handle: &str) -> Result<RunView, ExecError> {
        let run = self.look(caller, handle).await?;
        if run.state != State::Running {
            return Err(ExecError::Over(run.id.to_string()));
        }
        if caller.principal.kind() != PrincipalKind::User && caller.principal != run.principal {
            return Err(ExecError::NotYours(run.id.to_string()));
        }
        let act = CancelRun { id: run.id, namespace: run.namespace.clone() };
        let started = self.0.gate.admit(caller, act).await?.begin().await?;
        let done = effects::cancel(&started, &self.0.config.state);
        let outcome = match &done {
            Ok(true) => Outcome::Done(json!({ "run": run.id })),
            Ok(false) => Outcome::Failed("it does not run any more".into()),
            Err(error) => Outcome::Failed(keep_types::chain(error).join(": ")),
        };
        started.finish(outcome).await?;
        if done? { Ok(run) } else { Err(ExecError::Over(run.id.to_string())) }
    }

    /// The runs whose changes wait to be committed or discarded, the newest first.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn tries(&self, caller: &Caller, everywhere: bool) -> Result<Vec<RunView>, ExecError> {
        let places = self.places(caller, everywhere).await?;
        self.0.db.read(move |tx| store::list(tx.sql(), places.as_deref(), Which::Waiting)).await
    }

    /// The namespaces whose runs a caller is shown; none: all of them.
    async fn places(&self, caller: &Caller, everywhere: bool) -> Result<Option<Vec<Namespace>>, ExecError> {
        let permit = self.0.gate.admit(caller, LookAtRuns { namespace: caller.home.clone() }).await?;
        let act = permit.observe().await?;
        Ok(match &caller.reach {
            Reach::Everything if everywhere => None,
            Reach::Only(allowed) if everywhere => Some(allowed.clone()),
            _ => Some(vec![act.namespace]),
        })
    }
}
