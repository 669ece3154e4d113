//! The hooks of Codex. They are Claude Code's in form; what differs is that nothing is said to let a command go
//! on as it is, and that its person cannot be asked: such an answer would count as none, and the command run.

use super::event::Words;
use super::{Answer, Reply, claude};
use keep_app::words::Decision;

pub(super) const WORDS: Words =
    Words { shell: "Bash", before: "PreToolUse", after: &["PostToolUse"], begins: "SessionStart" };

pub(super) fn answer(answer: Answer, reason: &str) -> Reply {
    match answer {
        Answer::Plain(Decision::Allow) => Reply::Nothing,
        Answer::Plain(Decision::Ask | Decision::Deny) => {
            Reply::Said(claude::answer(Answer::Plain(Decision::Deny), reason))
        }
        rewritten @ Answer::Rewritten(_) => Reply::Said(claude::answer(rewritten, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Heard, Moment, Speaker};
    use serde_json::{Value, json};

    /// As version 0.169.0 says it.
    #[test]
    fn an_event_is_understood() {
        let text = r#"{"session_id":"s","turn_id":"t","transcript_path":null,"cwd":"/w","hook_event_name":"PreToolUse","model":"m","permission_mode":"bypassPermissions","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"call_1"}"#;
        let event = Speaker::Codex.hear(Moment::Before, text).unwrap();
        let input = json!({ "command": "ls" }).as_object().unwrap().clone();
        let want = Heard::Command { command: "ls".into(), call: Some("call_1".into()), input };
        assert_eq!((event.heard, event.cwd), (want, Some("/w".into())));
        let patch = text.replace("\"Bash\"", "\"apply_patch\"");
        assert_eq!(Speaker::Codex.hear(Moment::Before, &patch).unwrap().heard, Heard::Other);
    }

    /// It takes `allow` only beside a changed input, no `ask`, and no `deny` without a reason; whatever else it
    /// hears counts as a hook that failed, and the command runs.
    #[test]
    fn it_hears_only_what_it_takes() {
        let input = json!({ "command": "keep sh -c 'ls'" }).as_object().unwrap().clone();
        for (answer, want) in [
            (Answer::Plain(Decision::Allow), None),
            (Answer::Plain(Decision::Ask), Some("deny")),
            (Answer::Plain(Decision::Deny), Some("deny")),
            (Answer::Rewritten(input), Some("allow")),
        ] {
            let rewritten = matches!(answer, Answer::Rewritten(_));
            let said = match Speaker::Codex.answer(answer, "so") {
                Reply::Said(said) => serde_json::from_str::<Value>(&said).unwrap(),
                Reply::Nothing => Value::Null,
                Reply::Refused(why) => panic!("{why}"),
            };
            let output = &said["hookSpecificOutput"];
            assert_eq!(output["permissionDecision"].as_str(), want, "{said}");
            assert_eq!(output.get("updatedInput").is_some(), rewritten, "{said}");
            assert_eq!(want.is_some(), output["permissionDecisionReason"] == "Keep: so", "{said}");
        }
    }
}
