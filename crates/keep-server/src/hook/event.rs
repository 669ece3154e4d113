use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Which of its hooks an agent calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before a tool runs.
    Before,
    /// Before a command runs, when all that may change it has: the last look at what will run.
    Last,
    /// After a tool ran.
    After,
    /// When a conversation begins.
    Begins,
}

/// Agents name their calls by ids; what is longer would fill the records.
const LONGEST_CALL: usize = 256;

/// What a hook was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The agent is about to run a command.
    Command {
        /// The command.
        command: String,
        /// The agent's own name for the call.
        call: Option<String>,
        /// All that its shell is given.
        input: Map<String, Value>,
    },
    /// A command has ended.
    Ended {
        /// The agent's own name for the call.
        call: Option<String>,
    },
    /// A conversation begins.
    Begins,
    /// Something that is none of ours.
    Other,
}

/// An event, and where it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub heard: Heard,
    /// The folder that the agent works in.
    pub cwd: Option<PathBuf>,
}

/// Text that is no event.
#[derive(Debug, thiserror::Error)]
#[error("what the hook was given is no event of the agent's: {0}")]
pub struct EventError(String);

/// An agent's own words for what happens.
pub(super) struct Words {
    /// The tool by which it runs commands.
    pub(super) shell: &'static str,
    pub(super) before: &'static str,
    /// When it went well and, where that is another event, when it did not.
    pub(super) after: &'static [&'static str],
    pub(super) begins: &'static str,
}

#[derive(Deserialize)]
struct Raw {
    hook_event_name: String,
    cwd: Option<PathBuf>,
    #[serde(default)]
    workspace_roots: Vec<PathBuf>,
    tool_name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(default)]
    tool_input: Map<String, Value>,
}

pub(super) fn hear(moment: Moment, text: &str, words: &Words) -> Result<Event, EventError> {
    let raw: Raw = parsed(text)?;
    let name = raw.hook_event_name.as_str();
    if moment == Moment::Before {
        if name != words.before {
            return Err(EventError(format!("this hook is for {}", words.before)));
        }
        raw.tool_name.as_ref().ok_or_else(no_tool)?;
    }
    // A tool of that name in other letters is not known; that it runs something may be.
    let shell = raw.tool_name.as_ref().is_some_and(|tool| tool.eq_ignore_ascii_case(words.shell));
    let heard = if shell && name == words.before {
        command(raw.tool_input, raw.tool_use_id)?
    } else if shell && words.after.contains(&name) {
        Heard::Ended { call: raw.tool_use_id }
    } else if name == words.begins {
        Heard::Begins
    } else {
        Heard::Other
    };
    Ok(Event { heard, cwd: raw.cwd.or(raw.workspace_roots.into_iter().next()) })
}

pub(super) fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, EventError> {
    serde_json::from_str(text).map_err(|error| EventError(error.to_string()))
}

/// A shell's call; its input says the command under that name.
pub(super) fn command(input: Map<String, Value>, call: Option<String>) -> Result<Heard, EventError> {
    let command = input.get("command").and_then(Value::as_str);
    let command = command.ok_or_else(|| EventError("a command is missing".into()))?.to_owned();
    if call.as_ref().is_some_and(|call| call.len() > LONGEST_CALL) {
        return Err(EventError("the name of the call is no name".into()));
    }
    Ok(Heard::Command { command, call, input })
}

/// An event before a tool that names none: what cannot be read must not pass for harmless.
pub(super) fn no_tool() -> EventError {
    EventError("a tool is missing".into())
}
