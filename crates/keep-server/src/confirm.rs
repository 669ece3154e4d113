//! How a person at the dashboard confirms: by the answer that they send to the page that showed the act.

use keep_gate::{Answer, Asker, CodeWanted, Question};
use keep_types::{Approval, Id};
use serde_json::Value;

tokio::task_local! {
    /// What the person who sent the request of this task has confirmed.
    static CONFIRMED: Confirmed;
}

struct Confirmed {
    what: What,
    code: Option<String>,
}

/// What a page showed.
enum What {
    /// A request, which is answered with yes or no, with or without the rule that stands on the page.
    Request(Id<Approval>),
    /// An act of the person's own, by its action and by what its detail says there.
    Act { action: &'static str, fields: Vec<(&'static str, String)> },
}

impl What {
    fn is(&self, question: &Question<'_>) -> bool {
        let (action, detail) = (question.facts.action.as_str(), &question.facts.detail);
        let says = |field: &str| detail.get(field).and_then(Value::as_str);
        match self {
            Self::Request(id) => {
                matches!(action, "approval.answer" | "policy.save_rule")
                    && says("approval") == Some(id.to_string().as_str())
            }
            Self::Act { action: wanted, fields } => {
                action == *wanted && fields.iter().all(|(field, value)| says(field) == Some(value.as_str()))
            }
        }
    }
}

/// Runs an answer to a request that a person gave on purpose. Within it, and nowhere else, the gate's
/// question about this very request is answered with yes.
pub(crate) async fn confirmed<F: Future>(
    request: Id<Approval>,
    code: Option<String>,
    answer: F,
) -> F::Output {
    CONFIRMED.scope(Confirmed { what: What::Request(request), code }, answer).await
}

/// Runs an act that a person asked for on a page that showed it. Within it, and nowhere else, the gate's question
/// about an act whose detail says exactly this is answered with yes.
pub(crate) async fn confirmed_act<F: Future>(
    action: &'static str,
    fields: Vec<(&'static str, String)>,
    code: Option<String>,
    act: F,
) -> F::Output {
    CONFIRMED.scope(Confirmed { what: What::Act { action, fields }, code }, act).await
}

/// Answers the gate for people at the dashboard. Everywhere else there is nobody to ask.
#[derive(Clone, Copy, Debug)]
pub struct AskDashboard;

impl Asker for AskDashboard {
    fn ask(&self, question: &Question<'_>) -> Answer {
        let code =
            CONFIRMED.try_with(|confirmed| confirmed.what.is(question).then(|| confirmed.code.clone()));
        match (code, question.code) {
            (Ok(Some(code @ Some(_))), _) | (Ok(Some(code @ None)), CodeWanted::No) => Answer::Yes { code },
            // The gate says itself that a code is missing.
            (Ok(Some(None)), CodeWanted::Yes) => Answer::Yes { code: None },
            (Ok(None) | Err(_), _) => Answer::Nobody,
        }
    }
}
