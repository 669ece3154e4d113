//! From a request to its end.

use crate::acts::RunCommand;
use crate::bound;
use crate::confine::{Confinement, Ground, Limits, PASSED, confinement};
use crate::effects::{self, Over, Waiting};
use crate::engine::{Exec, SecretUse};
use crate::error::ExecError;
use crate::judge::{Judged, Judging, find_program, judge};
use crate::line::{Line, SHELLS};
use crate::said::Copy;
use crate::stop::Stop;
use crate::store;
use crate::worktree::linked;
use keep_gate::{GateError, Permit, Started, fresh_id};
use keep_policy::{Decision, Profile};
use keep_shell::Sort;
use keep_types::{Act, ActFacts, Asks, Audience, Caller, Duration, Id, PrincipalKind, Risk, RunKind, chain};
use serde::Serialize;
use std::any::Any;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// The longest command: the system hands no program a longer word, and it is stored until somebody answers.
const MAX_LINE_BYTES: usize = 128 << 10;

/// What becomes of what a run changes in its workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changing {
    /// It is changed at once.
    AtOnce,
    /// It waits beside the workspace until it is committed or discarded.
    Waiting,
}

/// What somebody wants run.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The program and its words, or the line.
    pub line: Line,
    /// The folder to run in; it lies in the workspace, or nothing runs.
    pub folder: PathBuf,
    /// The folder that the caller's work is about, as the house found it from where the caller itself is.
    pub workspace: PathBuf,
    /// Whether that is a project, and not merely the folder that the caller is in.
    pub project: bool,
    /// The profile, where it is not the one that is set.
    pub profile: Option<Profile>,
    /// How long it may take, where that is less than is set.
    pub timeout: Option<Duration>,
    /// What becomes of its changes.
    pub changing: Changing,
    /// Secrets that it gets.
    pub secrets: Vec<SecretUse>,
    /// The caller's environment, of which some is passed.
    pub environment: Vec<(OsString, OsString)>,
    /// The run that this one repeats, where it does.
    pub repeats: Option<Id<RunKind>>,
}

/// What a run reads.
pub enum Input {
    /// Nothing.
    Nothing,
    /// This, which is handed over.
    Given(OwnedFd),
    /// What is typed at a terminal, which is not handed over: whoever holds it can write to it.
    Typed(File),
}

/// Readies a terminal, and holds it so.
pub type Enter = Box<dyn FnOnce() -> std::io::Result<Box<dyn Any>> + Send>;

/// Where a run's streams lead.
pub enum Ends {
    /// Three streams.
    Three {
        /// What it reads.
        input: Input,
        /// Where its output goes.
        output: Box<dyn Write + Send>,
        /// Where its errors go.
        error: Box<dyn Write + Send>,
    },
    /// A terminal of its own.
    Terminal {
        /// How high and wide it is.
        size: (u16, u16),
        /// What is typed.
        typed: File,
        /// Where it is shown.
        shown: Box<dyn Write + Send>,
        /// New sizes, height first.
        sizes: Receiver<(u16, u16)>,
        /// Readies the caller's terminal once the run has started; what it returns is dropped at its end.
        enter: Enter,
    },
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
pub struct Ran {
    /// Its id, under which it is on record.
    pub id: Id<RunKind>,
    /// What confined it.
    pub tier: String,
    /// Its exit status, where it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Who or what ended it: itself, a limit, or whoever asked.
    pub ended_by: EndedBy,
    /// Processor time in programs, in microseconds.
    pub user_us: u64,
    /// Processor time in the kernel, in microseconds.
    pub system_us: u64,
    /// Bytes of memory of its largest process.
    pub largest_bytes: u64,
    /// What it said.
    pub output: Copy,
    /// What it said of errors; at a terminal that is in the output.
    pub errors: Copy,
    /// What becomes of its changes: by a rule they may wait although nobody wanted that.
    pub changing: Changing,
    /// What became of its repository's settings, where it wrote to them.
    #[serde(skip_serializing_if = "Written::is_nothing")]
    pub settings: Written,
    /// What became of the caches of its project.
    #[serde(skip_serializing_if = "Tidied::is_nothing")]
    pub caches: Tidied,
}

/// What became of what a run wrote into its repository's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// It wrote nothing.
    Nothing,
    /// It was taken over: these were changed.
    Taken(Vec<String>),
    /// It was not taken over, and why.
    Refused(String),
}

impl Written {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// What became of the caches of a project after a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tidied {
    /// They are as the run left them.
    Nothing,
    /// They held more than they may, and were emptied.
    Emptied,
    /// They could not be looked after, and why.
    Failed(String),
}

impl Tidied {
    fn of(done: Result<bool, ExecError>) -> Self {
        match done {
            Ok(false) => Self::Nothing,
            Ok(true) => Self::Emptied,
            Err(error) => Self::Failed(chain(&error).join(": ")),
        }
    }

    fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

impl Ran {
    pub(crate) fn new(id: Id<RunKind>, tier: &str, changing: Changing, over: Over) -> Self {
        Self {
            id,
            tier: tier.to_owned(),
            code: over.code,
            signal: over.signal,
            ended_by: over.by,
            user_us: over.user_us,
            system_us: over.system_us,
            largest_bytes: over.largest_bytes,
            output: over.output,
            errors: over.errors,
            changing,
            settings: over.settings,
            caches: Tidied::Nothing,
        }
    }
}

/// Who or what ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// The command itself.
    Itself,
    /// The limit on time.
    Timeout,
    /// The limit on processor time.
    Processor,
    /// The limit on memory.
    Memory,
    /// The limit on what it may say.
    Output,
    /// Whoever wanted it to end.
    Request,
}

impl EndedBy {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::Timeout => "timeout",
            Self::Processor => "processor",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Request => "request",
        }
    }
}

impl Exec {
    /// Runs a command, and returns when it and everything that it started has ended. `waits` is called once
    /// if it has to wait for its turn.
    ///
    /// A person at their own terminal may put another text in its place. That text starts from the
    /// beginning, policy included, because no yes was given to it.
    ///
    /// # Errors
    /// When it is not run: it makes no sense, the gate stays shut, or it cannot be confined. When its end
    /// cannot be recorded.
    pub async fn run(
        &self,
        caller: &Caller,
        wanted: Wanted,
        ends: Ends,
        stop: &Stop,
        waits: &mut (dyn FnMut(usize) + Send),
    ) -> Result<Ran, ExecError> {
        self.run_and_tell(caller, wanted, ends, stop, waits, &mut |_| {}).await
    }

    /// The same; `began` is called once with the run's id, when it is on record and about to start.
    ///
    /// # Errors
    /// Those of [`Exec::run`].
    pub async fn run_and_tell(
        &self,
        caller: &Caller,
        mut wanted: Wanted,
        ends: Ends,
        stop: &Stop,
        waits: &mut (dyn FnMut(usize) + Send),
        began: &mut (dyn FnMut(Id<RunKind>) + Send),
    ) -> Result<Ran, ExecError> {
        loop {
            let act = self.work_out(caller, &wanted)?;
            match self.0.gate.admit(caller, act).await {
                Ok(permit) => return self.go(caller, permit, ends, stop, waits, began).await,
                Err(GateError::Suggested { text, .. }) if caller.audience == Audience::Terminal => {
                    wanted.line = Line::Shell(text);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn go(
        &self,
        caller: &Caller,
        permit: Permit<RunCommand>,
        ends: Ends,
        stop: &Stop,
        waits: &mut (dyn FnMut(usize) + Send),
        began: &mut (dyn FnMut(Id<RunKind>) + Send),
    ) -> Result<Ran, ExecError> {
        let planned = effects::plan(&permit, &self.0.cell, &self.0.config)?;
        let act = permit.act();
        let program = act.text.clone();
        let values = if act.secrets.is_empty() {
            Vec::new()
        } else {
            self.0.values.take(caller, &act.secrets, &program).await?
        };
        let waiting = Waiting {
            most: self.0.config.concurrent,
            whose: caller.principal.clone(),
            patience: self.0.config.patience,
        };
        let slot = effects::slot(&permit, &self.0.config.state, waiting, waits).await?;
        let redactor = self.0.gate.redactor();
        let id: Id<RunKind> = fresh_id(self.now())?;
        let planned = match permit.act().changing {
            Changing::AtOnce => planned,
            Changing::Waiting => {
                // Which holds the caches that this one is to have.
                drop(planned);
                effects::lay(&permit, &self.0.cell, &self.0.config, id)?
            }
        };
        let exact = self.0.ledger.hmac(&permit.act().line.exact());
        let row = store::NewRun { id, exact, tier: planned.tier(), started: self.now() };
        let kept_since = self.now().minus(self.0.config.kept_for);
        let begun = (id, row.tier);
        let started = store::begin(permit, row, redactor.clone().ok(), kept_since).await?;
        began(id);
        let withheld = redactor.is_err();
        let gate = self.0.gate.clone();
        let cleaning = effects::Cleaning { now: redactor, later: Arc::new(move || gate.redactor()) };
        // What cannot be looked through for secrets is shown to whoever runs it, and to nobody else until it can.
        let spool = effects::Spool::open(&started, &self.0.config.state, id, stop.clone(), withheld);
        let spool = match spool {
            Ok(spool) => spool,
            Err(error) => {
                let texts = self.texts(&started, withheld);
                return store::finish(started, begun, Err(error), texts, self.now()).await;
            }
        };
        let kept = self.0.config.kept_bytes;
        let during = effects::During { values, cleaning, kept, ends, stop: stop.clone(), spool };
        let (config, mut planned) = (self.0.config.clone(), planned);
        let (started, over, tidied) = tokio::task::spawn_blocking(move || {
            let copied = planned.settings.take();
            let over = effects::live(&started, planned, during).map(|mut over| {
                over.settings =
                    copied.map_or(Written::Nothing, |copied| effects::take_over(&started, &copied));
                over
            });
            let tidied = effects::tidy(&started, &config);
            (started, over, tidied)
        })
        .await
        .map_err(|_| ExecError::Worker)?;
        drop(slot);
        let texts = self.texts(&started, withheld);
        let ran = store::finish(started, begun, over, texts, self.now()).await?;
        // Whatever is wrong with the caches, the run is over and on record.
        Ok(Ran { caches: Tidied::of(tidied), ..ran })
    }

    /// The texts of a run whose row withholds them, where they can be looked through by now.
    fn texts(&self, started: &Started<RunCommand>, withheld: bool) -> Option<store::Texts> {
        let redactor = withheld.then(|| self.0.gate.redactor().ok()).flatten()?;
        Some(store::Texts::of(started, &redactor))
    }

    /// The exact act, from what is wanted and from how things are.
    fn work_out(&self, caller: &Caller, wanted: &Wanted) -> Result<RunCommand, ExecError> {
        let text = checked(&wanted.line)?;
        let (folder, workspace) = (real(&wanted.folder)?, real(&wanted.workspace)?);
        if !folder.starts_with(&workspace) {
            return Err(ExecError::Outside { folder, workspace });
        }
        let config = &self.0.config;
        let ground = Ground {
            workspace: &workspace,
            project: wanted.project,
            home: &config.home,
            principal: &caller.principal,
        };
        // What runs unasked is never more than is set, whatever the run is to be confined to.
        let judged_under = ground.widest(config.profile);
        let environment = passed(&wanted.environment, &config.marker);
        let path = environment.iter().find(|(name, _)| name == "PATH").and_then(|(_, value)| value.to_str());
        let path = path.unwrap_or_default().to_owned();
        let judged = self.judge(caller, &folder, &workspace, &path, &environment, judged_under, &text)?;
        let profile = granted(&ground, wanted.profile, judged_under, &judged);
        let tried = judged.ruling.tries && profile != Profile::FullTrust;
        // What changes nothing has nothing to wait.
        let changing =
            if tried && profile != Profile::ReadOnly { Changing::Waiting } else { wanted.changing };
        let mut confinement =
            confinement(profile, &judged.analysis, config.hosts.as_deref(), &ground, self.limits(wanted))?;
        // What a try changes waits beside the workspace, and nothing of it goes elsewhere.
        if matches!(profile, Profile::Workspace | Profile::Network) && changing == Changing::AtOnce {
            confinement.writes.extend(linked(&workspace).into_iter().flat_map(|linked| linked.writes()));
        }
        let (program, arguments) = started_as(&wanted.line, &path, &folder)?;
        let besides = wider(caller, wanted.profile, config.profile)
            .or_else(|| shadowing(&judged, judged_under, &path, &folder, &confinement));
        let mut act = RunCommand {
            line: wanted.line.clone(),
            text,
            namespace: caller.home.clone(),
            folder,
            workspace,
            program,
            arguments,
            environment_proof: self.proof_of(&environment),
            environment,
            secrets: wanted.secrets.clone(),
            judged_under,
            judged,
            confinement,
            changing,
            tried,
            besides,
            contents: None,
            repeats: wanted.repeats,
            conversation: keep_gate::conversation(caller),
            advice: self.0.advice.clone(),
        };
        let facts: ActFacts = act.facts();
        if act.asked() || self.0.gate.explain(caller, &facts).decision == Decision::Ask {
            let files = bound::files(&act.judged.analysis, &act.program, &path, &act.folder);
            act.contents = Some(bound::contents(&files));
        }
        Ok(act)
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing that a line is judged by")]
    fn judge(
        &self,
        caller: &Caller,
        folder: &Path,
        workspace: &Path,
        path: &str,
        environment: &[(OsString, OsString)],
        profile: Profile,
        text: &str,
    ) -> Result<Judged, ExecError> {
        let home = self.0.config.home.to_string_lossy();
        let cwd = folder.to_str().ok_or_else(|| ExecError::NoText(folder.to_owned()))?;
        let mut variables = vec![("PWD", cwd)];
        let user = environment.iter().find(|(name, _)| name == "USER").and_then(|(_, value)| value.to_str());
        variables.extend(user.map(|user| ("USER", user)));
        judge(
            &self.0.gate.policy(),
            &Judging {
                cwd: folder,
                workspace,
                home: &home,
                path,
                variables: &variables,
                principal: &caller.principal,
                namespace: &caller.home,
                profile,
            },
            text,
        )
    }

    fn limits(&self, wanted: &Wanted) -> Limits {
        let limits = self.0.config.limits;
        let timeout = wanted.timeout.map_or(limits.timeout, |wanted| wanted.min(limits.timeout));
        Limits { timeout, ..limits }
    }

    fn proof_of(&self, environment: &[(OsString, OsString)]) -> [u8; 32] {
        let mut bytes = Vec::new();
        for (name, value) in environment {
            for text in [name, value] {
                bytes.extend_from_slice(text.as_encoded_bytes());
                bytes.push(0);
            }
        }
        self.0.ledger.hmac(&bytes)
    }
}

/// The line as text, if there is something to run and it can be.
fn checked(line: &Line) -> Result<String, ExecError> {
    if line.is_empty() {
        return Err(ExecError::Empty);
    }
    let text = line.text();
    if text.contains('\0') {
        return Err(ExecError::Unfit("a word holds a zero byte"));
    }
    if text.len() > MAX_LINE_BYTES {
        return Err(ExecError::TooLong { size_bytes: text.len(), limit_bytes: MAX_LINE_BYTES });
    }
    Ok(text)
}

fn real(path: &Path) -> Result<PathBuf, ExecError> {
    path.canonicalize().map_err(|error| match error.kind() {
        // No name of anything that could be there.
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => ExecError::NoFolder(path.to_owned()),
        _ => ExecError::file("finding", path, error),
    })
}

/// What is started, and with which words.
fn started_as(line: &Line, path: &str, folder: &Path) -> Result<(PathBuf, Vec<OsString>), ExecError> {
    match line {
        Line::Shell(text) => {
            let shell = SHELLS.iter().map(PathBuf::from).find(|shell| shell.is_file());
            let shell = shell.ok_or_else(|| ExecError::NoProgram("bash, which lines are read for".into()))?;
            Ok((shell, vec!["-c".into(), text.into()]))
        }
        Line::Words(words) => {
            let (name, rest) = words.split_first().ok_or(ExecError::Empty)?;
            let program =
                find_program(name, path, folder).ok_or_else(|| ExecError::NoProgram(name.clone()))?;
            Ok((program, rest.iter().map(OsString::from).collect()))
        }
    }
}

/// What a run gets of the environment. A `PATH` keeps what is named whole: the rest would lead to another
/// place in another folder.
fn passed(environment: &[(OsString, OsString)], marker: &(String, String)) -> Vec<(OsString, OsString)> {
    let named = |name: &str| {
        PASSED.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *pattern,
        })
    };
    let whole = |value: &OsStr| {
        let folders = std::env::split_paths(value).filter(|folder| folder.is_absolute());
        std::env::join_paths(folders).unwrap_or_default()
    };
    let mut found: Vec<(OsString, OsString)> = environment
        .iter()
        .filter(|(name, _)| name.to_str().is_some_and(named))
        .map(
            |(name, value)| {
                if name == "PATH" { (name.clone(), whole(value)) } else { (name.clone(), value.clone()) }
            },
        )
        .collect();
    found.push((OsString::from(&marker.0), OsString::from(&marker.1)));
    found.sort();
    found
}

/// The profile that a run is confined to: the one that is wanted, or the one that it was judged under. What was
/// let through although that profile changes nothing, by a rule or by a person, may change the workspace, which is
/// what was said yes to. Where a program works outside every project, only a person's yes counts.
fn granted(ground: &Ground<'_>, wanted: Option<Profile>, under: Profile, judged: &Judged) -> Profile {
    let profile = wanted.map_or(under, |wanted| ground.widest(wanted));
    let asked = judged.ruling.decision == Decision::Ask && !judged.ruling.tries;
    let lets = asked || ground.widest(Profile::Workspace) == Profile::Workspace;
    let changes = judged.analysis.risk >= Risk::Medium;
    if profile == Profile::ReadOnly && wanted != Some(Profile::ReadOnly) && changes && lets {
        return Profile::Workspace;
    }
    profile
}

/// Why a person is asked although the rules about commands may not ask: a program wants more than is set.
fn wider(caller: &Caller, wanted: Option<Profile>, set: Profile) -> Option<Asks> {
    let wanted = wanted.filter(|wanted| *wanted > set && caller.principal.kind() != PrincipalKind::User)?;
    let reason = format!("it wants the profile {wanted}, and {set} is what is set");
    Some(Asks { rule: "wider-profile".to_owned(), reason })
}

/// The same where a program is not the one that its name says, and more is let through than code of the workspace
/// would be.
fn shadowing(
    judged: &Judged,
    under: Profile,
    path: &str,
    folder: &Path,
    confinement: &Confinement,
) -> Option<Asks> {
    let beyond = judged.analysis.risk > Risk::Medium || under == Profile::ReadOnly;
    if judged.ruling.decision != Decision::Allow && !judged.ruling.tries || !beyond {
        return None;
    }
    let (name, file) = shadowed(judged, path, folder, confinement)?;
    let file = file.display();
    let reason = format!("`{name}` is {file} here, which anybody who works here may have put there");
    Some(Asks { rule: "shadowed-program".to_owned(), reason })
}

/// A program that is named as one of the machine's, and is a file of a folder that runs may change.
fn shadowed(
    judged: &Judged,
    path: &str,
    folder: &Path,
    confinement: &Confinement,
) -> Option<(String, PathBuf)> {
    let names = judged.analysis.parts.iter().filter_map(|part| part.argv.first());
    let names = names.filter(|word| word.sort == Sort::Known && !word.text.contains('/'));
    names.filter_map(|word| Some((word.text.clone(), find_program(&word.text, path, folder)?))).find(
        |(_, file)| {
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            let within = |place: &PathBuf| real.starts_with(place) || file.starts_with(place);
            confinement.writes.iter().any(within) || within(&folder.to_owned())
        },
    )
}
