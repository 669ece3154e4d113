//! The hooks in Claude Code's settings.

use super::json::{object, rest, written, wrong};
use super::{ConnectError, Entry};
use serde_json::{Value, json};

const HOOKS: &str = "hooks";
/// Its events, the tools they are about, and our word for each.
const EVENTS: [(&str, Option<&str>, &str); 3] = [
    ("PreToolUse", Some("Bash"), "pre-tool-use"),
    ("PostToolUse", Some("Bash"), "post-tool-use"),
    ("SessionStart", None, "session-start"),
];
/// What tells a hook of ours from others.
const OURS: &str = " hook claude ";

pub(super) fn connected(text: &str, entry: &Entry) -> Result<String, ConnectError> {
    let mut all = object(&disconnected(text)?.unwrap_or_default())?;
    let hooks = all.entry(HOOKS).or_insert_with(|| json!({}));
    let Value::Object(hooks) = hooks else { return Err(wrong(HOOKS)) };
    for (event, tool, word) in EVENTS {
        let list = hooks.entry(event).or_insert_with(|| json!([]));
        let Value::Array(list) = list else { return Err(wrong(event)) };
        let command =
            format!("{} --token-file {}{OURS}{word}", quoted(&entry.program), quoted(&entry.token_file));
        let mut group = json!({ "hooks": [{ "type": "command", "command": command }] });
        if let Some(tool) = tool {
            group["matcher"] = json!(tool);
        }
        list.push(group);
    }
    written(all)
}

pub(super) fn disconnected(text: &str) -> Result<Option<String>, ConnectError> {
    let mut all = object(text)?;
    if let Some(hooks) = all.get_mut(HOOKS) {
        let Value::Object(hooks) = hooks else { return Err(wrong(HOOKS)) };
        for (event, ..) in EVENTS {
            let Some(list) = hooks.get_mut(event) else { continue };
            let Value::Array(list) = list else { return Err(wrong(event)) };
            list.retain(|group| !is_ours(group));
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
fn is_ours(group: &Value) -> bool {
    let Some([only]) = group["hooks"].as_array().map(Vec::as_slice) else { return false };
    only["command"].as_str().is_some_and(|command| command.contains(OURS))
}

/// A word that a shell takes as it is. Claude Code gives the line to one; there is no other form.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
