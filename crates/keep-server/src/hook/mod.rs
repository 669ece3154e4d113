//! What agents' own hooks say and want to hear: an agent that runs its own shell asks here first. Pure: an event
//! as JSON in, an answer as JSON out.

mod claude;
mod event;
mod gemini;
mod rewrite;

pub use event::{Event, EventError, Heard};
pub use rewrite::Through;
pub(crate) use rewrite::quoted;

use keep_app::words::Decision;
use serde_json::{Map, Value};

/// An agent whose hooks are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Claude Code.
    Claude,
    /// Gemini CLI.
    Gemini,
}

/// What an agent is told about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To run it as it is, to ask its person, or not to run it.
    Plain(Decision),
    /// To run it with this input instead.
    Rewritten(Map<String, Value>),
}

impl Speaker {
    /// Reads an event.
    ///
    /// # Errors
    /// When it is none, or a shell's call without a command: what cannot be read must not pass for harmless.
    pub fn hear(self, text: &str) -> Result<Event, EventError> {
        match self {
            Self::Claude => event::hear(text, &claude::WORDS),
            Self::Gemini => event::hear(text, &gemini::WORDS),
        }
    }

    /// What is answered to a command.
    #[must_use]
    pub fn answer(self, answer: Answer, reason: &str) -> String {
        match self {
            Self::Claude => claude::answer(answer, reason),
            Self::Gemini => gemini::answer(answer, reason),
        }
    }

    /// What is answered at the beginning of a conversation.
    #[must_use]
    pub fn context(self, markdown: &str) -> String {
        // Both have it in one place.
        claude::context(markdown)
    }
}
