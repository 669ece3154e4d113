//! The hooks of Claude Code.

use super::Answer;
use super::event::Words;
use keep_app::words::Decision;
use serde_json::json;

pub(super) const WORDS: Words =
    Words { shell: "Bash", before: "PreToolUse", after: &["PostToolUse"], begins: "SessionStart" };

pub(super) fn answer(answer: Answer, reason: &str) -> String {
    let decision = match &answer {
        Answer::Plain(decision) => decision.as_str(),
        Answer::Rewritten(_) => Decision::Allow.as_str(),
    };
    let mut output = json!({
        "hookEventName": WORDS.before,
        "permissionDecision": decision,
        "permissionDecisionReason": reason,
    });
    if let Answer::Rewritten(input) = answer {
        output["updatedInput"] = input.into();
    }
    json!({ "hookSpecificOutput": output }).to_string()
}

pub(super) fn context(markdown: &str) -> String {
    let output = json!({ "hookEventName": WORDS.begins, "additionalContext": markdown });
    json!({ "hookSpecificOutput": output }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Heard, Moment, Speaker};

    fn check(moment: Moment, text: &str, want: Option<&Heard>) {
        assert_eq!(Speaker::Claude.hear(moment, text).ok().map(|event| event.heard).as_ref(), want, "{text}");
    }

    #[test]
    fn events_are_understood() {
        let input = json!({ "command": "ls", "timeout": 5 }).as_object().unwrap().clone();
        check(
            Moment::Before,
            r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_use_id":"t1","cwd":"/w","tool_input":{"command":"ls","timeout":5},"session_id":"s"}"#,
            Some(&Heard::Command { command: "ls".into(), call: Some("t1".into()), input }),
        );
        check(Moment::Before, r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{}}"#, None);
        check(
            Moment::Before,
            r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":7}}"#,
            None,
        );
        check(
            Moment::Before,
            r#"{"hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{"file_path":"x"}}"#,
            Some(&Heard::Other),
        );
        check(
            Moment::After,
            r#"{"hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_response":{}}"#,
            Some(&Heard::Ended { call: None }),
        );
        check(
            Moment::Begins,
            r#"{"hook_event_name":"SessionStart","source":"startup"}"#,
            Some(&Heard::Begins),
        );
        check(Moment::Before, "not json", None);
        check(Moment::Before, "{}", None);
        // What does not fit where it is told must not pass for harmless.
        check(Moment::Before, r#"{"hook_event_name":"SessionStart","tool_name":"Bash"}"#, None);
        check(Moment::Before, r#"{"hook_event_name":"PreToolUse","tool_input":{"command":"ls"}}"#, None);
        let other = r#"{"hook_event_name":"PreToolUse","tool_name":"bash","tool_input":{"command":"ls"}}"#;
        let input = json!({ "command": "ls" }).as_object().unwrap().clone();
        check(Moment::Before, other, Some(&Heard::Command { command: "ls".into(), call: None, input }));
        check(
            Moment::Before,
            &other.replace("\"ls\"}", &format!("\"ls\"}},\"tool_use_id\":\"{}\"", "x".repeat(300))),
            None,
        );
    }

    #[test]
    fn a_rewritten_command_is_allowed_with_its_new_input() {
        let input = json!({ "command": "keep sh -c 'ls'" }).as_object().unwrap().clone();
        let said: serde_json::Value = serde_json::from_str(&answer(Answer::Rewritten(input), "so")).unwrap();
        let output = &said["hookSpecificOutput"];
        assert_eq!(
            (output["permissionDecision"].as_str(), output["updatedInput"]["command"].as_str()),
            (Some("allow"), Some("keep sh -c 'ls'"))
        );
    }
}
