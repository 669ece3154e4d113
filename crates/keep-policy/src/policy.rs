use crate::command::CommandRule;
use crate::document;
use crate::error::PolicyError;
use crate::floor;
use crate::rule::{Decision, Question, Rule, RuleRef};
use crate::source::{Layer, MAX_RULES, MAX_SOURCES, Source};
use keep_types::{Digest, FieldHasher, Risk, chain};
use serde::Serialize;

/// Keep's own defaults: readable text like anybody's rules, checked like them.
const BUILTIN: &str = include_str!("builtin.toml");

/// Every rule in force, loaded whole or not at all.
#[derive(Clone, Debug)]
pub struct Policy {
    rules: Vec<Rule>,
    commands: Vec<CommandRule>,
    version: Digest,
    /// Why nothing is allowed, when the rules did not load.
    closed: Option<String>,
}

/// What part a matching rule had in a ruling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// It decided.
    Decided,
    /// It said the same as the one that decided.
    Agreed,
    /// Something stricter decided.
    Outweighed,
    /// It is a built-in question that an `allow` of the system or the user answers.
    Lifted,
}

/// A rule that matched, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// The rule.
    pub rule: RuleRef,
    /// What it said.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// What part it had.
    pub part: Part,
}

/// The answer to a question, with everything that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// What becomes of the act.
    pub decision: Decision,
    /// What decided.
    pub rule: RuleRef,
    /// Why, in words for a person.
    pub reason: String,
    /// The risk that counted.
    pub risk: Risk,
    /// Every rule that matched.
    pub considered: Vec<Considered>,
}

impl Policy {
    /// Loads every source beside the built-in defaults.
    ///
    /// # Errors
    /// When any source does not load; there is no policy made of the rest.
    pub fn load(mut sources: Vec<Source>) -> Result<Self, PolicyError> {
        if sources.len() > MAX_SOURCES {
            return Err(PolicyError::TooMany {
                file: sources[MAX_SOURCES].name.clone(),
                what: "rule files",
                count: sources.len(),
                limit: MAX_SOURCES,
            });
        }
        sources.push(Source {
            layer: Layer::Builtin,
            name: "builtin.toml".to_owned(),
            text: BUILTIN.to_owned(),
        });
        let (mut rules, mut commands) = (Vec::new(), Vec::new());
        for source in &sources {
            let read = document::read(source)?;
            rules.extend(read.acts);
            commands.extend(read.commands);
            if rules.len() + commands.len() > MAX_RULES {
                return Err(PolicyError::TooMany {
                    file: source.name.clone(),
                    what: "rules",
                    count: rules.len() + commands.len(),
                    limit: MAX_RULES,
                });
            }
        }
        rules.sort_by_key(|rule| rule.layer.precedence());
        commands.sort_by_key(|rule| rule.layer.precedence());
        Ok(Self { rules, commands, version: version_of(&mut sources), closed: None })
    }

    /// The policy to run under when the rules did not load: it denies everything but `gate.stop`.
    #[must_use]
    pub fn closed(because: &PolicyError) -> Self {
        let reason = format!("the rules do not load, so nothing is allowed: {}", chain(because).join(": "));
        let version = FieldHasher::new("keep policy closed").field("reason", &reason).finish();
        Self { rules: Vec::new(), commands: Vec::new(), version, closed: Some(reason) }
    }

    /// Digests every source: a changed rule makes another policy, and voids approvals under the old one.
    #[must_use]
    pub fn version(&self) -> Digest {
        self.version
    }

    /// Every rule, those of the system first, then the user's, the project's and the built-in ones.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Every rule about commands, in the same order.
    #[must_use]
    pub fn command_rules(&self) -> &[CommandRule] {
        &self.commands
    }

    /// Why nothing is allowed, when the rules did not load.
    pub(crate) fn closed_because(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// Decides. Deny wins, then ask, then allow, whatever the order; nothing matching is denied. An
    /// `allow` that the system or the user wrote lifts a built-in `ask`, which is only a default; it
    /// lifts no denial, no question of theirs or a project's, and never the floor.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Ruling {
        let risk = question.effective_risk();
        let matching = Matching::of(self.rules.iter().filter(|rule| rule.matches(question)));
        let fixed = |decision, id, reason: &str, considered| Ruling {
            decision,
            rule: RuleRef::fixed(id),
            reason: reason.to_owned(),
            risk,
            considered,
        };
        if question.action.as_str() == floor::STOP {
            let reason = "anybody may stop everything: it only narrows";
            return fixed(Decision::Allow, "stop-is-open", reason, Vec::new());
        }
        if let Some(reason) = &self.closed {
            return fixed(Decision::Deny, "rules-must-load", reason, Vec::new());
        }
        if floor::denies(question) {
            let reason = "only a person may change what Keep itself allows, or take a secret out of it";
            let considered = matching.weigh(None, Decision::Deny);
            return fixed(Decision::Deny, "house-acts-are-a-persons", reason, considered);
        }
        let Some(strictest) = matching.counting().map(|rule| rule.decision).max() else {
            return fixed(Decision::Deny, "no-rule", "no rule allows it", Vec::new());
        };
        if risk == Risk::Critical && strictest == Decision::Allow {
            let reason = "a critical act is never done without asking a person";
            let considered = matching.weigh(None, Decision::Ask);
            return fixed(Decision::Ask, "critical-is-asked", reason, considered);
        }
        let decided = matching.counting().find(|rule| rule.decision == strictest);
        let considered = matching.weigh(decided, strictest);
        match decided {
            Some(rule) => Ruling {
                decision: strictest,
                rule: rule.reference(),
                reason: rule.reason.clone(),
                risk,
                considered,
            },
            None => fixed(Decision::Deny, "no-rule", "no rule allows it", considered),
        }
    }
}

/// The rules that match one question.
struct Matching<'p> {
    rules: Vec<&'p Rule>,
    /// Whether the system or the user allows it in so many words.
    allowed: bool,
}

impl<'p> Matching<'p> {
    fn of(rules: impl Iterator<Item = &'p Rule>) -> Self {
        let rules: Vec<&Rule> = rules.collect();
        let allowed = rules.iter().any(|rule| {
            rule.decision == Decision::Allow && matches!(rule.layer, Layer::System | Layer::User)
        });
        Self { rules, allowed }
    }

    fn is_lifted(&self, rule: &Rule) -> bool {
        self.allowed && rule.layer == Layer::Builtin && rule.decision == Decision::Ask
    }

    fn counting(&self) -> impl Iterator<Item = &'p Rule> {
        self.rules.iter().copied().filter(|rule| !self.is_lifted(rule))
    }

    /// Says of every rule what part it had.
    fn weigh(&self, decided: Option<&Rule>, decision: Decision) -> Vec<Considered> {
        let part = |rule: &Rule| {
            if decided.is_some_and(|one| std::ptr::eq(one, rule)) {
                Part::Decided
            } else if self.is_lifted(rule) {
                Part::Lifted
            } else if rule.decision == decision {
                Part::Agreed
            } else {
                Part::Outweighed
            }
        };
        let considered = |rule: &&Rule| Considered {
            rule: rule.reference(),
            decision: rule.decision,
            reason: rule.reason.clone(),
            part: part(rule),
        };
        self.rules.iter().map(considered).collect()
    }
}

/// Names of files don't count, only what they say and for whom; nor does the order they were given in.
fn version_of(sources: &mut [Source]) -> Digest {
    sources.sort_by(|a, b| (a.layer, &a.text).cmp(&(b.layer, &b.text)));
    sources
        .iter()
        .fold(FieldHasher::new("keep policy 1"), |hasher, source| {
            hasher.field(source.layer.as_str(), &source.text)
        })
        .finish()
}
