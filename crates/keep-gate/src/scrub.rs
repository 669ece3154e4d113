//! Keeping known secrets out of what the gate records, stores and says. Every detail of every record
//! passes here.

use crate::admit::Gate;
use crate::error::GateError;
use keep_redact::{Redactor, Withheld};
use keep_types::{ActFacts, Offers, RuleOffer, SecretsIn, Touch};
use serde_json::{Value, json};

impl Gate {
    /// What knows the secrets, or why it does not know them now.
    ///
    /// # Errors
    /// When they cannot be known, as when the vault is locked.
    pub fn redactor(&self) -> Result<Redactor, Withheld> {
        self.config().redactor.current()
    }

    /// Replaces the values of secrets in what an act says of itself, or refuses the act when it would
    /// store what it says elsewhere.
    pub(crate) fn scrub_facts(&self, facts: &mut ActFacts, wanted: SecretsIn) -> Result<(), GateError> {
        // Without the values nothing can be replaced here; records then withhold what could hold one.
        let Ok(redactor) = self.redactor() else { return Ok(()) };
        if redactor.is_empty() {
            return Ok(());
        }
        let label = found_in(&redactor, facts);
        facts.summary = redactor.text(&facts.summary).into_owned();
        redactor.json(&mut facts.detail);
        match label {
            Some(label) if wanted == SecretsIn::Refused && facts.touch == Touch::Change => {
                Err(GateError::HoldsSecret { label })
            }
            _ => Ok(()),
        }
    }

    /// Replaces the values of secrets in what a person is offered. A rule that held one is not offered at
    /// all: with a mark in it, it would be about something else.
    pub(crate) fn scrub_offers(&self, offers: &mut Offers) -> Result<(), GateError> {
        let Ok(redactor) = self.redactor() else { return Ok(()) };
        if redactor.is_empty() || *offers == Offers::default() {
            return Ok(());
        }
        let corrupt = |e: serde_json::Error| GateError::Corrupt { table: "offers", what: e.to_string() };
        let mut value = serde_json::to_value(&*offers).map_err(corrupt)?;
        redactor.json(&mut value);
        let scrubbed: Offers = serde_json::from_value(value).map_err(corrupt)?;
        let held = scrubbed.rule != offers.rule && matches!(offers.rule, RuleOffer::Rule { .. });
        *offers = scrubbed;
        if held {
            offers.rule = RuleOffer::Unsuitable("a rule would hold the value of a secret".into());
        }
        Ok(())
    }

    /// Adds a record's free text to its detail: scrubbed, or withheld when the values are not known.
    pub(crate) fn scrub_into(&self, detail: &mut Value, mut free: Value) {
        match self.redactor() {
            Ok(redactor) => redactor.json(&mut free),
            Err(why) => free = json!({ "withheld": why.reason }),
        }
        if let Value::Object(free) = free {
            for (key, value) in free {
                detail[key] = value;
            }
        }
    }

    /// Text of a person's or a program's own that is stored beside the records.
    pub(crate) fn clean(&self, text: &str) -> String {
        match self.redactor() {
            Ok(redactor) => redactor.text(text).into_owned(),
            Err(why) => format!("(withheld: {})", why.reason),
        }
    }
}

/// The label of a secret whose value stands somewhere in the facts.
fn found_in(redactor: &Redactor, facts: &ActFacts) -> Option<String> {
    let found = redactor.find(facts.summary.as_bytes()).map(|found| found.label.to_owned());
    found.or_else(|| {
        let mut scrubbed = facts.detail.clone();
        redactor.json(&mut scrubbed);
        (scrubbed != facts.detail).then(|| {
            let text = facts.detail.to_string();
            redactor
                .find(text.as_bytes())
                .map_or_else(|| "a secret".to_owned(), |found| found.label.to_owned())
        })
    })
}
