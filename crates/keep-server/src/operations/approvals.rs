use super::parsed;
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
    /// once, conversation or no.
    #[schemars(transform = crate::shape::answer)]
    pub(crate) answer: String,
    /// What the requester is told with a no.
    pub(crate) note: Option<String>,
    /// The six digits of the authenticator, where they are wanted.
    pub(crate) code: Option<String>,
}

impl Answer {
    fn resolution(self) -> Result<(Resolution, Option<String>), Problem> {
        let resolution = match self.answer.as_str() {
            "once" => Resolution::Approve,
            "conversation" => Resolution::ApproveForConversation,
            "no" => Resolution::Deny { note: self.note.filter(|note| !note.is_empty()) },
            other => {
                return Err(Problem::usage(format!("{other:?} is no answer; use once, conversation or no")));
            }
        };
        Ok((resolution, self.code.filter(|code| !code.is_empty())))
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
    let (resolution, code) = answer.resolution()?;
    let answered = crate::confirm::confirmed(id, code, house.app.gate().answer(caller, id, resolution));
    Ok(answered.await?.into())
}
