use crate::edge::{Failure, Session, Table, show_whole, visible};
use clap::Args;
use keep_gate::{ApprovalState, ApprovalView, GoodFor, InboxFilter, Resolution};
use keep_types::{Approval, Id};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// How often `--watch` looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep inbox\n  keep inbox apr_01kak3…  one request, whole, and how it can be answered\n  keep inbox --all --json\n  keep inbox --watch     ring the bell when a request comes"
)]
pub(crate) struct Inbox {
    /// One request, to show whole
    #[arg(conflicts_with_all = ["all", "watch"])]
    id: Option<String>,
    /// Show answered, used and expired requests too
    #[arg(long)]
    all: bool,
    /// Stay, and ring the terminal's bell when a request comes
    #[arg(long, conflicts_with = "all")]
    watch: bool,
}

impl Inbox {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if let Some(id) = &self.id {
            let id = parsed(id)?;
            let view = session.with(async |app, caller| Ok(app.gate().request(caller, id).await?))?;
            return session.show(&view, |out| one(out, &view, session.width()));
        }
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

/// One request with everything that was asked, and the answers it can have.
fn one(out: &mut dyn Write, view: &ApprovalView, width: usize) -> std::io::Result<()> {
    let id = view.id;
    writeln!(out, "{} asks: {}", view.requester, visible(&view.summary))?;
    writeln!(out, "  what   {} in {} (risk {})", view.action, view.namespace, view.risk)?;
    writeln!(out, "  why    {}", visible(&view.reason))?;
    writeln!(out, "  state  {}, until {}", view.state.as_str(), view.expires)?;
    if let Some(note) = &view.note {
        writeln!(out, "  note   {}", visible(note))?;
    }
    show_whole(out, &view.detail, width)?;
    if view.state != ApprovalState::Waiting {
        return Ok(());
    }
    writeln!(out, "\n  once                   keep approve {id}")?;
    match view.once_only() {
        None => writeln!(out, "  for this conversation  keep approve {id} --conversation")?,
        Some(why) => writeln!(out, "  for this conversation  not offered: {why}")?,
    }
    writeln!(out, "  no, and why            keep deny {id} --note WHY")
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
    after_help = "EXAMPLES:\n  keep approve apr_01kak3…\n  keep approve apr_01kak3… --conversation\n\nThe act is shown whole before anything is approved. An approval is good\nonce, for this exact act, for a while; with --conversation it is good for\nthis exact act as often as it comes in the conversation that asked, for\neight hours. `keep deny` takes either back."
)]
pub(crate) struct Approve {
    /// The request, from `keep inbox`
    id: String,
    /// Approve this exact act for as long as the conversation goes on, eight hours at most
    #[arg(long)]
    conversation: bool,
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
        let resolution =
            if self.conversation { Resolution::ApproveForConversation } else { Resolution::Approve };
        answer(session, &self.id, resolution)
    }
}

impl Deny {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        answer(session, &self.id, Resolution::Deny { note: self.note })
    }
}

fn parsed(id: &str) -> Result<Id<Approval>, Failure> {
    id.parse().map_err(|e| Failure::usage(format!("{id:?}: {e}"), "`keep inbox` lists the requests"))
}

fn answer(session: &Session, id: &str, resolution: Resolution) -> Result<ExitCode, Failure> {
    let id = parsed(id)?;
    let view = session.with(async |app, caller| Ok(app.gate().answer(caller, id, resolution).await?))?;
    session.show(&view, |out| describe(out, &view))
}

fn describe(out: &mut dyn Write, view: &ApprovalView) -> std::io::Result<()> {
    write!(out, "{} {}: {}", view.id, view.state.as_str(), visible(&view.summary))?;
    match (view.state, view.good_for) {
        (ApprovalState::Approved, GoodFor::Once) => writeln!(out, " (good once, until {})", view.expires),
        (ApprovalState::Approved, GoodFor::Conversation) => {
            writeln!(out, " (good in the conversation that asked, until {})", view.expires)
        }
        _ => writeln!(out),
    }
}
