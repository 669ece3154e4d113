use super::{Named, Several};
use crate::edge::{Failure, Session, Table, visible};
use clap::Args;
use keep_vault::{SecretView, Used, VersionView, Which};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret get DATABASE_URL              what is said of it\n  keep secret get DATABASE_URL --reveal     its value, at your own terminal\n  keep secret get DATABASE_URL --reveal --earlier 2"
)]
pub(super) struct Get {
    #[command(flatten)]
    named: Named,
    /// Show the value; only at a terminal of your own, and confirmed
    #[arg(long)]
    reveal: bool,
    /// An earlier value by its number, from `keep secret history`
    #[arg(long, requires = "reveal", value_name = "NUMBER")]
    earlier: Option<u32>,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret list\n  keep secret list --all --usage\n  keep secret list --profile production --json"
)]
pub(super) struct List {
    #[command(flatten)]
    several: Several,
    /// Say how each was used, from the ledger
    #[arg(short, long)]
    usage: bool,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep secret history DATABASE_URL")]
pub(super) struct History {
    #[command(flatten)]
    named: Named,
}

impl Get {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (named, version) = (self.named, self.earlier);
        if !self.reveal {
            let view = session.with(async |app, caller| {
                let key = named.find(app, caller).await?;
                let which = Which {
                    name: Some(key.name.clone()),
                    profile: Some(key.profile.clone()),
                    namespace: Some(key.namespace.clone()),
                    everywhere: false,
                };
                let mut found = app.vault().list_with_usage(caller, &which).await?;
                found.pop().ok_or(keep_vault::VaultError::NoSuchSecret(Box::new(key)).into())
            })?;
            return session.show(&view, |out| describe(out, &view));
        }
        if session.is_json() || !std::io::stdout().is_terminal() {
            return Err(Failure::usage(
                "a value is shown at a terminal only, never to a pipe or file",
                "`keep secret export --recipient age1…` hands it on encrypted",
            ));
        }
        let value = session.with(async |app, caller| {
            let key = named.find(app, caller).await?;
            Ok(app.vault().reveal(caller, key, version).await?)
        })?;
        let mut out = std::io::stdout().lock();
        out.write_all(value.reveal())?;
        out.write_all(b"\n")?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn describe(out: &mut dyn Write, used: &Used) -> std::io::Result<()> {
    let view = &used.view;
    let or_never = |at: Option<String>| at.unwrap_or_else(|| "never".into());
    writeln!(out, "name      {}", view.name)?;
    writeln!(out, "where     {}, profile {}", view.namespace, view.profile)?;
    writeln!(
        out,
        "version   {}, made {} by {} ({})",
        view.version,
        view.changed,
        view.changed_by,
        view.source.as_str()
    )?;
    writeln!(out, "expires   {}", or_never(view.expires.map(|at| at.to_string())))?;
    writeln!(out, "rotate    {}", or_never(view.rotation_due.map(|at| at.to_string())))?;
    match &used.usage {
        Some(usage) => {
            let (last, by, program) = (usage.last, &usage.last_by, visible(&usage.last_program));
            writeln!(out, "used      {} times, last {last} by {by} for {program}", usage.count)?;
        }
        None => writeln!(out, "used      never, as far as the ledger knows")?,
    }
    if !view.note.is_empty() {
        writeln!(out, "note      {}", visible(&view.note))?;
    }
    Ok(())
}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let which = self.several.which();
        if self.usage {
            let all =
                session.with(async |app, caller| Ok(app.vault().list_with_usage(caller, &which).await?))?;
            return session.show_table(&all, &usage_table(&all), EMPTY);
        }
        let all = session.with(async |app, caller| Ok(app.vault().list(caller, &which).await?))?;
        session.show_table(&all, &table(&all), EMPTY)
    }
}

const EMPTY: &str = "no secrets here; `keep secret set NAME` stores one, --all looks everywhere";

fn table(all: &[SecretView]) -> Table {
    let mut table = Table::new(&["name", "where", "profile", "version", "changed", "wants", "note"]);
    for view in all {
        table.row([
            view.name.to_string(),
            view.namespace.to_string(),
            view.profile.to_string(),
            view.version.to_string(),
            day(&view.changed.to_string()),
            wants(view),
            view.note.clone(),
        ]);
    }
    table
}

fn usage_table(all: &[Used]) -> Table {
    let mut table = Table::new(&["name", "where", "profile", "uses", "last", "by", "program"]);
    for Used { view, usage } in all {
        let (count, last, by, program) = match usage {
            Some(usage) => (
                usage.count.to_string(),
                day(&usage.last.to_string()),
                usage.last_by.to_string(),
                usage.last_program.clone(),
            ),
            None => ("0".into(), "never".into(), String::new(), String::new()),
        };
        table.row([
            view.name.to_string(),
            view.namespace.to_string(),
            view.profile.to_string(),
            count,
            last,
            by,
            program,
        ]);
    }
    table
}

/// What is to be done about a secret, in a word.
fn wants(view: &SecretView) -> String {
    match (view.expired, view.expires, view.rotation_due) {
        (true, _, _) => "expired".into(),
        (false, Some(end), Some(due)) if end <= due => format!("expires {}", day(&end.to_string())),
        (false, _, Some(due)) => format!("rotate {}", day(&due.to_string())),
        (false, Some(end), None) => format!("expires {}", day(&end.to_string())),
        (false, None, None) => String::new(),
    }
}

/// The day of a moment.
pub(super) fn day(moment: &str) -> String {
    moment.split('T').next().unwrap_or(moment).to_owned()
}

impl History {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let named = self.named;
        let versions = session.with(async |app, caller| {
            let key = named.find(app, caller).await?;
            Ok(app.vault().history(caller, &key).await?)
        })?;
        session.show_table(&versions, &history_table(&versions), "no versions")
    }
}

fn history_table(versions: &[VersionView]) -> Table {
    let mut table = Table::new(&["version", "made", "by", "source", ""]);
    for version in versions {
        table.row([
            version.version.to_string(),
            version.made.to_string(),
            version.by.to_string(),
            version.source.as_str().to_owned(),
            if version.current { "in force".to_owned() } else { String::new() },
        ]);
    }
    table
}
