use crate::edge::{Failure, Session, visible};
use clap::Args;
use keep_app::words::Decision;
use keep_app::{Profile, ShellCheck, ShellView};
use keep_types::{ErrorKind, Principal};
use std::io::Write;
use std::process::ExitCode;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep shell-check 'git push --force && rm -rf build'\n  keep shell-check --as agent:claude --profile network 'curl https://example.org'\n  echo 'make test' | keep shell-check -\n  keep shell-check --ask 'git push'    try what an approval is like\n\nNothing runs. Exits with 0 when it would run unasked, 8 when a person would be asked, 3 when it would be denied."
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
    /// Where policy asks, ask a person as running it would; nothing runs, but the answer is recorded
    #[arg(long, conflicts_with_all = ["principal", "rule"])]
    ask: bool,
}

/// More than any analysis reads; the rest only has to be noticed.
const MOST_BYTES: u64 = 1 << 20;

impl ShellCheckWords {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let command = if self.command == "-" { from_stdin()? } else { self.command };
        if self.ask {
            return ask(session, command, self.profile);
        }
        let wanted = ShellCheck { command, principal: self.principal, profile: self.profile };
        let view = session.with(async |app, caller| Ok(app.shell_check(caller, wanted)?))?;
        session.show(&view, |out| describe(out, session, &view, self.rule))?;
        Ok(exit_of(view.ruling.decision))
    }
}

fn exit_of(decision: Decision) -> ExitCode {
    match decision {
        Decision::Allow => ExitCode::SUCCESS,
        Decision::Ask => ExitCode::from(ErrorKind::Pending.exit_code()),
        Decision::Deny => ExitCode::from(ErrorKind::Denied.exit_code()),
    }
}

/// The way of an approval, for a command that nothing runs.
fn ask(session: &Session, command: String, profile: Option<Profile>) -> Result<ExitCode, Failure> {
    let asked = session.with(async |app, caller| Ok(app.shell_ask(caller, command, profile).await?))?;
    let view = &asked.view;
    let shown = session.show(&asked, |out| {
        if asked.approved {
            let command = visible(&view.command);
            return session.hang(out, "approved: ", 10, &format!("{command} (nothing was run)"));
        }
        describe(out, session, view, false)?;
        writeln!(out, "nobody was asked, and nothing was run")
    })?;
    Ok(if asked.approved { shown } else { exit_of(view.ruling.decision) })
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
        let (word, by) = (part.decision.as_str(), &part.rule.id);
        session.hang(out, &format!("  runs {} ", visible(&part.command)), 7, &format!("→ {word} ({by})"))?;
    }
    match (&view.rule, show_rule) {
        (Some(rule), true) => writeln!(out, "\n{rule}")?,
        (None, true) => match &view.no_rule {
            Some(why) => session.hang(out, "", 2, &format!("no rule can let it run unasked: {why}"))?,
            None => writeln!(out, "no rule is needed, or none would help")?,
        },
        (Some(_), false) => session.say("--rule shows what would let it run unasked"),
        (None, false) => {}
    }
    Ok(())
}
