use super::profile::Profile;
use super::rule::{Around, CommandRule};
use crate::policy::Policy;
use crate::rule::{Decision, RuleRef};
use keep_shell::{Analysis, Part, visible};
use keep_types::{Namespace, Principal, Risk};
use serde::Serialize;

/// Who would run what, where.
#[derive(Clone, Copy)]
pub struct CommandQuestion<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// For which namespace.
    pub namespace: &'a Namespace,
    /// What the command would do.
    pub analysis: &'a Analysis,
    /// What runs without a question where no rule speaks.
    pub profile: Profile,
    /// The folder that the work is about.
    pub workspace: &'a str,
    /// The file that a program's name leads to.
    pub resolve: &'a dyn Fn(&str) -> Option<String>,
}

/// What was decided of one part of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartRuling {
    /// The words, as far as they are known.
    pub command: String,
    /// Its risk.
    pub risk: Risk,
    /// What becomes of it.
    pub decision: Decision,
    /// Whether it need not be asked about where its changes wait until a person has seen them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tries: bool,
    /// What decided.
    pub rule: RuleRef,
    /// Why, in words for a person.
    pub reason: String,
}

/// What was decided of a command: the strictest of its parts and of the text itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandRuling {
    /// What becomes of it.
    pub decision: Decision,
    /// Whether nobody need be asked where its changes wait until a person has seen them. Whoever cannot make them
    /// wait goes by the decision.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tries: bool,
    /// What decided.
    pub rule: RuleRef,
    /// Why, in words for a person.
    pub reason: String,
    /// The risk of the whole.
    pub risk: Risk,
    /// Every part.
    pub parts: Vec<PartRuling>,
}

impl Policy {
    /// Decides on a command, part by part. In each, deny wins, then ask, then try, then allow; an `allow` answers
    /// the profile's question, and nothing answers what is critical or cannot be known.
    #[must_use]
    pub fn decide_command(&self, question: &CommandQuestion<'_>) -> CommandRuling {
        let analysis = question.analysis;
        let whole = |decision, id: &str, reason: String, parts| CommandRuling {
            decision,
            tries: false,
            rule: RuleRef::fixed(id),
            reason,
            risk: analysis.risk,
            parts,
        };
        if let Some(why) = self.closed_because() {
            return whole(Decision::Deny, "rules-must-load", why.to_owned(), Vec::new());
        }
        let around = Around {
            principal: question.principal,
            namespace: question.namespace,
            workspace: question.workspace,
            resolve: question.resolve,
        };
        let rules: Vec<&CommandRule> =
            self.command_rules().iter().filter(|rule| rule.speaks_of(&around)).collect();
        let parts: Vec<PartRuling> =
            analysis.parts.iter().map(|part| decide_part(&rules, part, question, &around)).collect();
        let strictest = parts.iter().map(|part| part.decision).max().unwrap_or(Decision::Allow);
        // A denial stands whatever the text looks like; short of that, the text itself may ask.
        if strictest < Decision::Deny
            && let Some((id, reason)) = question_of_the_text(analysis)
        {
            return whole(Decision::Ask, id, reason, parts);
        }
        match parts.iter().find(|part| part.decision == strictest) {
            Some(part) => CommandRuling {
                decision: strictest,
                tries: strictest == Decision::Ask
                    && parts.iter().filter(|part| part.decision == strictest).all(|part| part.tries),
                rule: part.rule.clone(),
                reason: part.reason.clone(),
                risk: analysis.risk,
                parts,
            },
            None => whole(Decision::Allow, "runs-nothing", "it runs nothing".into(), parts),
        }
    }
}

/// Why a text is asked about whatever its parts are.
fn question_of_the_text(analysis: &Analysis) -> Option<(&'static str, String)> {
    if let Some(why) = &analysis.unparsable {
        return Some(("unreadable-is-asked", format!("the command cannot be checked: {why}")));
    }
    // Whatever gave the whole a critical risk, no part's rule may hide it.
    if let Some(critical) = analysis.reasons.iter().find(|reason| reason.risk == Risk::Critical) {
        return Some(("critical-is-asked", critical.text.clone()));
    }
    if let Some(odd) = analysis.oddities.first() {
        return Some(("odd-text-is-asked", odd.text().to_owned()));
    }
    if analysis.unknown {
        let why =
            analysis.reasons.first().map_or("part of what would run cannot be known", |r| r.text.as_str());
        return Some(("unknown-is-asked", why.to_owned()));
    }
    None
}

fn decide_part(
    rules: &[&CommandRule],
    part: &Part,
    question: &CommandQuestion<'_>,
    around: &Around<'_>,
) -> PartRuling {
    let words: Vec<_> = part.argv.iter().map(|word| visible(&word.text)).collect();
    let ruling = |decision, rule, reason: String| PartRuling {
        command: words.join(" "),
        risk: part.risk,
        decision,
        tries: false,
        rule,
        reason,
    };
    let matching: Vec<_> = rules.iter().filter(|rule| rule.matches(part, around)).collect();
    let of = |decision| matching.iter().find(|rule| rule.decision == decision);
    for decision in [Decision::Deny, Decision::Ask] {
        if let Some(rule) = of(decision) {
            return ruling(decision, rule.reference(), rule.reason.clone());
        }
    }
    let worst = part.reasons.iter().max_by_key(|reason| reason.risk);
    let why = |otherwise: &str| worst.map_or_else(|| otherwise.to_owned(), |reason| reason.text.clone());
    if part.risk == Risk::Critical {
        return ruling(Decision::Ask, RuleRef::fixed("critical-is-asked"), why("it is critical"));
    }
    if let Some(rule) = matching.iter().find(|rule| rule.tries) {
        let ruling = ruling(Decision::Ask, rule.reference(), rule.reason.clone());
        return PartRuling { tries: true, ..ruling };
    }
    if let Some(rule) = of(Decision::Allow) {
        return ruling(Decision::Allow, rule.reference(), rule.reason.clone());
    }
    let profile = question.profile;
    let decision = profile.decide(part.risk, &part.reasons);
    let reason = match decision {
        Decision::Allow => format!("the profile {profile} allows it"),
        Decision::Ask | Decision::Deny => why("the profile asks about it"),
    };
    ruling(decision, RuleRef::fixed(&format!("profile-{profile}")), reason)
}
