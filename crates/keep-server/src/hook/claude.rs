//! The hooks of Claude Code: an event as JSON on standard input, an answer as JSON on standard output.

use keep_app::words::Decision;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;

/// The tool by which it runs commands.
const SHELL: &str = "Bash";

/// What a hook was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is about to run a command.
    Command {
        /// The command.
        command: String,
        /// Its own name for the call.
        call: Option<String>,
    },
    /// A command has ended.
    Ended {
        /// Its own name for the call.
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
#[error("what the hook was given is no event of Claude Code's: {0}")]
pub struct EventError(String);

#[derive(Deserialize)]
struct Raw {
    hook_event_name: String,
    cwd: Option<PathBuf>,
    tool_name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(default)]
    tool_input: Input,
}

#[derive(Default, Deserialize)]
struct Input {
    command: Option<String>,
}

/// Reads an event.
///
/// # Errors
/// When it is none, or a shell's call without a command: what cannot be read must not pass for harmless.
pub fn hear(text: &str) -> Result<Event, EventError> {
    let raw: Raw = serde_json::from_str(text).map_err(|error| EventError(error.to_string()))?;
    let shell = raw.tool_name.as_deref() == Some(SHELL);
    let heard = match raw.hook_event_name.as_str() {
        "PreToolUse" if shell => match raw.tool_input.command {
            Some(command) => Heard::Command { command, call: raw.tool_use_id },
            None => return Err(EventError("a command is missing".into())),
        },
        "PostToolUse" if shell => Heard::Ended { call: raw.tool_use_id },
        "SessionStart" => Heard::Begins,
        _ => Heard::Other,
    };
    Ok(Event { heard, cwd: raw.cwd })
}

/// What is answered to a command.
#[must_use]
pub fn answer(decision: Decision, reason: &str) -> String {
    let output = json!({
        "hookEventName": "PreToolUse",
        "permissionDecision": decision.as_str(),
        "permissionDecisionReason": format!("Keep: {reason}"),
    });
    json!({ "hookSpecificOutput": output }).to_string()
}

/// What is answered at the beginning of a conversation.
#[must_use]
pub fn context(markdown: &str) -> String {
    let output = json!({ "hookEventName": "SessionStart", "additionalContext": markdown });
    json!({ "hookSpecificOutput": output }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: Option<&Heard>) {
        assert_eq!(hear(text).ok().map(|event| event.heard).as_ref(), want, "{text}");
    }

    #[test]
    fn events_are_understood() {
        let command = |command: &str| Heard::Command { command: command.into(), call: Some("t1".into()) };
        check(
            r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"t1","cwd":"/w","tool_input":{"command":"ls"},"session_id":"s"}"#,
            Some(&command("ls")),
        );
        check(r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{}}"#, None);
        check(r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":7}}"#, None);
        check(
            r#"{"hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{"file_path":"x"}}"#,
            Some(&Heard::Other),
        );
        check(
            r#"{"hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_response":{}}"#,
            Some(&Heard::Ended { call: None }),
        );
        check(r#"{"hook_event_name":"SessionStart","source":"startup"}"#, Some(&Heard::Begins));
        check("not json", None);
        check("{}", None);
    }
}
