//! How a person at the dashboard confirms: by the answer that they send to the page that showed the act.

use keep_gate::{Answer, Asker, CodeWanted, Question};
use keep_types::{Approval, Id};

tokio::task_local! {
    /// What the person who sent the request of this task has confirmed.
    static CONFIRMED: Confirmed;
}

struct Confirmed {
    request: Id<Approval>,
    code: Option<String>,
}

/// Runs an answer to a request that a person gave on purpose. Within it, and nowhere else, the gate's
/// question about this very request is answered with yes.
pub(crate) async fn confirmed<F: Future>(
    request: Id<Approval>,
    code: Option<String>,
    answer: F,
) -> F::Output {
    CONFIRMED.scope(Confirmed { request, code }, answer).await
}

/// Answers the gate for people at the dashboard. Everywhere else there is nobody to ask.
#[derive(Clone, Copy, Debug)]
pub struct AskDashboard;

impl Asker for AskDashboard {
    fn ask(&self, question: &Question<'_>) -> Answer {
        let about = question.facts.detail.get("approval").and_then(serde_json::Value::as_str);
        let code = CONFIRMED.try_with(|confirmed| {
            let meant = question.facts.action.as_str() == "approval.answer"
                && about == Some(confirmed.request.to_string().as_str());
            meant.then(|| confirmed.code.clone())
        });
        match (code, question.code) {
            (Ok(Some(code @ Some(_))), _) | (Ok(Some(code @ None)), CodeWanted::No) => Answer::Yes { code },
            // The gate says itself that a code is missing.
            (Ok(Some(None)), CodeWanted::Yes) => Answer::Yes { code: None },
            (Ok(None) | Err(_), _) => Answer::Nobody,
        }
    }
}
