use crate::edge::{Failure, Session, visible};
use clap::Args;
use keep_app::{ExposureReport, HookChange};
use keep_vault::hook::HookState;
use keep_vault::{Exposure, Missed, Scope, What};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret check            what git tracks here\n  keep secret check --all      untracked .env and .age files, too\n\nFinds age files, identities, .env files with real values, and every value that the vault knows, in any encoding. Exits with 3 when something is found. git is never run."
)]
pub(super) struct Check {
    /// Untracked files with suspicious names, too
    #[arg(short, long)]
    all: bool,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep secret guard            install the pre-commit hook here\n  keep secret guard --remove"
)]
pub(super) struct Guard {
    /// Take the hook away again
    #[arg(long)]
    remove: bool,
}

/// The exit code of a refusal.
const FOUND: u8 = 3;

impl Check {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let here = here()?;
        let scope = if self.all { Scope::All } else { Scope::Tracked };
        // Git names the index of the commit to come to its hooks.
        let index = std::env::var_os("GIT_INDEX_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
        let report = session.with(async |app, _| Ok(app.exposures(&here, scope, index.as_deref())?))?;
        let Some(report) = report else {
            return Err(Failure::usage("this folder lies in no repository", "a repository has a .git"));
        };
        session.show(&report, |out| describe(out, session, &report))?;
        let found = report.found.iter().any(|one| !matches!(one.what, What::NotLooked { .. }));
        Ok(if found { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
    }
}

fn describe(out: &mut dyn Write, session: &Session, report: &ExposureReport) -> std::io::Result<()> {
    for one in &report.found {
        let place = match one.line {
            Some(line) => format!("{}:{line}", visible(&one.path.display().to_string())),
            None => visible(&one.path.display().to_string()),
        };
        let tracked = if one.tracked { "" } else { " (not tracked)" };
        let mark =
            if matches!(one.what, What::NotLooked { .. }) { session.yellow("?") } else { session.red("!") };
        writeln!(out, "{mark} {place}: {}{tracked}", words(one))?;
    }
    if let Some(why) = &report.values_unknown {
        writeln!(
            out,
            "{} the vault's own values were not looked for: {}",
            session.yellow("?"),
            visible(why)
        )?;
    }
    if report.found.is_empty() {
        writeln!(out, "no secrets found in {}", visible(&report.root.display().to_string()))?;
    }
    Ok(())
}

/// What was found, in words.
fn words(one: &Exposure) -> String {
    match &one.what {
        What::AgeFile => "an encrypted file, which a leaked key opens for ever".into(),
        What::Identity => "a private key of age".into(),
        What::Token => "a token of Keep's, which lets in whoever has it".into(),
        What::EnvFile { name } => format!("a value of {name}; `keep secret import` takes it over"),
        What::KnownValue { label } => format!("the value of the secret {label}"),
        What::StagedDiffers => "what is staged is not what lies there; stage it again".into(),
        What::NotLooked { why } => match why {
            Missed::TooLarge => "not looked at: too large".into(),
            Missed::Unreadable => "not looked at: it cannot be read".into(),
            Missed::NotDotenv => "not understood as a .env file".into(),
            Missed::TooManyEntries => "too many files to look for untracked ones".into(),
            Missed::TooDeep => "folders too deep to look for untracked files".into(),
            _ => "not looked at wholly".into(),
        },
        _ => "something that does not belong there".into(),
    }
}

impl Guard {
    pub(super) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let here = here()?;
        let program = std::env::current_exe()
            .map_err(|e| Failure::file("finding the program", std::path::Path::new("keep"), e))?;
        let change = if self.remove { HookChange::Remove } else { HookChange::Install };
        let state =
            session.with(async |app, caller| Ok(app.change_hook(caller, &here, program, change).await?))?;
        let text = match state {
            HookState::Installed => "git looks for secrets before each commit here",
            _ => "git does not look for secrets here",
        };
        session.show(&json!({ "hook": state }), |out| writeln!(out, "{text}"))
    }
}

fn here() -> Result<std::path::PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|e| Failure::file("finding the working folder", std::path::Path::new("."), e))
}
