//! `keep hook`: what an agent's own hooks call. It answers within milliseconds, or the agent waits.

use crate::edge::{Failure, Session};
use clap::{Args, Subcommand};
use keep_app::words::Decision;
use keep_app::{App, Rewriting};
use keep_gate::AskNobody;
use keep_memory::Where;
use keep_server::hook::{Answer, Event, Heard, Speaker, Through};
use keep_types::{Audience, Caller, Explain};
use serde_json::{Map, Value};
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// An event holds a command or a file's text; more is no event.
const MAX_EVENT_BYTES: u64 = 8 << 20;
/// Tokens of what a conversation begins with: a page.
const BRIEFING_TOKENS: usize = 1_500;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep hook claude pre-tool-use < event.json\n\nAn agent's settings name these; the event comes on standard input. A command is rewritten to run\nthrough `keep sh`, where it is judged, confined and recorded, or it is denied."
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
    /// Hooks of Gemini CLI
    Gemini {
        #[command(subcommand)]
        event: GeminiEvent,
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

#[derive(Clone, Copy, Subcommand)]
enum GeminiEvent {
    /// Before a tool runs: judges commands
    BeforeTool,
    /// After a tool ran: notes that a command has ended
    AfterTool,
    /// When a conversation begins: says what is remembered of the project
    SessionStart,
}

impl Hook {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (speaker, before) = match self.agent {
            Agent::Claude { event } => (Speaker::Claude, matches!(event, ClaudeEvent::PreToolUse)),
            Agent::Gemini { event } => (Speaker::Gemini, matches!(event, GeminiEvent::BeforeTool)),
        };
        let answer = match heard(speaker).and_then(|heard| act(session, speaker, heard)) {
            Ok(answer) => answer,
            // A command that could not be judged is not run; why not is for the person to read.
            Err(failure) if before => {
                let messages = keep_types::chain(&failure).join(": ");
                let messages = session.cleaner().clean(&messages);
                Some(speaker.answer(Answer::Plain(Decision::Deny), &messages))
            }
            Err(failure) => return Err(failure),
        };
        if let Some(answer) = answer {
            let answer = session.cleaner().clean(&answer);
            let mut out = std::io::stdout().lock();
            writeln!(out, "{answer}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn heard(speaker: Speaker) -> Result<Event, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_EVENT_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
    speaker.hear(&text).map_err(|error| {
        Failure::usage(error.to_string(), "an agent's settings name this command; it is not typed")
    })
}

/// Does what the event asks for; what to answer, if anything.
fn act(session: &Session, speaker: Speaker, event: Event) -> Result<Option<String>, Failure> {
    if event.heard == Heard::Other {
        return Ok(None);
    }
    let through = through(session)?;
    session.with_in(event.cwd, Arc::new(AskNobody), async |app, caller| {
        // Whoever calls a hook is an agent, even below a person's own terminal.
        let caller = &as_agent(caller);
        match event.heard {
            Heard::Command { command, call, input } => {
                // An agent repeats what it saw of a command that was rewritten.
                let command = through.line(&command).unwrap_or(command);
                judged(app, caller, (speaker, &through), (command, call, input)).await.map(Some)
            }
            Heard::Ended { call } => {
                app.delegated_ended(caller, call.unwrap_or_else(|| "unnamed".into())).await?;
                Ok(None)
            }
            Heard::Begins => {
                let pack = app.memories()?.briefing(caller, Where::Here, BRIEFING_TOKENS).await?;
                let empty = pack.groups.is_empty();
                Ok((!empty).then(|| speaker.context(&pack.to_markdown())))
            }
            Heard::Other => Ok(None),
        }
    })
}

/// How the agent's shell calls this program, as the agent itself called it.
fn through(session: &Session) -> Result<Through, Failure> {
    let program = std::env::current_exe()
        .map_err(|e| Failure::file("finding this program at", Path::new("/proc/self/exe"), e))?;
    let text = |path: &Path| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::usage("a path is not valid Unicode", "agents' shells are given text"))
    };
    let token = session.token_file().map(|path| text(&path)).transpose()?;
    Ok(Through::new(&text(&program)?, token.as_deref()))
}

async fn judged(
    app: &App,
    caller: &Caller,
    (speaker, through): (Speaker, &Through),
    (command, call, mut input): (String, Option<String>, Map<String, Value>),
) -> Result<String, Failure> {
    let rewritten = through.rewrite(&command);
    let told = match app.delegate(caller, command, call, Rewriting::Possible).await {
        Ok(told) => told,
        Err(error) => {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let why = format!("{}{hint}", keep_types::chain(&error).join(": "));
            return Ok(speaker.answer(Answer::Plain(Decision::Deny), &why));
        }
    };
    if told.rewritten {
        input.insert("command".into(), rewritten.into());
        let why = "it runs through `keep sh`, which asks a person first where policy says so";
        return Ok(speaker.answer(Answer::Rewritten(input), why));
    }
    let reasons: Vec<_> =
        told.view.analysis.reasons.iter().take(3).map(|reason| reason.text.as_str()).collect();
    let why = match told.answer {
        Decision::Allow => "it only looks".to_owned(),
        _ => format!("{} ({})", told.view.ruling.reason, reasons.join("; ")),
    };
    Ok(speaker.answer(Answer::Plain(told.answer), &why))
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
