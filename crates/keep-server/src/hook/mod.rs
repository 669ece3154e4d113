//! What agents' own hooks say and want to hear: an agent that runs its own shell asks here first. Pure: an event
//! as JSON in, a reply out. docs/server.md names the documents and versions that were followed.

mod claude;
mod codex;
mod copilot;
mod cursor;
mod event;
mod gemini;
mod rewrite;
mod windsurf;

pub use event::{Event, EventError, Heard, Moment};
pub use rewrite::Through;
pub(crate) use rewrite::called;

use keep_app::Protocol;
use keep_app::words::Decision;
use serde_json::{Map, Value};

/// An agent whose hooks are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// GitHub Copilot CLI.
    Copilot,
    /// Cursor.
    Cursor,
    /// Gemini CLI.
    Gemini,
    /// Windsurf.
    Windsurf,
}

/// What an agent is told about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To run it as it is, to ask its person, or not to run it.
    Plain(Decision),
    /// To run it with this input instead.
    Rewritten(Map<String, Value>),
}

/// How an agent hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing is said, which lets it go on.
    Nothing,
    /// This on standard output, and success.
    Said(String),
    /// This on standard error, and the exit code 2.
    Refused(String),
}

impl Speaker {
    /// Reads an event.
    ///
    /// # Errors
    /// When it is none, or a shell's call without a command: what cannot be read must not pass for harmless.
    pub fn hear(self, moment: Moment, text: &str) -> Result<Event, EventError> {
        match self {
            Self::Claude => event::hear(moment, text, &claude::WORDS),
            Self::Codex => event::hear(moment, text, &codex::WORDS),
            Self::Copilot => copilot::hear(moment, text),
            Self::Cursor => cursor::hear(moment, text),
            Self::Gemini => event::hear(moment, text, &gemini::WORDS),
            Self::Windsurf => windsurf::hear(text),
        }
    }

    /// What the agent can be told about a command, at this moment.
    #[must_use]
    pub fn protocol(self, moment: Moment) -> Protocol {
        match (self, moment) {
            (Self::Claude | Self::Copilot, _) => Protocol { rewrites: true, asks: true },
            (Self::Cursor, Moment::Last) => Protocol { rewrites: false, asks: true },
            (Self::Codex | Self::Cursor | Self::Gemini, _) => Protocol { rewrites: true, asks: false },
            (Self::Windsurf, _) => Protocol { rewrites: false, asks: false },
        }
    }

    /// What is answered to a command.
    #[must_use]
    pub fn answer(self, answer: Answer, reason: &str) -> Reply {
        let reason = format!("Keep: {reason}");
        match self {
            Self::Claude => Reply::Said(claude::answer(answer, &reason)),
            Self::Codex => codex::answer(answer, &reason),
            Self::Copilot => Reply::Said(copilot::answer(answer, &reason)),
            Self::Cursor => Reply::Said(cursor::answer(answer, &reason)),
            Self::Gemini => Reply::Said(gemini::answer(answer, &reason)),
            Self::Windsurf => windsurf::answer(&answer, reason),
        }
    }

    /// What is answered at the beginning of a conversation.
    #[must_use]
    pub fn context(self, markdown: &str) -> Reply {
        match self {
            Self::Claude | Self::Codex | Self::Gemini => Reply::Said(claude::context(markdown)),
            Self::Copilot => Reply::Said(copilot::context(markdown)),
            Self::Cursor => Reply::Said(cursor::context(markdown)),
            // Nothing that it says reaches the conversation.
            Self::Windsurf => Reply::Nothing,
        }
    }
}
