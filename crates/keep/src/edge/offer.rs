//! What a person may answer beside yes and no, as they are told of it.

use super::text::wrap;
use keep_types::{Offers, RuleOffer};
use std::io::Write;

/// Before every line of an offer.
const INDENT: usize = 5;

/// Says what the letters mean that are offered. The rule itself is shown when it is asked for.
pub(super) fn show(out: &mut dyn Write, offers: &Offers, width: usize) -> std::io::Result<()> {
    match &offers.rule {
        RuleOffer::None => {}
        RuleOffer::Rule { covers, .. } => {
            hang(out, "r", &format!("say yes and save a rule, which is shown first; {covers}"), width)?;
        }
        RuleOffer::Unsuitable(why) => hang(out, "-", &format!("no rule can cover it: {why}"), width)?,
    }
    match offers.edit {
        Some(_) => hang(out, "e", "edit it; the new text is asked about anew", width),
        None => Ok(()),
    }
}

fn hang(out: &mut dyn Write, letter: &str, text: &str, width: usize) -> std::io::Result<()> {
    for (number, line) in wrap(text, width.saturating_sub(INDENT)).iter().enumerate() {
        let head = if number == 0 { letter } else { " " };
        writeln!(out, "  {head}  {line}")?;
    }
    Ok(())
}

/// The letters that a question takes, the one in capitals standing for every other word.
pub(super) fn keys(offers: &Offers) -> String {
    let rule = if matches!(offers.rule, RuleOffer::Rule { .. }) { "/r" } else { "" };
    let edit = if offers.edit.is_some() { "/e" } else { "" };
    format!("y/N{rule}{edit}")
}
