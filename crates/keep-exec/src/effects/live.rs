//! A run from its start to its end.

use super::egress::proxy;
use super::plan::Planned;
use super::pump::{self, Cleaning, Ears, Pumped};
use super::spool::Spool;
use crate::acts::RunCommand;
use crate::error::ExecError;
use crate::run::{EndedBy, Ends, Enter, Input, Written};
use crate::said::Copy;
use crate::stop::{How, Stop};
use keep_gate::Started;
use keep_sandbox::{Command, Ended, EndedBy as By, Running, Said, SandboxError, Stopper, Stream, Streams};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use zeroize::Zeroizing;

/// What a run is given beside its act.
pub(crate) struct During {
    /// Values of the act's secrets, in their order.
    pub(crate) values: Vec<Zeroizing<Vec<u8>>>,
    /// What replaces values in what it says.
    pub(crate) cleaning: Cleaning,
    /// How much is kept of each stream.
    pub(crate) kept: usize,
    pub(crate) ends: Ends,
    pub(crate) stop: Stop,
    /// Where others look on.
    pub(crate) spool: Spool,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) by: EndedBy,
    pub(crate) user_us: u64,
    pub(crate) system_us: u64,
    pub(crate) largest_bytes: u64,
    pub(crate) output: Copy,
    pub(crate) errors: Copy,
    /// What became of its repository's settings.
    pub(crate) settings: Written,
}

/// Runs what was admitted and follows it to its end. Nothing that it started is left then.
pub(crate) fn live(
    started: &Started<RunCommand>,
    planned: Planned,
    during: During,
) -> Result<Over, ExecError> {
    let act = started.act();
    let (streams, rest, enter) = split(during.ends);
    let rest = rest.shown_beside(&during.spool);
    let command = Command {
        program: act.program.clone(),
        arguments: act.arguments.clone(),
        environment: environment(act, &during.values),
        folder: act.folder.clone(),
        streams,
    };
    let mut running = planned.plan.spawn(command).map_err(failed)?;
    during.spool.begins_at(running.process());
    // The values are in the run's environment by now, and nowhere else.
    drop(during.values);
    let _way_out = proxy(&mut running, planned.hosts.clone())?;
    connect(&during.stop, running.stopper());
    let entered = enter.map(|enter| enter()).transpose().map_err(io)?;
    let streams = follow(&mut running, rest, &during.cleaning, during.kept)?;
    let ended = running.wait();
    during.stop.disconnect();
    let (output, errors) = streams.end();
    drop(entered);
    drop(planned.layer);
    Ok(over(ended.map_err(failed)?, output, errors))
}

fn failed(error: SandboxError) -> ExecError {
    ExecError::Sandbox(Box::new(error))
}

/// What the run gets, the values of secrets last: a variable that is passed has no chance against one.
fn environment(act: &RunCommand, values: &[Zeroizing<Vec<u8>>]) -> Vec<(OsString, OsString)> {
    let is_secret = |name: &OsStr| act.secrets.iter().any(|used| name == used.variable.as_str());
    let mut all: Vec<_> = act.environment.iter().filter(|(name, _)| !is_secret(name)).cloned().collect();
    let secrets = act.secrets.iter().zip(values);
    all.extend(
        secrets.map(|(used, value)| (OsString::from(&used.variable), OsStr::from_bytes(value).to_owned())),
    );
    all
}

/// What the caller keeps of a run's streams, and where they lead.
enum Rest<T> {
    Three { typed: Option<File>, output: T, error: T },
    Terminal { typed: File, shown: T, sizes: Receiver<(u16, u16)> },
}

impl Rest<Box<dyn Write + Send>> {
    /// The same, shown to those who look on, too.
    fn shown_beside(self, spool: &Spool) -> Rest<Ears> {
        match self {
            Self::Three { typed, output, error } => {
                Rest::Three { typed, output: spool.beside(output), error: spool.beside(error) }
            }
            Self::Terminal { typed, shown, sizes } => {
                Rest::Terminal { typed, shown: spool.beside(shown), sizes }
            }
        }
    }
}

fn split(ends: Ends) -> (Streams, Rest<Box<dyn Write + Send>>, Option<Enter>) {
    match ends {
        Ends::Three { input, output, error } => {
            let (input, typed) = match input {
                Input::Nothing => (Stream::Nothing, None),
                Input::Given(given) => (Stream::Given(given), None),
                Input::Typed(typed) => (Stream::Pipe, Some(typed)),
            };
            let streams = Streams::Three { input, output: Stream::Pipe, error: Stream::Pipe };
            (streams, Rest::Three { typed, output, error }, None)
        }
        Ends::Terminal { size: (rows, columns), typed, shown, sizes, enter } => {
            (Streams::Terminal { rows, columns }, Rest::Terminal { typed, shown, sizes }, Some(enter))
        }
    }
}

/// The threads that carry a run's streams.
struct Followed {
    output: JoinHandle<Pumped>,
    errors: Option<JoinHandle<Pumped>>,
    typing: Option<pump::Typing>,
}

impl Followed {
    /// What was said, once everything has been read: the run is over, so that comes by itself.
    fn end(self) -> (Copy, Copy) {
        if let Some(typing) = self.typing {
            typing.end();
        }
        let copy = |thread: JoinHandle<Pumped>| thread.join().map(Pumped::copy).unwrap_or_default();
        (copy(self.output), self.errors.map(copy).unwrap_or_default())
    }
}

fn follow(
    running: &mut Running,
    rest: Rest<Ears>,
    cleaning: &Cleaning,
    kept: usize,
) -> Result<Followed, ExecError> {
    let lost = || ExecError::Sandbox("the run came without its streams".into());
    let said = |said: Said, ears: Ears| {
        let cleaning = cleaning.clone();
        thread::spawn(move || pump::said(said, ears, &cleaning, kept))
    };
    match rest {
        Rest::Three { typed, output, error } => {
            let typing = match (typed, running.take_input()) {
                (Some(typed), Some(into)) => Some(pump::typed(typed, into, None).map_err(io)?),
                _ => None,
            };
            let output = said(running.take_output().ok_or_else(lost)?, output);
            let errors = said(running.take_error().ok_or_else(lost)?, error);
            Ok(Followed { output, errors: Some(errors), typing })
        }
        Rest::Terminal { typed, shown, sizes } => {
            let (into, shows) = running.take_terminal().map_err(io)?.ok_or_else(lost)?;
            let typing = Some(pump::typed(typed, into, Some(sizes)).map_err(io)?);
            Ok(Followed { output: said(shows, shown), errors: None, typing })
        }
    }
}

fn io(error: std::io::Error) -> ExecError {
    ExecError::Sandbox(Box::new(error))
}

/// Lets whoever wants the run to end reach it.
fn connect(stop: &Stop, stopper: Stopper) {
    stop.connect(Box::new(move |how| match how {
        How::Asked => stopper.terminate(),
        How::Made => stopper.kill(),
    }));
}

fn over(ended: Ended, output: Copy, errors: Copy) -> Over {
    let micros = |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Over {
        code: ended.status.code(),
        signal: ended.status.signal(),
        by: match ended.by {
            By::Itself => EndedBy::Itself,
            By::Wall => EndedBy::Timeout,
            By::Cpu => EndedBy::Processor,
            By::Memory => EndedBy::Memory,
            By::Output => EndedBy::Output,
            By::Request => EndedBy::Request,
        },
        user_us: micros(ended.usage.user),
        system_us: micros(ended.usage.system),
        largest_bytes: ended.usage.largest_bytes,
        output,
        errors,
        settings: Written::Nothing,
    }
}
