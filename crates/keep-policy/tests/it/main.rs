//! What the rules decide, and what a rule file may not say.
#![expect(clippy::unwrap_used, reason = "tests")]

mod any_file;
mod commands;
mod corpus;
mod deciding;
mod loading;
mod properties;
mod scratch;

use keep_policy::{Decision, Layer, Policy, Question, Ruling, Source};
use keep_types::{Channel, Risk};

/// A source of the given layer.
fn source(layer: Layer, text: &str) -> Source {
    Source { layer, name: format!("{}.toml", layer.as_str()), text: text.to_owned() }
}

/// Asks in the words of an example: `agent:x memory.write project:demo high`, through MCP.
fn ask(policy: &Policy, words: &str) -> Ruling {
    let words: Vec<&str> = words.split(' ').collect();
    policy.decide(&Question {
        principal: &words[0].parse().unwrap(),
        action: &words[1].parse().unwrap(),
        namespace: &words[2].parse().unwrap(),
        risk: words[3].parse::<Risk>().unwrap(),
        channel: Channel::Mcp,
    })
}

fn decision(policy: &Policy, words: &str) -> Decision {
    ask(policy, words).decision
}
