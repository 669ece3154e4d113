use super::exec::{How, status_of};
use crate::edge::{Failure, Session, Table, counted, ids, visible};
use clap::{Args, Subcommand};
use keep_app::AppError;
use keep_exec::{Changing, Line, Ran, TryView};
use keep_types::PrincipalKind;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "EXAMPLES:\n  keep try -- ./migrate.sh            run it, see what it changed, then decide\n  keep try --discard -- make clean    only see what it would change\n  keep try ls                         what waits\n  keep try commit run_01k…            take the changes over, all of them\n\nThe program sees its changes; the folder itself stays as it is until they are committed."
)]
pub(crate) struct Try {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    how: How,
    /// Commit the changes without looking at them
    #[arg(long, conflicts_with = "discard")]
    commit: bool,
    /// Discard the changes once they were shown
    #[arg(long)]
    discard: bool,
    /// The program and its words, behind `--`
    #[arg(last = true, value_name = "WORD")]
    words: Vec<String>,
}

#[derive(Subcommand)]
enum What {
    /// List the runs whose changes wait
    #[command(after_help = "EXAMPLES:\n  keep try ls --all")]
    Ls {
        /// Those of every namespace that you may see
        #[arg(long)]
        all: bool,
    },
    /// Show what a run changed
    #[command(after_help = "EXAMPLES:\n  keep try show run_01k…")]
    Show {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Commit what a run changed: all of it, or nothing
    #[command(after_help = "EXAMPLES:\n  keep try commit run_01k…")]
    Commit {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Discard what a run changed
    #[command(after_help = "EXAMPLES:\n  keep try discard run_01k…")]
    Discard {
        /// Its id, or the beginning of it
        id: String,
    },
}

/// What becomes of changes.
enum Then {
    Commit,
    Discard,
    Wait,
}

impl Try {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            Some(What::Ls { all }) => list(session, all),
            Some(What::Show { id }) => {
                let view = look(session, &id)?;
                session.show(&view, |out| describe(out, session, &view))
            }
            Some(What::Commit { id }) => settle(session, &id, &Then::Commit),
            Some(What::Discard { id }) => settle(session, &id, &Then::Discard),
            None if self.words.is_empty() => {
                Err(Failure::usage("there is no command to try", "write `keep try -- PROGRAM WORDS`"))
            }
            None => {
                let ran = self.how.run(session, Line::Words(self.words), Changing::Waiting)?;
                then(session, &ran, self.commit, self.discard)
            }
        }
    }
}

/// Shows what a run changed and does with it what was said, or asks.
fn then(session: &Session, ran: &Ran, commit: bool, discard: bool) -> Result<ExitCode, Failure> {
    let id = ran.id.to_string();
    let view = look(session, &id)?;
    if view.waiting.changes.is_empty() {
        settle(session, &id, &Then::Discard)?;
        session.say("it changed nothing");
        return Ok(status_of(ran));
    }
    session.show(&view, |out| describe(out, session, &view))?;
    let then = match (commit, discard) {
        (true, _) => Then::Commit,
        (_, true) => Then::Discard,
        _ if session.may_ask() && std::io::stdin().is_terminal() => ask()?,
        _ => Then::Wait,
    };
    match then {
        Then::Wait => {
            session.say(&format!("it waits: `keep try commit {id}` or `keep try discard {id}`"));
        }
        then => {
            settle(session, &id, &then)?;
        }
    }
    Ok(status_of(ran))
}

/// The same where a rule had its changes wait. A program cannot commit them by itself: it asks a person, and goes on.
pub(super) fn by_rule(session: &Session, ran: &Ran) -> Result<ExitCode, Failure> {
    let status = then(session, ran, false, false)?;
    let id = ran.id.to_string();
    let waits = session.with(async |app, caller| {
        let run = app.exec().look(caller, &id).await.map_err(AppError::from)?;
        Ok(caller.principal.kind() != PrincipalKind::User && run.tried.as_deref() == Some("pending"))
    })?;
    if waits && let Err(asked) = settle(session, &id, &Then::Commit) {
        session.say(&format!("to commit its changes: {asked}"));
    }
    Ok(status)
}

fn ask() -> Result<Then, Failure> {
    let ask = || -> std::io::Result<String> {
        let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        (&tty).write_all(b"Commit the changes, discard them, or let them wait? [c/d/W] ")?;
        let mut line = String::new();
        BufReader::new(tty).read_line(&mut line)?;
        Ok(line)
    };
    let line = ask().map_err(|e| Failure::file("reading from", std::path::Path::new("/dev/tty"), e))?;
    Ok(match line.trim().to_lowercase().as_str() {
        "c" | "commit" => Then::Commit,
        "d" | "discard" => Then::Discard,
        _ => Then::Wait,
    })
}

fn look(session: &Session, id: &str) -> Result<TryView, Failure> {
    session.with(async |app, caller| Ok(app.exec().tried(caller, id).await.map_err(AppError::from)?))
}

fn settle(session: &Session, id: &str, then: &Then) -> Result<ExitCode, Failure> {
    let view = session.with(async |app, caller| {
        let exec = app.exec();
        let view = exec.tried(caller, id).await.map_err(AppError::from)?;
        match then {
            Then::Commit => exec.commit_try(caller, &view).await.map_err(AppError::from)?,
            Then::Discard => exec.discard_try(caller, &view.run).await.map_err(AppError::from)?,
            Then::Wait => {}
        }
        Ok(view)
    })?;
    let count = counted(view.waiting.changes.len() as u64, "change");
    match then {
        Then::Commit => session.say(&format!("{count} committed to {}", view.run.workspace)),
        Then::Discard => session.say(&format!("{count} discarded")),
        Then::Wait => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn list(session: &Session, all: bool) -> Result<ExitCode, Failure> {
    let runs = session
        .with(async |app, caller| Ok(app.exec().tries(caller, all).await.map_err(AppError::from)?))?;
    let mut table = Table::new(&["id", "started", "who", "command"]);
    let ids: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
    for (run, id) in runs.iter().zip(ids::shortened(&ids)) {
        table.row([
            id.to_owned(),
            run.started.to_string().chars().take(16).collect(),
            run.principal.to_string(),
            run.command.clone(),
        ]);
    }
    session.show_table(&runs, &table, "nothing waits")
}

fn describe(out: &mut dyn Write, session: &Session, view: &TryView) -> std::io::Result<()> {
    for change in &view.waiting.changes {
        let conflict = if change.conflict { session.red(" (changed meanwhile)") } else { String::new() };
        writeln!(out, "{} {}{conflict}", session.yellow(change.what), visible(&change.path))?;
        for line in change.diff.iter().flat_map(|diff| diff.lines()) {
            let text = visible(line);
            let shown = match line.as_bytes().first() {
                Some(b'+') => session.green(&text),
                Some(b'-') => session.red(&text),
                _ => text,
            };
            writeln!(out, "  {shown}")?;
        }
    }
    Ok(())
}
