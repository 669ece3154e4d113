//! The hooks of GitHub Copilot CLI. An event does not say which it is: the settings name a command for each.

use super::Answer;
use super::event::{self, Event, EventError, Heard, Moment};
use keep_app::words::Decision;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// The tool by which it runs commands.
pub(crate) const SHELL: &str = "bash";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    cwd: Option<PathBuf>,
    tool_name: Option<String>,
    #[serde(default)]
    tool_args: Value,
}

pub(super) fn hear(moment: Moment, text: &str) -> Result<Event, EventError> {
    let raw: Raw = event::parsed(text)?;
    let shell = raw.tool_name.as_ref().is_some_and(|tool| tool.eq_ignore_ascii_case(SHELL));
    let heard = match moment {
        Moment::Before | Moment::Last if shell => event::command(arguments(raw.tool_args)?, None)?,
        Moment::Before | Moment::Last if raw.tool_name.is_none() => return Err(event::no_tool()),
        Moment::After if shell => Heard::Ended { call: None },
        Moment::Begins => Heard::Begins,
        Moment::Before | Moment::Last | Moment::After => Heard::Other,
    };
    Ok(Event { heard, cwd: raw.cwd })
}

/// A tool's arguments are an object, or its text.
fn arguments(given: Value) -> Result<Map<String, Value>, EventError> {
    match given {
        Value::Object(all) => Ok(all),
        Value::String(text) => event::parsed(&text),
        _ => Ok(Map::new()),
    }
}

pub(super) fn answer(answer: Answer, reason: &str) -> String {
    let decision = match &answer {
        Answer::Plain(decision) => decision.as_str(),
        Answer::Rewritten(_) => Decision::Allow.as_str(),
    };
    let mut said = json!({ "permissionDecision": decision, "permissionDecisionReason": reason });
    if let Answer::Rewritten(input) = answer {
        said["modifiedArgs"] = input.into();
    }
    said.to_string()
}

pub(super) fn context(markdown: &str) -> String {
    json!({ "additionalContext": markdown }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Reply, Speaker};

    fn heard(moment: Moment, text: &str) -> Option<Heard> {
        Speaker::Copilot.hear(moment, text).ok().map(|event| event.heard)
    }

    /// As version 1.0.102 says it.
    #[test]
    fn events_are_understood() {
        let input = json!({ "command": "ls", "description": "x" }).as_object().unwrap().clone();
        let want = Some(Heard::Command { command: "ls".into(), call: None, input });
        let object = r#"{"sessionId":"s","timestamp":1,"cwd":"/w","toolName":"bash","toolArgs":{"command":"ls","description":"x"}}"#;
        let words =
            r#"{"cwd":"/w","toolName":"bash","toolArgs":"{\"command\":\"ls\",\"description\":\"x\"}"}"#;
        assert_eq!(heard(Moment::Before, object), want);
        assert_eq!(heard(Moment::Before, words), want);
        assert_eq!(heard(Moment::After, object), Some(Heard::Ended { call: None }));
        assert_eq!(heard(Moment::Begins, r#"{"cwd":"/w","source":"new"}"#), Some(Heard::Begins));
        let other = r#"{"cwd":"/w","toolName":"view","toolArgs":{}}"#;
        assert_eq!(heard(Moment::Before, other), Some(Heard::Other));
        for text in ["", "{}", r#"{"toolName":"bash"}"#, r#"{"toolName":"bash","toolArgs":"ls"}"#] {
            assert_eq!(heard(Moment::Before, text), None, "{text}");
        }
    }

    #[test]
    fn a_rewritten_command_is_allowed_with_its_new_arguments() {
        let input = json!({ "command": "keep sh -c 'ls'" }).as_object().unwrap().clone();
        let Reply::Said(said) = Speaker::Copilot.answer(Answer::Rewritten(input), "so") else {
            panic!("it hears nothing")
        };
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(
            (said["permissionDecision"].as_str(), said["modifiedArgs"]["command"].as_str()),
            (Some("allow"), Some("keep sh -c 'ls'"))
        );
    }
}
