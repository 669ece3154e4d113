//! Prompts that a person picks in a client: how a session begins, and how it is handed over.

use super::protocol::Protocol;
use crate::operations::context;
use crate::problem::Problem;
use keep_types::Caller;
use rmcp::model::{
    GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument, PromptMessage, Role,
};
use serde_json::Value;

const BEGIN: &str = "begin";
const HAND_OVER: &str = "hand_over";

/// What is asked of a session that ends.
const HANDING_OVER: &str = "This session ends, and somebody else goes on. Look at what was done and remember, one by \
     one by the tool `remember`, what they would miss: decisions and why they were made, constraints that were found, \
     what was fixed and how, what is unfinished and what should be done next. Each in words that stand alone; never a \
     secret's value. First `recall` each matter: where it is known already, `memory_edit` it instead. Then say in a \
     few sentences how things stand.";

/// The prompts there are.
pub(super) fn listed() -> ListPromptsResult {
    let task =
        PromptArgument::new("task").with_description("What is to be done, in any words").with_required(true);
    let notes =
        PromptArgument::new("notes").with_description("What must not be forgotten").with_required(false);
    ListPromptsResult::with_all_items(vec![
        Prompt::new(BEGIN, Some("What is remembered that serves a task"), Some(vec![task]))
            .with_title("Begin a session"),
        Prompt::new(HAND_OVER, Some("Remember what whoever goes on would miss"), Some(vec![notes]))
            .with_title("Hand over"),
    ])
}

impl Protocol {
    /// One prompt with its arguments filled in; none where there is no such prompt.
    pub(super) async fn prompt(
        &self,
        caller: &Caller,
        name: &str,
        arguments: &JsonObject,
    ) -> Result<Option<GetPromptResult>, Problem> {
        let word = |key: &str| arguments.get(key).and_then(Value::as_str).unwrap_or_default();
        let text = match name {
            BEGIN if word("task").is_empty() => return Err(Problem::usage("the argument task is missing")),
            BEGIN => {
                let task = context::Task { task: word("task").to_owned(), ..Default::default() };
                let pack = context::context(&self.house, caller, task).await?;
                format!("{}\n\nWhat is remembered that may serve it:\n\n{}", word("task"), pack.markdown)
            }
            HAND_OVER if word("notes").is_empty() => HANDING_OVER.to_owned(),
            HAND_OVER => format!("{HANDING_OVER}\n\nNot to be forgotten: {}", word("notes")),
            _ => return Ok(None),
        };
        let text = String::from_utf8_lossy(&self.house.cleaned(text.as_bytes())).into_owned();
        Ok(Some(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)])))
    }
}
