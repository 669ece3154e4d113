//! `keep hook`: what an agent's own hooks call. It answers within milliseconds, or the agent waits.

use crate::edge::{Failure, Session};
use clap::{Args, Subcommand};
use keep_app::App;
use keep_app::words::Decision;
use keep_gate::AskNobody;
use keep_memory::Where;
use keep_server::hook::claude::{self, Event, Heard};
use keep_types::{Audience, Caller, Explain};
use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

/// An event holds a command or a file's text; more is no event.
const MAX_EVENT_BYTES: u64 = 8 << 20;
/// Tokens of what a conversation begins with: a page.
const BRIEFING_TOKENS: usize = 1_500;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep hook claude pre-tool-use < event.json\n\nAn agent's settings name these; the event comes on standard input. Commands that risk next to\nnothing are allowed, the others asked about or denied, all on record."
)]
pub(crate) struct Hook {
    #[command(subcommand)]
    agent: Agent,
}

#[derive(Subcommand)]
enum Agent {
    /// Hooks of Claude Code
    Claude {
        #[command(subcommand)]
        event: ClaudeEvent,
    },
}

#[derive(Clone, Copy, Subcommand)]
enum ClaudeEvent {
    /// Before a tool runs: judges commands
    PreToolUse,
    /// After a tool ran: notes that a command has ended
    PostToolUse,
    /// When a conversation begins: says what is remembered of the project
    SessionStart,
}

impl Hook {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let Agent::Claude { event } = self.agent;
        let answered = heard().and_then(|heard| act(session, heard));
        let answer = match (answered, event) {
            (Ok(answer), _) => answer,
            // A command that could not be judged is not run; why not is for the person to read.
            (Err(failure), ClaudeEvent::PreToolUse) => {
                let messages = keep_types::chain(&failure).join(": ");
                Some(claude::answer(Decision::Deny, &session.cleaner().clean(&messages)))
            }
            (Err(failure), _) => return Err(failure),
        };
        if let Some(answer) = answer {
            let answer = session.cleaner().clean(&answer);
            let mut out = std::io::stdout().lock();
            writeln!(out, "{answer}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn heard() -> Result<Event, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_EVENT_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
    claude::hear(&text).map_err(|error| {
        Failure::usage(error.to_string(), "an agent's settings name this command; it is not typed")
    })
}

/// Does what the event asks for; what to answer, if anything.
fn act(session: &Session, event: Event) -> Result<Option<String>, Failure> {
    if event.heard == Heard::Other {
        return Ok(None);
    }
    session.with_in(event.cwd, Arc::new(AskNobody), async |app, caller| {
        // Whoever calls a hook is an agent, even below a person's own terminal.
        let caller = &as_agent(caller);
        match event.heard {
            Heard::Command { command, call } => judged(app, caller, command, call).await.map(Some),
            Heard::Ended { call } => {
                app.delegated_ended(caller, call.unwrap_or_else(|| "unnamed".into())).await?;
                Ok(None)
            }
            Heard::Begins => {
                let pack = app.memories()?.briefing(caller, Where::Here, BRIEFING_TOKENS).await?;
                let empty = pack.groups.is_empty();
                Ok((!empty).then(|| claude::context(&pack.to_markdown())))
            }
            Heard::Other => Ok(None),
        }
    })
}

async fn judged(
    app: &App,
    caller: &Caller,
    command: String,
    call: Option<String>,
) -> Result<String, Failure> {
    let told = match app.delegate(caller, command, call).await {
        Ok(told) => told,
        Err(error) => {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let why = format!("{}{hint}", keep_types::chain(&error).join(": "));
            return Ok(claude::answer(Decision::Deny, &why));
        }
    };
    let reasons: Vec<_> =
        told.view.analysis.reasons.iter().take(3).map(|reason| reason.text.as_str()).collect();
    let why = match (told.answer, told.view.ruling.decision) {
        (Decision::Allow, _) => "it only looks".to_owned(),
        // Policy itself would have let it run where it is held.
        (Decision::Ask, Decision::Allow) => format!("it runs outside every sandbox: {}", reasons.join("; ")),
        _ => format!("{} ({})", told.view.ruling.reason, reasons.join("; ")),
    };
    Ok(claude::answer(told.answer, &why))
}

fn as_agent(caller: &Caller) -> Caller {
    let mut caller = caller.clone();
    caller.audience = Audience::Nobody;
    if caller.principal.kind() == keep_types::PrincipalKind::User {
        caller.principal = keep_types::Principal::unknown_agent();
        caller.reach = keep_types::Reach::Only(vec![caller.home.clone()]);
    }
    caller
}
