//! `keep hook`: what an agent's own hooks call. It answers within milliseconds, or the agent waits.

use crate::edge::{Failure, Session, program};
use clap::{Args, Subcommand};
use keep_app::App;
use keep_app::words::Decision;
use keep_gate::AskNobody;
use keep_memory::Where;
use keep_server::hook::{Answer, Event, Heard, Moment, Reply, Speaker, Through};
use keep_types::{Audience, Caller, Explain, Risk};
use serde_json::{Map, Value};
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// An event holds a command or a file's text; more is no event.
const MAX_EVENT_BYTES: u64 = 8 << 20;
/// What agents take for a no, whatever else a code means here.
const REFUSED: u8 = 2;
/// Tokens of what a conversation begins with: a page.
const BRIEFING_TOKENS: usize = 1_500;

#[derive(Args)]
#[command(
    after_help = "EXAMPLES:\n  keep hook claude pre-tool-use < event.json\n\nAn agent's settings name these; the event comes on standard input. A command is rewritten to run through `keep sh`, where it is judged, confined and recorded, or it is denied."
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
        event: ToolEvent,
    },
    /// Hooks of Codex
    Codex {
        #[command(subcommand)]
        event: ToolEvent,
    },
    /// Hooks of GitHub Copilot CLI
    Copilot {
        #[command(subcommand)]
        event: ToolEvent,
    },
    /// Hooks of Cursor
    Cursor {
        #[command(subcommand)]
        event: CursorEvent,
    },
    /// Hooks of Gemini CLI
    Gemini {
        #[command(subcommand)]
        event: GeminiEvent,
    },
    /// Hooks of Windsurf
    Windsurf {
        #[command(subcommand)]
        event: WindsurfEvent,
    },
}

#[derive(Clone, Copy, Subcommand)]
enum ToolEvent {
    /// Before a tool runs: judges commands
    PreToolUse,
    /// After a tool ran: notes that a command has ended
    PostToolUse,
    /// When a conversation begins: says what is remembered of the project
    SessionStart,
}

#[derive(Clone, Copy, Subcommand)]
enum CursorEvent {
    /// Before a tool runs: judges commands
    PreToolUse,
    /// Before a shell runs a command: judges what was not rewritten
    BeforeShellExecution,
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

#[derive(Clone, Copy, Subcommand)]
enum WindsurfEvent {
    /// Before a command runs: judges it
    PreRunCommand,
    /// After a command ran: notes that it has ended
    PostRunCommand,
}

impl From<ToolEvent> for Moment {
    fn from(event: ToolEvent) -> Self {
        match event {
            ToolEvent::PreToolUse => Self::Before,
            ToolEvent::PostToolUse => Self::After,
            ToolEvent::SessionStart => Self::Begins,
        }
    }
}

impl Agent {
    fn called(self) -> (Speaker, Moment) {
        match self {
            Self::Claude { event } => (Speaker::Claude, event.into()),
            Self::Codex { event } => (Speaker::Codex, event.into()),
            Self::Copilot { event } => (Speaker::Copilot, event.into()),
            Self::Cursor { event } => (
                Speaker::Cursor,
                match event {
                    CursorEvent::PreToolUse => Moment::Before,
                    CursorEvent::BeforeShellExecution => Moment::Last,
                    CursorEvent::PostToolUse => Moment::After,
                    CursorEvent::SessionStart => Moment::Begins,
                },
            ),
            Self::Gemini { event } => (
                Speaker::Gemini,
                match event {
                    GeminiEvent::BeforeTool => Moment::Before,
                    GeminiEvent::AfterTool => Moment::After,
                    GeminiEvent::SessionStart => Moment::Begins,
                },
            ),
            Self::Windsurf { event } => (
                Speaker::Windsurf,
                match event {
                    WindsurfEvent::PreRunCommand => Moment::Before,
                    WindsurfEvent::PostRunCommand => Moment::After,
                },
            ),
        }
    }
}

impl Hook {
    pub(crate) fn run(self, session: &Session) -> Result<ExitCode, Failure> {
        let (speaker, moment) = self.agent.called();
        let heard = heard(speaker, moment);
        let reply = match heard.and_then(|heard| act(session, (speaker, moment), heard)) {
            Ok(reply) => reply,
            // A command that could not be judged is not run; why not is for the person to read.
            Err(failure) if matches!(moment, Moment::Before | Moment::Last) => {
                let hint = failure.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                let messages = format!("{}{hint}", keep_types::chain(&failure).join(": "));
                let messages = session.cleaner().clean(&messages);
                speaker.answer(Answer::Plain(Decision::Deny), &messages)
            }
            Err(failure) => return Err(failure),
        };
        match reply {
            Reply::Nothing => Ok(ExitCode::SUCCESS),
            Reply::Said(text) => {
                writeln!(std::io::stdout().lock(), "{}", session.cleaner().clean(&text))?;
                Ok(ExitCode::SUCCESS)
            }
            Reply::Refused(why) => {
                writeln!(std::io::stderr().lock(), "{}", session.cleaner().clean(&why))?;
                Ok(ExitCode::from(REFUSED))
            }
        }
    }
}

fn heard(speaker: Speaker, moment: Moment) -> Result<Event, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_EVENT_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| Failure::file("reading", std::path::Path::new("standard input"), e))?;
    speaker.hear(moment, &text).map_err(|error| {
        Failure::usage(error.to_string(), "an agent's settings name this command; it is not typed")
    })
}

/// Does what the event asks for; what the agent hears.
fn act(session: &Session, called: (Speaker, Moment), event: Event) -> Result<Reply, Failure> {
    let speaker = called.0;
    if event.heard == Heard::Other {
        return Ok(Reply::Nothing);
    }
    let through = through(session)?;
    session.with_in(event.cwd, Arc::new(AskNobody), async |app, caller| {
        // Whoever calls a hook is an agent, even below a person's own terminal.
        let caller = &as_agent(caller);
        match event.heard {
            Heard::Command { command, call, input } => {
                judged(app, caller, (called, &through), (command, call, input)).await
            }
            Heard::Ended { call } => {
                app.delegated_ended(caller, call.unwrap_or_else(|| "unnamed".into())).await?;
                Ok(Reply::Nothing)
            }
            Heard::Begins => {
                let pack = app.memories()?.briefing(caller, Where::Here, BRIEFING_TOKENS).await?;
                let empty = pack.groups.is_empty();
                Ok(if empty { Reply::Nothing } else { speaker.context(&pack.to_markdown()) })
            }
            Heard::Other => Ok(Reply::Nothing),
        }
    })
}

/// How the agent's shell calls this program, as the agent itself called it.
fn through(session: &Session) -> Result<Through, Failure> {
    let text = |path: &Path| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::usage("a path is not valid Unicode", "agents' shells are given text"))
    };
    let token = session.token_file().map(|path| text(&path)).transpose()?;
    let home = session.home().map(|path| text(&path)).transpose()?;
    Ok(Through::new(&text(&program()?)?, home.as_deref(), token.as_deref()))
}

async fn judged(
    app: &App,
    caller: &Caller,
    ((speaker, moment), through): ((Speaker, Moment), &Through),
    (command, call, mut input): (String, Option<String>, Map<String, Value>),
) -> Result<Reply, Failure> {
    let protocol = speaker.protocol(moment);
    // An agent repeats what it saw of a command that was rewritten.
    let command = match through.line(&command) {
        Some(_) if !protocol.rewrites => {
            let why = "it runs through `keep sh`, which judges and records it";
            return Ok(speaker.answer(Answer::Plain(Decision::Allow), why));
        }
        Some(line) => line,
        None => command,
    };
    let rewritten = through.rewrite(&command);
    let told = match app.delegate(caller, command, call, protocol).await {
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
    let mut why = match told.answer {
        Decision::Allow => "it only looks".to_owned(),
        _ => told.view.why(),
    };
    // Denied by nothing but what this agent's protocol cannot say.
    let by_policy = told.view.ruling.decision == Decision::Deny || told.view.analysis.risk == Risk::Critical;
    if told.answer == Decision::Deny && !by_policy && !protocol.rewrites {
        why = format!("{why}; run it this way, where it is judged, confined and recorded: {rewritten}");
    }
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
