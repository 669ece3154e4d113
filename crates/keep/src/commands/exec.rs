use super::tries;
use crate::edge::{Failure, RunEnds, Session, Watched};
use clap::Args;
use keep_app::{AppError, Profile, RunWanted};
use keep_exec::{Changing, EndedBy, Line, Ran, SecretUse, Tidied, Written};
use keep_types::Duration;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep exec -- make test\n  keep exec --profile read-only -- python3 report.py\n  keep exec --secret DEPLOY_TOKEN -- ./deploy.sh\n  keep exec --secret DEPLOY_TOKEN=TOKEN --timeout 5m -- ./deploy.sh\n  keep sh 'make test 2>&1 | tail -20'\n\nThe words are started as they are; no shell reads them. Exits with the program's own status, 128 and the signal's number where one ended it, 124 when its time was up. What Keep itself says begins with `error:` on stderr; see `keep --help` for its own statuses."
)]
pub(crate) struct Exec {
    #[command(flatten)]
    how: How,
    /// The program and its words
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    words: Vec<String>,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep sh 'make test 2>&1 | tail -20'\n  keep sh -c 'for f in *.txt; do wc -l \"$f\"; done'\n  ln -s \"$(command -v keep)\" ~/bin/keep-sh && SHELL=~/bin/keep-sh some-agent\n\nbash runs the line, since it is read here as bash would read it. Statuses are those of `keep exec`. Under the name keep-sh the program is this command, for whatever wants the path of a shell."
)]
pub(crate) struct Sh {
    #[command(flatten)]
    how: How,
    /// For programs that expect a shell's flag; it changes nothing
    #[arg(short = 'c')]
    is_line: bool,
    /// The same; a line gets the environment that it is started in, whatever shells read when one logs in
    #[arg(short = 'l', long = "login")]
    is_login: bool,
    /// The line, as one word
    line: String,
    /// What the line calls $0, $1 and so on
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    rest: Vec<String>,
}

impl Sh {
    /// The line, and its words where it has some: bash is then started with them, and is read with them, too.
    fn line(line: String, rest: Vec<String>) -> Line {
        if rest.is_empty() {
            return Line::Shell(line);
        }
        Line::Words([vec!["/bin/bash".into(), "-c".into(), line], rest].concat())
    }
}

/// How something is run.
#[derive(Args)]
pub(super) struct How {
    /// What it may do: read-only, workspace, network, full-trust
    #[arg(long)]
    profile: Option<Profile>,
    /// End it after this long, where that is less than is set
    #[arg(long, value_name = "SPAN")]
    timeout: Option<Duration>,
    /// Give it a secret of the vault in the variable of that name, or in another
    #[arg(long = "secret", value_name = "NAME[=VARIABLE]")]
    secrets: Vec<SecretUse>,
}

impl Exec {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        self.how.run(session, Line::Words(self.words), Changing::AtOnce).and_then(|ran| over(session, &ran))
    }
}

impl Sh {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let line = Self::line(self.line, self.rest);
        self.how.run(session, line, Changing::AtOnce).and_then(|ran| over(session, &ran))
    }
}

/// What comes after a run: where a rule had its changes wait, somebody decides about them.
fn over(session: &Session, ran: &Ran) -> Result<ExitCode, Failure> {
    match ran.changing {
        Changing::AtOnce => Ok(status_of(ran)),
        Changing::Waiting => tries::by_rule(session, ran),
    }
}

impl How {
    /// Runs it, shows what it says, and says what ended it.
    pub(super) fn run(self, session: &Session, line: Line, changing: Changing) -> Result<Ran, Failure> {
        let wanted = RunWanted {
            line,
            folder: None,
            changing,
            profile: self.profile,
            timeout: self.timeout,
            secrets: self.secrets,
            environment: std::env::vars_os().collect(),
        };
        let ends = if session.is_json() { RunEnds::Kept } else { RunEnds::Passed };
        let ran = session.with(async |app, caller| {
            let wanted = app.run_wanted(caller, wanted).await?;
            let Watched { ends, stop } = ends.watched()?;
            let mut waits =
                |most| session.say(&format!("{most} commands run already; this one waits for its turn"));
            let ran = app.exec().run(caller, wanted, ends, &stop, &mut waits).await;
            Ok(ran.map_err(AppError::from)?)
        })?;
        if session.is_json() && ran.changing == Changing::AtOnce {
            session.show(&ran, |_| Ok(()))?;
        } else if let Some(why) = ended_because(&ran) {
            session.say(&format!("it was ended: {why} (run {})", ran.id));
        }
        if let Written::Refused(why) = &ran.settings {
            session.say(&format!("the repository's settings stay as they were: {why}"));
        }
        match &ran.caches {
            Tidied::Nothing => {}
            Tidied::Emptied => {
                session.say("the caches of this project held more than exec.cache_mib, and were emptied");
            }
            Tidied::Failed(why) => session.say(&format!("the caches could not be looked after: {why}")),
        }
        Ok(ran)
    }
}

fn ended_because(ran: &Ran) -> Option<&'static str> {
    match ran.ended_by {
        EndedBy::Itself => None,
        EndedBy::Timeout => Some("its time was up; see exec.timeout"),
        EndedBy::Processor => Some("its time on processors was up"),
        EndedBy::Memory => Some("it took more memory than exec.memory_mib"),
        EndedBy::Output => Some("it said more than exec.output_mib"),
        EndedBy::Request => Some("somebody wanted that"),
    }
}

/// What `timeout` of the core utilities says, too.
const TIME_IS_UP: u8 = 124;
/// What shells add to the number of a signal.
const SIGNALLED: i32 = 128;

pub(super) fn status_of(ran: &Ran) -> ExitCode {
    if ran.ended_by == EndedBy::Timeout {
        return ExitCode::from(TIME_IS_UP);
    }
    let status = ran.code.or(ran.signal.map(|signal| SIGNALLED + signal)).unwrap_or(SIGNALLED);
    ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX))
}
