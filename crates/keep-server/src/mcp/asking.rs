//! Asking a person by way of the client. Its program may answer in the person's place, so this is good for
//! little: the gate takes such a word for what is of medium risk at most. Everything else waits on the
//! dashboard. Nothing is ever asked for but a yes or a no.

use super::protocol::{Protocol, Who};
use keep_gate::{ApprovalView, GateError, Relayed};
use keep_types::{Approval, Caller, Id};
use rmcp::model::{
    CallToolRequestParams, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequests, InputRequiredResult, ProtocolVersion,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};
use std::time::Duration;

/// The question's name in an answer that wants input.
const QUESTION: &str = "approval";
/// A longer act is shown on the dashboard: a client may cut it off, and what was not seen was not approved.
const MOST_SHOWN_BYTES: usize = 4 << 10;
/// Who has not answered by then is asked on the dashboard.
const PATIENCE: Duration = Duration::from_secs(600);

/// What came of asking.
pub(super) enum Asked {
    /// The client cannot ask for this, or nobody answered; it waits on the dashboard.
    Nobody,
    /// A person answered, and the gate knows.
    Answered,
    /// The client asks, and calls again with the answer.
    First(InputRequiredResult),
}

impl Protocol {
    /// Has the client ask for a request that waits.
    pub(super) async fn ask(
        &self,
        caller: &Caller,
        id: &str,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Asked {
        let Ok(id) = id.parse::<Id<Approval>>() else { return Asked::Nobody };
        let gate = self.house.app.gate();
        let Ok(view) = gate.request(caller, id).await else { return Asked::Nobody };
        let Some(question) = (view.may_be_relayed() && asks(context)).then(|| question(&view)).flatten()
        else {
            return Asked::Nobody;
        };
        let newer = context
            .protocol_version()
            .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        let answer = match (newer, &self.who) {
            (true, _) => {
                // The state only says which question was answered; the gate knows whose it is and what for.
                let answered = request.request_state.as_deref() == Some(id.to_string().as_str());
                let answer = request.input_responses.as_ref().and_then(|all| all.get(QUESTION));
                match answer.filter(|_| answered).map(|answer| serde_json::from_value(answer.clone())) {
                    Some(Ok(answer)) => answer,
                    Some(Err(_)) | None => return Asked::First(first(question, id)),
                }
            }
            (false, Who::One(_)) => {
                match context.peer.create_elicitation_with_timeout(question, Some(PATIENCE)).await {
                    Ok(answer) => answer,
                    // A client that cannot, or a person who does not; both are seen on the dashboard.
                    Err(_) => return Asked::Nobody,
                }
            }
            // Without a session there is no way back for an answer.
            (false, Who::Each) => return Asked::Nobody,
        };
        let Some(relayed) = relayed(&answer) else { return Asked::Nobody };
        match gate.relay_answer(caller, id, relayed).await {
            Ok(()) | Err(GateError::ApprovalOver { .. }) => Asked::Answered,
            Err(error) => {
                self.house.log.line(&format!("an answer by way of a client: {error}"));
                Asked::Nobody
            }
        }
    }
}

/// Whether the client says that it puts questions to a person.
fn asks(context: &RequestContext<RoleServer>) -> bool {
    let capability = context.client_capabilities().and_then(|all| all.elicitation);
    capability.is_some_and(|capability| capability.form.is_some() || capability.url.is_none())
}

/// What the person is asked; none where the act is too long to be shown whole.
fn question(view: &ApprovalView) -> Option<ElicitRequestParams> {
    let detail = serde_json::to_string_pretty(&view.detail).ok()?;
    let message = format!(
        "{} wants to {}\n\nKeep asks because {}. Its risk is {}.\n\n{detail}",
        view.requester, view.summary, view.reason, view.risk
    );
    let schema = json!({
        "type": "object",
        "properties": { "answer": {
            "type": "string", "title": "Your answer", "enum": ["allow once", "deny"],
            "description": "It holds for this very act, once.",
        } },
        "required": ["answer"],
    });
    let requested_schema: ElicitationSchema = serde_json::from_value(schema).ok()?;
    (message.len() <= MOST_SHOWN_BYTES).then_some(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema,
    })
}

fn first(question: ElicitRequestParams, id: Id<Approval>) -> InputRequiredResult {
    let question = InputRequest::Elicitation(ElicitRequest::new(question));
    InputRequiredResult::new(Some(InputRequests::from([(QUESTION.into(), question)])), Some(id.to_string()))
}

/// What was answered; none where nobody did.
fn relayed(answer: &ElicitResult) -> Option<Relayed> {
    let word = answer.content.as_ref().and_then(|content| content.get("answer")).and_then(Value::as_str);
    match (&answer.action, word) {
        (ElicitationAction::Accept, Some("allow once")) => Some(Relayed::Yes),
        (ElicitationAction::Accept, Some("deny")) | (ElicitationAction::Decline, _) => Some(Relayed::No),
        _ => None,
    }
}
