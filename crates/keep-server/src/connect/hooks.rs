//! The hooks in the settings of Claude Code and Gemini CLI, which have one form.

use super::json::{object, rest, written, wrong};
use super::{ConnectError, Entry};
use crate::hook::quoted;
use serde_json::{Value, json};

const HOOKS: &str = "hooks";

/// An agent's events.
pub(super) struct Events {
    /// What tells a hook of ours from others.
    ours: &'static str,
    /// The events, the tools they are about, and our word for each.
    all: [(&'static str, Option<&'static str>, &'static str); 3],
}

pub(super) const CLAUDE: Events = Events {
    ours: " hook claude ",
    all: [
        ("PreToolUse", Some("Bash"), "pre-tool-use"),
        ("PostToolUse", Some("Bash"), "post-tool-use"),
        ("SessionStart", None, "session-start"),
    ],
};

pub(super) const GEMINI: Events = Events {
    ours: " hook gemini ",
    all: [
        ("BeforeTool", Some("run_shell_command"), "before-tool"),
        ("AfterTool", Some("run_shell_command"), "after-tool"),
        ("SessionStart", None, "session-start"),
    ],
};

pub(super) fn connected(text: &str, entry: &Entry, events: &Events) -> Result<String, ConnectError> {
    let mut all = object(&disconnected(text, events)?.unwrap_or_default())?;
    let hooks = all.entry(HOOKS).or_insert_with(|| json!({}));
    let Value::Object(hooks) = hooks else { return Err(wrong(HOOKS)) };
    for (event, tool, word) in events.all {
        let list = hooks.entry(event).or_insert_with(|| json!([]));
        let Value::Array(list) = list else { return Err(wrong(event)) };
        let command = format!(
            "{} --token-file {}{}{word}",
            quoted(&entry.program),
            quoted(&entry.token_file),
            events.ours
        );
        let mut group = json!({ "hooks": [{ "type": "command", "command": command }] });
        if let Some(tool) = tool {
            group["matcher"] = json!(tool);
        }
        list.push(group);
    }
    written(all)
}

pub(super) fn disconnected(text: &str, events: &Events) -> Result<Option<String>, ConnectError> {
    let mut all = object(text)?;
    if let Some(hooks) = all.get_mut(HOOKS) {
        let Value::Object(hooks) = hooks else { return Err(wrong(HOOKS)) };
        for (event, ..) in events.all {
            let Some(list) = hooks.get_mut(event) else { continue };
            let Value::Array(list) = list else { return Err(wrong(event)) };
            list.retain(|group| !is_ours(group, events));
            if list.is_empty() {
                hooks.shift_remove(event);
            }
        }
        if hooks.is_empty() {
            all.shift_remove(HOOKS);
        }
    }
    rest(all)
}

/// Whether a group of hooks is the one that was written here: a single command of ours.
fn is_ours(group: &Value, events: &Events) -> bool {
    let Some([only]) = group["hooks"].as_array().map(Vec::as_slice) else { return false };
    only["command"].as_str().is_some_and(|command| command.contains(events.ours))
}
