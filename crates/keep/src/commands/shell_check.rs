use crate::edge::{Failure, Session, visible};
use clap::Args;
use keep_app::words::Decision;
use keep_app::{Profile, ShellCheck, ShellView};
use keep_types::{ErrorKind, Principal};
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep shell-check 'git push --force && rm -rf build'\n  keep shell-check --as agent:claude --profile network 'curl https://example.org'\n  echo 'make test' | keep shell-check -\n\nNothing runs. Exits with 0 when it would run unasked, 8 when a person would be asked,\n3 when it would be denied."
)]
pub(crate) struct ShellCheckWords {
    /// The command line, as one word; - reads it from standard input
    command: String,
    /// Judge it for this principal instead of you
    #[arg(long = "as", value_name = "WHO")]
    principal: Option<Principal>,
    /// Judge it under this profile: read-only, workspace, network, full-trust
    #[arg(long)]
    profile: Option<Profile>,
    /// Show the rule that would let it run unasked, for a rule file
    #[arg(long)]
    rule: bool,
}

/// More than any analysis reads; the rest only has to be noticed.
const MOST_BYTES: u64 = 1 << 20;

impl ShellCheckWords {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let command = if self.command == "-" { from_stdin()? } else { self.command };
        let wanted = ShellCheck { command, principal: self.principal, profile: self.profile };
        let view = session.with(async |app, caller| Ok(app.shell_check(caller, wanted)?))?;
        session.show(&view, |out| describe(out, session, &view, self.rule))?;
        Ok(match view.ruling.decision {
            Decision::Allow => ExitCode::SUCCESS,
            Decision::Ask => ExitCode::from(ErrorKind::Pending.exit_code()),
            Decision::Deny => ExitCode::from(ErrorKind::Denied.exit_code()),
        })
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(std::io::stdin().lock(), MOST_BYTES), &mut text)
        .map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
    Ok(text.trim_end_matches('\n').to_owned())
}

fn describe(
    out: &mut dyn Write,
    session: &Session,
    view: &ShellView,
    show_rule: bool,
) -> std::io::Result<()> {
    let decision = |decision: Decision| match decision {
        Decision::Allow => session.green("allow"),
        Decision::Ask => session.yellow("ask"),
        Decision::Deny => session.red("deny"),
    };
    let ruling = &view.ruling;
    session.hang(out, &format!("{}: ", decision(ruling.decision)), 6, &ruling.reason)?;
    writeln!(out, "  for {} under the profile {}, by {}", view.principal, view.profile, ruling.rule)?;
    writeln!(out, "  risk {}", view.analysis.risk)?;
    for reason in &view.analysis.reasons {
        session.hang(out, &format!("    {:8}  ", reason.risk.as_str()), 14, &reason.text)?;
    }
    for part in &ruling.parts {
        if part.command.is_empty() {
            continue;
        }
        let (word, by) = (decision(part.decision), &part.rule.id);
        session.hang(out, &format!("  runs {} ", visible(&part.command)), 7, &format!("→ {word} ({by})"))?;
    }
    match (&view.rule, show_rule) {
        (Some(rule), true) => write!(out, "\n{rule}")?,
        (None, true) => writeln!(out, "no rule can let it run unasked")?,
        (Some(_), false) => session.say("--rule shows what would let it run unasked"),
        (None, false) => {}
    }
    Ok(())
}
