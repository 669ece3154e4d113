//! `keep connect` and `keep disconnect`: an agent's own settings, shown before they change.

mod bond;
mod files;

use crate::edge::{Answered, Failure, Session, program, visible};
use bond::{Bond, Token};
use clap::{Args, ValueEnum};
use files::Planned;
use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};
use keep_server::connect::{Agent, Entry, Standing};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Named {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
    /// GitHub Copilot CLI
    Copilot,
    /// Cursor
    Cursor,
    /// Gemini CLI
    Gemini,
    /// opencode
    #[value(name = "opencode")]
    OpenCode,
    /// VS Code
    #[value(name = "vscode")]
    VsCode,
    /// Windsurf
    Windsurf,
    /// Zed
    Zed,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep connect claude\n  keep connect cursor --print     only say what would stand where\n\nThe agent gets a token of its own, for this project. Its settings are shown as they will be before they are written; `keep disconnect` takes out again what this put in."
)]
pub(crate) struct Connect {
    /// Which agent
    agent: Named,
    /// Only print what would be written; no token is made
    #[arg(long)]
    print: bool,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep disconnect claude")]
pub(crate) struct Disconnect {
    /// Which agent
    agent: Named,
}

impl From<Named> for Agent {
    fn from(named: Named) -> Self {
        match named {
            Named::Claude => Self::Claude,
            Named::Codex => Self::Codex,
            Named::Copilot => Self::Copilot,
            Named::Cursor => Self::Cursor,
            Named::Gemini => Self::Gemini,
            Named::OpenCode => Self::OpenCode,
            Named::VsCode => Self::VsCode,
            Named::Windsurf => Self::Windsurf,
            Named::Zed => Self::Zed,
        }
    }
}

impl Connect {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let bond = Bond::find(session, self.agent.into(), self.print)?;
        let entry = Entry {
            program: text(&program()?)?,
            home: session.home().as_deref().map(text).transpose()?,
            token_file: text(&bond.token_file)?,
        };
        let plan = bond.plan(|file, before| file.connected(before, &entry).map(Some))?;
        if self.print {
            return show(session, &plan);
        }
        if let Token::Good(view) = &bond.token
            && !plan.iter().any(Planned::changes)
        {
            return bond.connected_already(session, view);
        }
        if !session.is_json() {
            show(session, &plan)?;
        }
        bond.warn(session, &plan);
        let hint = "`--print` only shows what would be written";
        if session.confirm("Write this?", hint)? != Answered::Yes {
            return Err(Failure::Declined("nothing was written".into()));
        }
        let view = bond.renewed(session)?;
        if let Err(failure) = plan.iter().try_for_each(Planned::carry_out) {
            // A token that nothing names is a door that nobody watches.
            if !matches!(bond.token, Token::Good(_)) {
                bond.forget(session, Some(&view))?;
            }
            return Err(failure);
        }
        bond.connected(session, &plan, &view)
    }
}

impl Disconnect {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let bond = Bond::find(session, self.agent.into(), false)?;
        let token_file = text(&bond.token_file)?;
        let plan = bond.plan(|file, before| match before {
            "" => Ok(None),
            text => file.disconnected(text, &token_file),
        })?;
        let (name, root) = (bond.agent.name(), bond.root.display());
        for other in plan.iter().filter(|one| one.standing == Standing::Another) {
            session.say(&format!("{} names another server `keep`, which stays", other.path.display()));
        }
        let was = plan.iter().any(Planned::changes) || !matches!(bond.token, Token::None);
        let revoked = match &bond.token {
            Token::None => false,
            Token::Good(view) | Token::Ending(Some(view)) => bond.forget(session, Some(view))?,
            Token::Ending(None) => bond.forget(session, None)?,
        };
        plan.iter().try_for_each(Planned::carry_out)?;
        bond.tidy(&plan);
        let said = match (was, revoked) {
            (false, _) => format!("{name} was not connected in {root}; nothing changed"),
            (true, true) => format!("{name} is disconnected from {root}, and its token revoked"),
            (true, false) => {
                format!("{name} is disconnected from {root}; it had no token that is known here")
            }
        };
        session.show(
            &json!({ "agent": name, "project": bond.project, "was_connected": was, "revoked": revoked }),
            |out| writeln!(out, "{}", visible(&said)),
        )
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    let said = path.to_str().map(str::to_owned);
    said.ok_or_else(|| Failure::usage("a path is not valid Unicode", "agents' settings are text"))
}

fn show(session: &Session, plan: &[Planned]) -> Result<ExitCode, Failure> {
    let view: Vec<_> = plan.iter().map(|one| json!({ "file": one.path, "text": one.after })).collect();
    session.show(&view, |out| {
        for one in plan {
            let verb = match (&one.before, &one.after) {
                (None, Some(_)) => "new",
                (Some(_), None) => "removed",
                (before, after) if before == after => "unchanged",
                _ => "changed",
            };
            writeln!(out, "{} ({verb})", visible(&one.path.display().to_string()))?;
            let (old, new) =
                (one.before.as_deref().unwrap_or_default(), one.after.as_deref().unwrap_or_default());
            for line in difference(old, new).lines() {
                writeln!(out, "{}", visible(line))?;
            }
        }
        Ok(())
    })
}

/// The lines that differ, with some around them.
fn difference(old: &str, new: &str) -> String {
    let input = InternedInput::new(old, new);
    let mut found = Diff::compute(Algorithm::Histogram, &input);
    found.postprocess_lines(&input);
    let printer = BasicLineDiffPrinter(&input.interner);
    let hunks = found.unified_diff(&printer, UnifiedDiffConfig::default(), &input).to_string();
    hunks.lines().filter(|line| !line.starts_with("@@ ")).map(|line| format!("{line}\n")).collect()
}
