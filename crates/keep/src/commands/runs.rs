use crate::edge::{Failure, Session, Table, ids, size, visible};
use clap::{Args, Subcommand};
use keep_app::AppError;
use keep_exec::{Copy, RunView, State};
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "EXAMPLES:\n  keep runs                    what ran here, the newest first\n  keep runs --all --limit 50   everywhere that you may look\n  keep runs show run_01k…      one run whole, with what it said\n  keep runs caches             what package managers keep for runs of each project\n  keep runs forget-caches      removes that of this project"
)]
pub(crate) struct Runs {
    #[command(subcommand)]
    what: Option<What>,
    /// Runs of every namespace that you may see
    #[arg(long)]
    all: bool,
    /// How many at most
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

#[derive(Subcommand)]
enum What {
    /// Show one run whole, with what it said
    #[command(after_help = "EXAMPLES:\n  keep runs show run_01k…")]
    Show {
        /// Its id, or the beginning of it
        id: String,
    },
    /// How much package managers and build tools keep for runs, project by project
    #[command(after_help = "EXAMPLES:\n  keep runs caches")]
    Caches,
    /// Remove what they keep for runs of the project that you are in
    #[command(after_help = "EXAMPLES:\n  keep runs forget-caches")]
    ForgetCaches,
}

impl Runs {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        match self.what {
            Some(What::Show { id }) => return show(session, &id),
            Some(What::Caches) => return caches(session),
            Some(What::ForgetCaches) => return forget_caches(session),
            None => {}
        }
        let runs = session.with(async |app, caller| {
            Ok(app.exec().runs(caller, self.all, self.limit).await.map_err(AppError::from)?)
        })?;
        session.show_table(&runs, &table(&runs), "nothing has run here yet")
    }
}

fn show(session: &Session, id: &str) -> Result<ExitCode, Failure> {
    let view =
        session.with(async |app, caller| Ok(app.exec().look(caller, id).await.map_err(AppError::from)?))?;
    session.show(&view, |out| describe(out, session, &view))
}

fn caches(session: &Session) -> Result<ExitCode, Failure> {
    let found =
        session.with(async |app, caller| Ok(app.exec().caches(caller).await.map_err(AppError::from)?))?;
    let mut table = Table::new(&["size", "project"]);
    for one in &found {
        table.row([size(one.bytes), one.workspace.display().to_string()]);
    }
    session.show_table(&found, &table, "no run has caches yet")
}

fn forget_caches(session: &Session) -> Result<ExitCode, Failure> {
    let all = session.with(async |app, caller| {
        let workspace = app.workspace()?;
        Ok(app.exec().forget_caches(caller, &workspace).await.map_err(AppError::from)?)
    })?;
    let said = if all { "they are gone" } else { "runs use some of them; what was free is gone" };
    session.show(&serde_json::json!({ "all": all }), |out| writeln!(out, "{said}"))
}

fn table(runs: &[RunView]) -> Table {
    let mut table = Table::new(&["id", "started", "who", "how it ended", "command"]);
    let ids: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
    for (run, id) in runs.iter().zip(ids::shortened(&ids)) {
        // To the minute: what ran is looked for, not when to the millisecond.
        let started: String = run.started.to_string().chars().take(16).collect();
        table.row([id.to_owned(), started, run.principal.to_string(), ended(run), run.command.clone()]);
    }
    table
}

fn ended(run: &RunView) -> String {
    let by = run.ended_by.as_deref().filter(|by| *by != "itself");
    match (run.state, run.code, run.signal, by) {
        (State::Ended, _, _, Some(by)) => format!("by {by}"),
        (State::Ended, Some(code), _, _) => code.to_string(),
        (State::Ended, None, Some(signal), _) => format!("signal {signal}"),
        (state, ..) => state.as_str().to_owned(),
    }
}

fn describe(out: &mut dyn Write, session: &Session, run: &RunView) -> std::io::Result<()> {
    session.hang(out, "command    ", 11, &visible(&run.command))?;
    writeln!(out, "run        {} for {} in {}", run.id, run.principal, run.namespace)?;
    session.hang(out, "folder     ", 11, &visible(&run.folder))?;
    if let Some(repeated) = &run.repeats {
        writeln!(out, "repeats    {repeated}")?;
    }
    let asked = if run.decision == "ask" { "a person was asked" } else { "nobody was asked" };
    writeln!(out, "ruled by   {} ({asked}; risk {})", run.rule, run.risk)?;
    writeln!(out, "confined   {} by {}", run.profile, run.tier)?;
    for (name, variable) in &run.secrets {
        writeln!(out, "secret     {name} in {variable}")?;
    }
    writeln!(out, "started    {}", run.started)?;
    let at = run.ended.map_or_else(String::new, |at| format!(" at {at}"));
    writeln!(out, "ended      {}{at}", ended(run))?;
    if let Some(why) = &run.why {
        session.hang(out, "why        ", 11, &visible(why))?;
    }
    if let (Some(user), Some(system), Some(largest)) = (run.user_us, run.system_us, run.largest_bytes) {
        let ms = (user + system) / 1_000;
        writeln!(out, "used       {ms} ms of processor time, {} in its largest process", size(largest))?;
    }
    said(out, "output", &run.output)?;
    said(out, "errors", &run.errors)
}

fn said(out: &mut dyn Write, name: &str, copy: &Copy) -> std::io::Result<()> {
    if copy.bytes == 0 {
        return Ok(());
    }
    writeln!(out, "\n{name} ({}):", size(copy.bytes))?;
    let text = String::from_utf8_lossy(&copy.kept);
    text.lines().try_for_each(|line| writeln!(out, "{}", visible(line)))
}
