//! The hooks of Cursor. Before a tool runs a command can be changed, but nobody asked; before a shell runs one,
//! the other way round. The first rewrites, and the second holds a version that does not know how to: a command
//! that reaches it unchanged is judged as one that nothing holds.

use super::Answer;
use super::event::{self, Event, EventError, Moment, Words};
use keep_app::words::Decision;
use serde::Deserialize;
use serde_json::{Map, json};
use std::path::PathBuf;

const WORDS: Words = Words {
    shell: "Shell",
    before: "preToolUse",
    after: &["postToolUse", "postToolUseFailure"],
    begins: "sessionStart",
};

/// What is said before a shell runs a command.
#[derive(Deserialize)]
struct Raw {
    command: Option<String>,
    cwd: Option<PathBuf>,
}

pub(super) fn hear(moment: Moment, text: &str) -> Result<Event, EventError> {
    if moment != Moment::Last {
        return event::hear(moment, text, &WORDS);
    }
    let raw: Raw = event::parsed(text)?;
    let input = raw.command.map(|command| ("command".to_owned(), command.into()));
    let heard = event::command(Map::from_iter(input), None)?;
    Ok(Event { heard, cwd: raw.cwd.filter(|cwd| !cwd.as_os_str().is_empty()) })
}

pub(super) fn answer(answer: Answer, reason: &str) -> String {
    let permission = match &answer {
        Answer::Plain(decision) => decision.as_str(),
        Answer::Rewritten(_) => Decision::Allow.as_str(),
    };
    let mut said = json!({ "permission": permission });
    match answer {
        Answer::Plain(Decision::Allow) => {}
        Answer::Plain(Decision::Ask | Decision::Deny) => {
            said["user_message"] = reason.into();
            said["agent_message"] = reason.into();
        }
        Answer::Rewritten(input) => said["updated_input"] = input.into(),
    }
    said.to_string()
}

pub(super) fn context(markdown: &str) -> String {
    json!({ "additional_context": markdown }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Heard, Reply, Speaker};
    use serde_json::Value;

    fn heard(moment: Moment, text: &str) -> Option<Heard> {
        Speaker::Cursor.hear(moment, text).ok().map(|event| event.heard)
    }

    #[test]
    fn events_are_understood() {
        let input = json!({ "command": "ls", "working_directory": "/w" }).as_object().unwrap().clone();
        let call = Some("t1".to_owned());
        let before = r#"{"hook_event_name":"preToolUse","tool_name":"Shell","tool_use_id":"t1","cwd":"/w","tool_input":{"command":"ls","working_directory":"/w"}}"#;
        let want = Heard::Command { command: "ls".into(), call: call.clone(), input };
        assert_eq!(heard(Moment::Before, before), Some(want));
        for name in ["postToolUse", "postToolUseFailure"] {
            let after = before.replace("preToolUse", name);
            assert_eq!(heard(Moment::After, &after), Some(Heard::Ended { call: call.clone() }));
        }
        let last = r#"{"hook_event_name":"beforeShellExecution","command":"ls","cwd":"","sandbox":false}"#;
        let event = Speaker::Cursor.hear(Moment::Last, last).unwrap();
        assert!(matches!(event.heard, Heard::Command { command, .. } if command == "ls"));
        assert_eq!(event.cwd, None, "an empty folder is none");
        for text in ["", "{}", r#"{"command":7}"#] {
            assert_eq!(heard(Moment::Last, text), None, "{text}");
        }
        let begins = r#"{"hook_event_name":"sessionStart","session_id":"s","workspace_roots":["/w"]}"#;
        let event = Speaker::Cursor.hear(Moment::Begins, begins).unwrap();
        assert_eq!((event.heard, event.cwd), (Heard::Begins, Some("/w".into())));
    }

    #[test]
    fn it_asks_only_where_it_can() {
        assert!(!Speaker::Cursor.protocol(Moment::Before).asks);
        assert!(Speaker::Cursor.protocol(Moment::Last).asks);
        let input = json!({ "command": "keep sh -c 'ls'" }).as_object().unwrap().clone();
        for (answer, permission) in [
            (Answer::Plain(Decision::Ask), "ask"),
            (Answer::Plain(Decision::Deny), "deny"),
            (Answer::Plain(Decision::Allow), "allow"),
            (Answer::Rewritten(input), "allow"),
        ] {
            let rewritten = matches!(answer, Answer::Rewritten(_));
            let Reply::Said(said) = Speaker::Cursor.answer(answer, "so") else { panic!("nothing is said") };
            let said: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(said["permission"], permission);
            assert_eq!(said["updated_input"]["command"].is_string(), rewritten, "{said}");
        }
    }
}
