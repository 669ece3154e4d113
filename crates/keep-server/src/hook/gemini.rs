//! The hooks of Gemini CLI. They cannot have its person asked.

use super::Answer;
use super::event::Words;
use keep_app::words::Decision;
use serde_json::json;

pub(super) const WORDS: Words =
    Words { shell: "run_shell_command", before: "BeforeTool", after: &["AfterTool"], begins: "SessionStart" };

pub(super) fn answer(answer: Answer, reason: &str) -> String {
    let said = match answer {
        Answer::Plain(Decision::Allow) => json!({ "decision": "allow" }),
        Answer::Plain(Decision::Ask | Decision::Deny) => json!({ "decision": "deny", "reason": reason }),
        Answer::Rewritten(input) => json!({
            "decision": "allow",
            "hookSpecificOutput": { "hookEventName": WORDS.before, "tool_input": input },
        }),
    };
    said.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Heard, Moment, Speaker};

    #[test]
    fn what_would_be_asked_is_denied() {
        let text = r#"{"hook_event_name":"BeforeTool","tool_name":"run_shell_command","cwd":"/w","tool_input":{"command":"ls"}}"#;
        let event = Speaker::Gemini.hear(Moment::Before, text).unwrap();
        assert!(matches!(event.heard, Heard::Command { command, .. } if command == "ls"));
        assert!(answer(Answer::Plain(Decision::Ask), "why").contains("\"deny\""));
        assert!(
            Speaker::Gemini
                .hear(Moment::Before, r#"{"hook_event_name":"BeforeTool","tool_name":"run_shell_command"}"#)
                .is_err()
        );
    }
}
