//! The hooks of Windsurf. They say yes by success and no by the exit code 2; there is nothing else to say.

use super::event::{self, Event, EventError, Heard};
use super::{Answer, Reply};
use keep_app::words::Decision;
use serde::Deserialize;
use serde_json::Map;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Raw {
    agent_action_name: String,
    #[serde(default)]
    tool_info: Info,
}

#[derive(Default, Deserialize)]
struct Info {
    command_line: Option<String>,
    cwd: Option<PathBuf>,
}

pub(super) fn hear(text: &str) -> Result<Event, EventError> {
    let Raw { agent_action_name, tool_info } = event::parsed(text)?;
    let heard = match agent_action_name.as_str() {
        "pre_run_command" => {
            let input = tool_info.command_line.map(|line| ("command".to_owned(), line.into()));
            event::command(Map::from_iter(input), None)?
        }
        "post_run_command" => Heard::Ended { call: None },
        _ => Heard::Other,
    };
    Ok(Event { heard, cwd: tool_info.cwd })
}

pub(super) fn answer(answer: &Answer, reason: String) -> Reply {
    match answer {
        Answer::Plain(Decision::Allow) => Reply::Nothing,
        // It cannot rewrite either, so nobody answers so.
        Answer::Plain(Decision::Ask | Decision::Deny) | Answer::Rewritten(_) => Reply::Refused(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{Moment, Speaker};

    #[test]
    fn events_are_understood() {
        let text = r#"{"agent_action_name":"pre_run_command","trajectory_id":"t","execution_id":"e","tool_info":{"command_line":"ls","cwd":"/w"}}"#;
        let event = Speaker::Windsurf.hear(Moment::Before, text).unwrap();
        assert!(matches!(event.heard, Heard::Command { command, .. } if command == "ls"));
        assert_eq!(event.cwd, Some("/w".into()));
        let after = text.replace("pre_run", "post_run");
        let event = Speaker::Windsurf.hear(Moment::After, &after).unwrap();
        assert_eq!(event.heard, Heard::Ended { call: None });
        let none = r#"{"agent_action_name":"pre_run_command","tool_info":{"cwd":"/w"}}"#;
        assert!(Speaker::Windsurf.hear(Moment::Before, none).is_err());
    }

    #[test]
    fn what_would_be_asked_is_refused() {
        let said = |decision| Speaker::Windsurf.answer(Answer::Plain(decision), "so");
        assert_eq!(said(Decision::Allow), Reply::Nothing);
        assert_eq!(said(Decision::Ask), Reply::Refused("Keep: so".into()));
        assert_eq!(said(Decision::Deny), Reply::Refused("Keep: so".into()));
    }
}
