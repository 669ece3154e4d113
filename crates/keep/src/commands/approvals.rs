use crate::edge::{Failure, Session, Table, visible};
use clap::Args;
use keep_gate::{ApprovalState, ApprovalView, InboxFilter, Resolution};
use keep_types::{Approval, Id};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// How often `--watch` looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep inbox\n  keep inbox --all --json\n  keep inbox --watch     ring the bell when a request comes"
)]
pub(crate) struct Inbox {
    /// Show answered, used and expired requests too
    #[arg(long)]
    all: bool,
    /// Stay, and ring the terminal's bell when a request comes
    #[arg(long, conflicts_with = "all")]
    watch: bool,
}

impl Inbox {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let which = if self.all { InboxFilter::All } else { InboxFilter::Waiting };
        if self.watch {
            return watch(session);
        }
        let views = session.with(async |app, caller| Ok(app.gate().inbox(caller, which).await?))?;
        session.show_table(&views, &table(&views), "nothing waits")
    }
}

fn table(views: &[ApprovalView]) -> Table {
    let mut table = Table::new(&["id", "state", "risk", "who", "what"]);
    for view in views {
        table.row([
            &view.id.to_string(),
            view.state.as_str(),
            view.risk.as_str(),
            &view.requester.to_string(),
            &view.summary,
        ]);
    }
    table
}

/// Shows each request once as it comes, until Ctrl-C.
fn watch(session: &Session) -> Result<ExitCode, Failure> {
    session.say("watching; Ctrl-C ends it");
    let mut seen = Vec::new();
    session.with(async |app, caller| {
        loop {
            for view in app.gate().inbox(caller, InboxFilter::Waiting).await? {
                if seen.contains(&view.id) {
                    continue;
                }
                seen.push(view.id);
                session.show(&view, |out| {
                    let bell = if session.shows_progress() { "\x07" } else { "" };
                    let (risk, who) = (view.risk, &view.requester);
                    writeln!(out, "{bell}{}  {risk}  {who}  {}", view.id, visible(&view.summary))
                })?;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    })
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep approve apr_01kak3…\n\nThe act is shown whole before anything is approved. An approval is good\nonce, for this exact act, for a while."
)]
pub(crate) struct Approve {
    /// The request, from `keep inbox`
    id: String,
}

#[derive(Args)]
#[command(after_help = "EXAMPLES:\n  keep deny apr_01kak3… --note \"use the staging database\"")]
pub(crate) struct Deny {
    /// The request, from `keep inbox`
    id: String,
    /// What the requester is told
    #[arg(long)]
    note: Option<String>,
}

impl Approve {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        answer(session, &self.id, Resolution::Approve)
    }
}

impl Deny {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        answer(session, &self.id, Resolution::Deny { note: self.note })
    }
}

fn answer(session: &Session, id: &str, resolution: Resolution) -> Result<ExitCode, Failure> {
    let id: Id<Approval> =
        id.parse().map_err(|e| Failure::usage(format!("{id:?}: {e}"), "`keep inbox` lists the requests"))?;
    let view = session.with(async |app, caller| Ok(app.gate().answer(caller, id, resolution).await?))?;
    session.show(&view, |out| describe(out, &view))
}

fn describe(out: &mut dyn Write, view: &ApprovalView) -> std::io::Result<()> {
    write!(out, "{} {}: {}", view.id, view.state.as_str(), visible(&view.summary))?;
    match view.state {
        ApprovalState::Approved => writeln!(out, " (good once, until {})", view.expires),
        _ => writeln!(out),
    }
}
