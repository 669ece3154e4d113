//! The hooks in agents' settings: lists under the names of events, each agent with a form of its own for what
//! stands in them.

use super::json::{object, rest, written, wrong};
use super::{ConnectError, Entry};
use serde_json::{Map, Value, json};

const HOOKS: &str = "hooks";
const VERSION: &str = "version";

/// One event: the agent's name for it, the tool it is about, and our word for it.
type Event = (&'static str, Option<&'static str>, &'static str);

/// An agent's events.
pub(super) struct Events {
    /// What tells a hook of ours from others.
    ours: &'static str,
    form: Form,
    all: &'static [Event],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Groups of hooks behind one matcher.
    Groups,
    /// `{"command": …, "failClosed": true}`, in a file with a version.
    Cursor,
    /// `{"type": "command", "bash": …}`.
    Copilot,
    /// `{"command": …, "show_output": true}`.
    Windsurf,
}

pub(super) const CLAUDE: Events = Events {
    ours: " hook claude ",
    form: Form::Groups,
    all: &[
        ("PreToolUse", Some("Bash"), "pre-tool-use"),
        ("PostToolUse", Some("Bash"), "post-tool-use"),
        ("SessionStart", None, "session-start"),
    ],
};

pub(super) const CODEX: Events = Events { ours: " hook codex ", ..CLAUDE };

pub(super) const COPILOT: Events = Events {
    ours: " hook copilot ",
    form: Form::Copilot,
    all: &[
        ("preToolUse", Some("bash"), "pre-tool-use"),
        ("postToolUse", Some("bash"), "post-tool-use"),
        ("postToolUseFailure", Some("bash"), "post-tool-use"),
        ("sessionStart", None, "session-start"),
    ],
};

pub(super) const CURSOR: Events = Events {
    ours: " hook cursor ",
    form: Form::Cursor,
    all: &[
        ("preToolUse", Some("Shell"), "pre-tool-use"),
        ("beforeShellExecution", None, "before-shell-execution"),
        ("postToolUse", Some("Shell"), "post-tool-use"),
        ("postToolUseFailure", Some("Shell"), "post-tool-use"),
        ("sessionStart", None, "session-start"),
    ],
};

pub(super) const GEMINI: Events = Events {
    ours: " hook gemini ",
    form: Form::Groups,
    all: &[
        ("BeforeTool", Some("run_shell_command"), "before-tool"),
        ("AfterTool", Some("run_shell_command"), "after-tool"),
        ("SessionStart", None, "session-start"),
    ],
};

pub(super) const WINDSURF: Events = Events {
    ours: " hook windsurf ",
    form: Form::Windsurf,
    all: &[("pre_run_command", None, "pre-run-command"), ("post_run_command", None, "post-run-command")],
};

impl Form {
    fn hook(self, command: &str, (event, tool, _): Event) -> Value {
        let mut hook = match self {
            Self::Groups => json!({ "hooks": [{ "type": "command", "command": command }] }),
            Self::Cursor => json!({ "command": command }),
            Self::Copilot => json!({ "type": "command", "bash": command }),
            Self::Windsurf => json!({ "command": command, "show_output": true }),
        };
        if let Some(tool) = tool {
            hook["matcher"] = json!(tool);
        }
        // Without it a hook that cannot be started lets the command run.
        if self == Self::Cursor && matches!(event, "preToolUse" | "beforeShellExecution") {
            hook["failClosed"] = json!(true);
        }
        hook
    }

    /// The command of a hook, where it is one as they are written here: alone.
    fn command(self, hook: &Value) -> Option<&str> {
        match self {
            Self::Groups => match hook["hooks"].as_array().map(Vec::as_slice) {
                Some([only]) => only["command"].as_str(),
                _ => None,
            },
            Self::Cursor | Self::Windsurf => hook["command"].as_str(),
            Self::Copilot => hook["bash"].as_str(),
        }
    }
}

pub(super) fn connected(text: &str, entry: &Entry, events: &Events) -> Result<String, ConnectError> {
    let mut all = object(&disconnected(text, events)?.unwrap_or_default())?;
    if events.form == Form::Cursor {
        all.entry(VERSION).or_insert_with(|| json!(1));
    }
    let hooks = all.entry(HOOKS).or_insert_with(|| json!({}));
    let Value::Object(hooks) = hooks else { return Err(wrong(HOOKS)) };
    for event in events.all {
        let list = hooks.entry(event.0).or_insert_with(|| json!([]));
        let Value::Array(list) = list else { return Err(wrong(event.0)) };
        let command = format!("{}{}{}", entry.line(), events.ours, event.2);
        list.push(events.form.hook(&command, *event));
    }
    written(all, text)
}

pub(super) fn disconnected(text: &str, events: &Events) -> Result<Option<String>, ConnectError> {
    let mut all = object(text)?;
    if let Some(hooks) = all.get_mut(HOOKS) {
        let Value::Object(hooks) = hooks else { return Err(wrong(HOOKS)) };
        let was_ours = take_out(hooks, events)?;
        if hooks.is_empty() {
            all.shift_remove(HOOKS);
        }
        // The version was written with the hooks, where it says nothing about anything else any more.
        let only_version = all.len() == 1 && all.get(VERSION) == Some(&json!(1));
        if was_ours && events.form == Form::Cursor && only_version {
            all.clear();
        }
    }
    rest(all, text)
}

/// Takes out what was written here; whether there was something.
fn take_out(hooks: &mut Map<String, Value>, events: &Events) -> Result<bool, ConnectError> {
    let mut was_ours = false;
    for (event, ..) in events.all {
        let Some(list) = hooks.get_mut(*event) else { continue };
        let Value::Array(list) = list else { return Err(wrong(event)) };
        let before = list.len();
        list.retain(|hook| !events.form.command(hook).is_some_and(|command| command.contains(events.ours)));
        was_ours |= list.len() < before;
        if list.is_empty() {
            hooks.shift_remove(*event);
        }
    }
    Ok(was_ours)
}
