//! What a person may answer beside yes and no, as they are told of it.

use super::text::hang;
use keep_types::{Offers, RuleOffer};
use std::io::Write;

/// Where the text of an offer starts.
const INDENT: usize = 5;

/// Says what the letters mean that are offered. The rule itself is shown when it is asked for.
pub(super) fn show(out: &mut dyn Write, offers: &Offers, width: usize) -> std::io::Result<()> {
    match &offers.rule {
        RuleOffer::None => {}
        RuleOffer::Rule { covers, .. } => {
            letter(out, "r", &format!("say yes and save a rule, which is shown first; {covers}"), width)?;
        }
        RuleOffer::Unsuitable(why) => letter(out, "-", &format!("no rule can cover it: {why}"), width)?,
    }
    match offers.edit {
        Some(_) => letter(out, "e", "edit it; the new text is asked about anew", width),
        None => Ok(()),
    }
}

fn letter(out: &mut dyn Write, letter: &str, text: &str, width: usize) -> std::io::Result<()> {
    hang(out, &format!("  {letter}  "), INDENT, text, width)
}

/// The letters that a question takes, the one in capitals standing for every other word.
pub(super) fn keys(offers: &Offers) -> String {
    let rule = if matches!(offers.rule, RuleOffer::Rule { .. }) { "/r" } else { "" };
    let edit = if offers.edit.is_some() { "/e" } else { "" };
    format!("y/N{rule}{edit}")
}
