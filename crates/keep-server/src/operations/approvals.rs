use super::parsed;
use crate::confirm::confirmed;
use crate::house::House;
use crate::problem::Problem;
use crate::view::{ApprovalView, Page};
use keep_gate::{InboxFilter, Resolution};
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which requests to list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Answered, used and expired ones, too.
    #[serde(default)]
    pub(crate) all: bool,
}

/// A person's answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// once, conversation, rule (once, and the rule is saved that the request offers), no or suggest.
    #[schemars(transform = crate::shape::answer)]
    pub(crate) answer: String,
    /// What the requester is told with a no.
    pub(crate) note: Option<String>,
    /// What one would rather see asked for, with suggest.
    pub(crate) suggestion: Option<String>,
    /// The six digits of the authenticator, where they are wanted.
    pub(crate) code: Option<String>,
}

/// What becomes of a request.
enum Chosen {
    Resolution(Resolution),
    /// Approved once, and the rule that it offers is saved.
    WithRule,
}

impl Answer {
    fn chosen(self) -> Result<(Chosen, Option<String>), Problem> {
        let resolution = match self.answer.as_str() {
            "rule" => return Ok((Chosen::WithRule, self.code.filter(|code| !code.is_empty()))),
            "suggest" => {
                let text = self.suggestion.filter(|text| !text.trim().is_empty());
                Resolution::Suggest {
                    text: text.ok_or_else(|| Problem::senseless("a suggestion is a text"))?,
                }
            }
            "once" => Resolution::Approve,
            "conversation" => Resolution::ApproveForConversation,
            "no" => Resolution::Deny { note: self.note.filter(|note| !note.is_empty()) },
            other => {
                let why = format!("{other:?} is no answer; use once, conversation, rule, no or suggest");
                return Err(Problem::usage(why));
            }
        };
        Ok((Chosen::Resolution(resolution), self.code.filter(|code| !code.is_empty())))
    }
}

/// The requests that the caller may see: a program its own, a person all.
pub(crate) async fn list(
    house: &House,
    caller: &Caller,
    asked: Which,
) -> Result<Page<ApprovalView>, Problem> {
    let which = if asked.all { InboxFilter::All } else { InboxFilter::Waiting };
    let found = house.app.gate().inbox(caller, which).await?;
    Ok(Page { items: found.into_iter().map(Into::into).collect(), next: None })
}

/// One request, whole.
pub(crate) async fn one(house: &House, caller: &Caller, id: &str) -> Result<ApprovalView, Problem> {
    Ok(house.app.gate().request(caller, parsed("id", id)?).await?.into())
}

/// Answers a request as the person who is signed in. That they were shown it and chose is the confirmation
/// that the gate asks for.
pub(crate) async fn answer(
    house: &House,
    caller: &Caller,
    id: &str,
    answer: Answer,
) -> Result<ApprovalView, Problem> {
    let id = parsed("id", id)?;
    let (chosen, code) = answer.chosen()?;
    let gate = house.app.gate();
    let answered = match chosen {
        Chosen::Resolution(resolution) => confirmed(id, code, gate.answer(caller, id, resolution)).await?,
        Chosen::WithRule => confirmed(id, code, gate.answer_with_rule(caller, id)).await?.0,
    };
    Ok(answered.into())
}
