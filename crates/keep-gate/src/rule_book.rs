use crate::admit::Gate;
use keep_types::{ActFacts, Caller, Namespace, Offers, Principal, RuleOffer};
use serde_json::Value;
use std::path::PathBuf;

/// The act that a rule is to cover, as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Covered<'a> {
    /// Who asked.
    pub principal: &'a Principal,
    /// Where.
    pub namespace: &'a Namespace,
    /// The act's own detail, which its engine reads.
    pub detail: &'a Value,
}

/// A rule as it would be saved: what a person is shown is this and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleDraft {
    /// The file it goes to.
    pub file: PathBuf,
    /// The text that is added there.
    pub text: String,
}

/// Where rules are kept that a person saves while answering. The composition root supplies it: the gate
/// knows neither the files nor what the rules mean.
pub trait RuleBook: Send + Sync + 'static {
    /// The rule as it would stand beside those that are there, once it is sure that everything loads with
    /// it and that the act is then allowed.
    ///
    /// # Errors
    /// Why it cannot be saved, in words for a person.
    fn draft(&self, rule: &str, covered: &Covered<'_>) -> Result<RuleDraft, String>;

    /// Saves what `draft` answered, if it would answer the same now.
    ///
    /// # Errors
    /// Why it was not saved, in words for a person.
    fn save(&self, draft: &RuleDraft, covered: &Covered<'_>) -> Result<(), String>;
}

/// The book of a house that keeps no rules.
#[derive(Clone, Copy, Debug)]
pub struct NoRuleBook;

impl RuleBook for NoRuleBook {
    fn draft(&self, _: &str, _: &Covered<'_>) -> Result<RuleDraft, String> {
        Err("no rules can be saved here".into())
    }

    fn save(&self, _: &RuleDraft, _: &Covered<'_>) -> Result<(), String> {
        Err("no rules can be saved here".into())
    }
}

impl Gate {
    /// The offers with a rule that could not be saved taken back: nobody is offered what would be refused.
    pub(crate) fn fitting(&self, mut offers: Offers, caller: &Caller, facts: &ActFacts) -> Offers {
        if let RuleOffer::Rule { text, .. } = &offers.rule {
            let (principal, namespace, detail) = (&caller.principal, &facts.namespace, &facts.detail);
            let covered = Covered { principal, namespace, detail };
            if let Err(why) = self.config().rules.draft(text, &covered) {
                offers.rule = RuleOffer::Unsuitable(why);
            }
        }
        offers
    }
}
