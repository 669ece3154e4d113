use crate::error::PolicyError;
use crate::rule::{Question, Rule};
use keep_types::{Action, Channel, Namespace, Principal, Risk};

/// The channel assumed for an example of a rule that does not look at channels.
const ANY_CHANNEL: Channel = Channel::Cli;

/// An act as an example in a rule names it.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) principal: Principal,
    pub(crate) action: Action,
    pub(crate) namespace: Namespace,
    pub(crate) risk: Risk,
    pub(crate) channel: Option<Channel>,
}

impl Example {
    /// From words: `agent:x memory.write project:demo high`, and a channel where it matters.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (words, channel) = match words[..] {
            [principal, action, namespace, risk] => ([principal, action, namespace, risk], None),
            [principal, action, namespace, risk, channel] => {
                ([principal, action, namespace, risk], Some(channel_of(channel)?))
            }
            _ => {
                return Err("an example is `<principal> <action> <namespace> <risk> [channel]`, such \
                            as `agent:claude memory.write project:demo medium`"
                    .to_owned());
            }
        };
        let [principal, action, namespace, risk] = words;
        Ok(Self {
            principal: principal.parse().map_err(text_of)?,
            action: action.parse().map_err(text_of)?,
            namespace: namespace.parse().map_err(text_of)?,
            risk: risk.parse().map_err(text_of)?,
            channel,
        })
    }

    /// Back to words.
    pub(crate) fn shown(&self) -> String {
        let Self { principal, action, namespace, risk, channel } = self;
        let channel = channel.map(|c| format!(" {}", c.as_str())).unwrap_or_default();
        format!("{principal} {action} {namespace} {risk}{channel}")
    }

    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            principal: &self.principal,
            action: &self.action,
            namespace: &self.namespace,
            risk: self.risk,
            channel: self.channel.unwrap_or(ANY_CHANNEL),
        }
    }
}

fn text_of(error: impl std::error::Error) -> String {
    keep_types::chain(&error).join(": ")
}

/// The channel of this name.
pub(crate) fn channel_of(word: &str) -> Result<Channel, String> {
    let all = [Channel::Terminal, Channel::Cli, Channel::Mcp, Channel::Http, Channel::Internal];
    all.into_iter().find(|channel| channel.as_str() == word).ok_or_else(|| {
        let shown: String = word.chars().take(80).collect();
        format!("{shown:?} is no channel; use terminal, cli, mcp, http or internal")
    })
}

/// Holds a rule to the examples it carries.
pub(crate) fn check(rule: &Rule, matching: &[Example], not_matching: &[Example]) -> Result<(), PolicyError> {
    let vague = |example: &&Example| !rule.channels.is_empty() && example.channel.is_none();
    if let Some(example) = matching.iter().chain(not_matching).find(vague) {
        return Err(PolicyError::ExampleWithoutChannel {
            place: rule.place(),
            id: rule.id.to_string(),
            example: example.shown(),
        });
    }
    for example in matching {
        if let Some(mismatch) = rule.mismatch(&example.question()) {
            return Err(PolicyError::ExampleMissed {
                place: rule.place(),
                id: rule.id.to_string(),
                example: example.shown(),
                mismatch,
            });
        }
    }
    match not_matching.iter().find(|example| rule.matches(&example.question())) {
        Some(example) => Err(PolicyError::ExampleCaught {
            place: rule.place(),
            id: rule.id.to_string(),
            example: example.shown(),
        }),
        None => Ok(()),
    }
}
