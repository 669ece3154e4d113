use crate::edge::{Failure, Session, Table, hang, ids, show_whole, visible};
use clap::Args;
use keep_app::App;
use keep_gate::{ApprovalState, ApprovalView, GoodFor, InboxFilter, Resolution};
use keep_types::{Approval, Caller, Id, RuleOffer};
use serde_json::json;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

/// The answer with the longest name.
const CONVERSATION: &str = "for this conversation";
/// How often `--watch` looks.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep inbox\n  keep inbox apr_01kak3…  one request, whole, and how it can be answered\n  keep inbox --all --json\n  keep inbox --watch     ring the bell when a request comes"
)]
pub(crate) struct Inbox {
    /// One request, to show whole: its id, or the beginning of it
    #[arg(conflicts_with_all = ["all", "watch"])]
    id: Option<String>,
    /// Show answered, used, withdrawn and expired requests too
    #[arg(long)]
    all: bool,
    /// Stay, and ring the terminal's bell when a request comes
    #[arg(long, conflicts_with = "all")]
    watch: bool,
}

impl Inbox {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if let Some(id) = &self.id {
            let view = session.with(async |app, caller| {
                let id = named(app, caller, id).await?;
                Ok(app.gate().request(caller, id).await?)
            })?;
            return session.show(&view, |out| one(out, &view, session.width()));
        }
        let which = if self.all { InboxFilter::All } else { InboxFilter::Waiting };
        if self.watch {
            return watch(session);
        }
        let views = session.with(async |app, caller| Ok(app.gate().inbox(caller, which).await?))?;
        session.show_table(&views, &table(&views, which), "nothing waits")
    }
}

fn table(views: &[ApprovalView], which: InboxFilter) -> Table {
    let ids: Vec<String> = views.iter().map(|view| view.id.to_string()).collect();
    let mut table = Table::new(&cells(which, ["id", "state", "risk", "who", "what"]));
    for (view, id) in views.iter().zip(ids::shortened(&ids)) {
        let who = view.requester.to_string();
        table.row(cells(which, [id, view.state.as_str(), view.risk.as_str(), &who, &view.summary]));
    }
    table
}

/// Where all of them wait, no column says so.
fn cells(which: InboxFilter, [id, state, risk, who, what]: [&str; 5]) -> Vec<&str> {
    match which {
        InboxFilter::Waiting => vec![id, risk, who, what],
        InboxFilter::All => vec![id, state, risk, who, what],
    }
}

/// One request with everything that was asked, and the answers it can have.
fn one(out: &mut dyn Write, view: &ApprovalView, width: usize) -> std::io::Result<()> {
    hang(out, "", 2, &format!("{} asks: {}", view.requester, view.summary), width)?;
    writeln!(out, "  what   {} in {} (risk {})", view.action, view.namespace, view.risk)?;
    hang(out, "  why    ", 9, &view.reason, width)?;
    writeln!(out, "  state  {}, until {}", view.state.as_str(), view.expires)?;
    if let Some(note) = &view.note {
        hang(out, "  note   ", 9, note, width)?;
    }
    if let Some(text) = &view.suggestion {
        writeln!(out, "  suggested instead")?;
        show_whole(out, &json!({ "text": text }), width)?;
    }
    show_whole(out, &view.detail, width)?;
    if view.state != ApprovalState::Waiting {
        return Ok(());
    }
    if let RuleOffer::Rule { text, covers } = &view.offers.rule {
        writeln!(out, "\nA rule could cover it:")?;
        hang(out, "  ", 2, covers, width)?;
        show_whole(out, &json!({ "rule": text }), width)?;
    }
    writeln!(out)?;
    answers(view).iter().try_for_each(|(what, how)| put(out, what, how, width))
}

/// The answers that a request can have, each with the words for it, or why it cannot have it.
fn answers(view: &ApprovalView) -> Vec<(&'static str, String)> {
    let whole = view.id.to_string();
    let id = ids::short(&whole);
    let mut answers = vec![("once", format!("keep approve {id}"))];
    answers.push(match view.once_only() {
        None => (CONVERSATION, format!("keep approve {id} --conversation")),
        Some(why) => (CONVERSATION, format!("not offered: {why}")),
    });
    match &view.offers.rule {
        RuleOffer::None => {}
        RuleOffer::Rule { .. } => answers.push(("once, and the rule", format!("keep approve {id} --rule"))),
        RuleOffer::Unsuitable(why) => answers.push(("a rule", format!("not offered: {why}"))),
    }
    if view.offers.edit.is_some() {
        answers.push(("another text instead", format!("keep deny {id} --suggest TEXT")));
    }
    answers.push(("no, and why", format!("keep deny {id} --note WHY")));
    answers
}

/// One answer: beside its name where there is room, else below it, so that a command can be copied whole.
fn put(out: &mut dyn Write, what: &str, how: &str, width: usize) -> std::io::Result<()> {
    let column = CONVERSATION.len() + 4;
    if column + how.chars().count() <= width {
        return writeln!(out, "  {what:0$}  {how}", CONVERSATION.len());
    }
    writeln!(out, "  {what}")?;
    hang(out, "    ", 4, how, width)
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
    after_help = "EXAMPLES:\n  keep approve apr_01kak3…\n  keep approve apr_01kak3… --conversation\n  keep approve apr_01kak3… --rule\n\nThe act is shown whole before anything is approved. An approval is good once, for this exact act, for a while; with --conversation it is good for this exact act as often as it comes in the conversation that asked, for eight hours. `keep deny` takes either back.\n\n--rule approves once and saves the rule that would cover such acts, in rules/commands.toml beside your settings; the rule and the file are shown first. A new rule makes a new policy, so other requests are asked anew."
)]
pub(crate) struct Approve {
    /// The request, from `keep inbox`: its id, or the beginning of it
    id: String,
    /// Approve this exact act for as long as the conversation goes on, eight hours at most
    #[arg(long)]
    conversation: bool,
    /// Approve once, and save the rule that would let such acts happen unasked
    #[arg(long, conflicts_with = "conversation")]
    rule: bool,
}

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep deny apr_01kak3… --note \"use the staging database\"\n  keep deny apr_01kak3… --suggest \"git push origin topic\"\n\nA suggestion is no approval: the requester is told of it, and what it asks for then is looked at like anything else."
)]
pub(crate) struct Deny {
    /// The request, from `keep inbox`: its id, or the beginning of it
    id: String,
    /// What the requester is told
    #[arg(long)]
    note: Option<String>,
    /// What you would rather see asked for, in the place of the command
    #[arg(long, value_name = "TEXT", conflicts_with = "note")]
    suggest: Option<String>,
}

impl Approve {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        if self.rule {
            return with_rule(session, &self.id);
        }
        let resolution =
            if self.conversation { Resolution::ApproveForConversation } else { Resolution::Approve };
        answer(session, &self.id, resolution)
    }
}

impl Deny {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let resolution = match self.suggest {
            Some(text) => Resolution::Suggest { text },
            None => Resolution::Deny { note: self.note },
        };
        answer(session, &self.id, resolution)
    }
}

fn with_rule(session: &Session, id: &str) -> Result<ExitCode, Failure> {
    let (view, saved) = session.with(async |app, caller| {
        let id = named(app, caller, id).await?;
        Ok(app.gate().answer_with_rule(caller, id).await?)
    })?;
    let file = saved.file.display().to_string();
    session.show(&json!({ "request": view, "file": file, "rule": saved.text }), |out| {
        describe(out, &view)?;
        writeln!(out, "the rule stands in {}", visible(&file))
    })
}

/// The request of this id, or of the one id that begins so. What is approved is shown whole first, whichever it is.
async fn named(app: &App, caller: &Caller, typed: &str) -> Result<Id<Approval>, Failure> {
    let parsed = |id: &str| -> Result<Id<Approval>, Failure> {
        id.parse().map_err(|e| Failure::usage(format!("{id:?}: {e}"), "`keep inbox` lists the requests"))
    };
    let whole = parsed(typed);
    if whole.is_ok() || !typed.starts_with("apr_") || typed.len() < ids::FEWEST {
        return whole;
    }
    let all = app.gate().inbox(caller, InboxFilter::All).await?;
    let all: Vec<String> = all.iter().map(|view| view.id.to_string()).collect();
    parsed(&ids::named(typed, &all, "keep inbox --all")?)
}

fn answer(session: &Session, id: &str, resolution: Resolution) -> Result<ExitCode, Failure> {
    let view = session.with(async |app, caller| {
        let id = named(app, caller, id).await?;
        Ok(app.gate().answer(caller, id, resolution).await?)
    })?;
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
