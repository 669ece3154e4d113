//! Calls that want input first and are sent again with it.

use super::handler::{made, text, whole};
use keep_types::Digest;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, InputRequiredResult, InputResponses,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

pub(super) const TOOLS: [&str; 9] = [
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
    "test_streaming_elicitation",
];

fn form(message: &str, field: &str, kind: &str) -> Value {
    let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    json!({ "method": "elicitation/create",
            "params": { "mode": "form", "message": message, "requestedSchema": schema } })
}

fn sample(text: &str) -> Value {
    let said = json!({ "role": "user", "content": { "type": "text", "text": text } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [said], "maxTokens": 100 } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

fn wanted(requests: &Value, state: Option<String>) -> InputRequiredResult {
    let mut result = json!({ "resultType": "input_required", "inputRequests": requests });
    if let Some(state) = state {
        result["requestState"] = json!(state);
    }
    made(result)
}

/// A state that shows whether it was changed.
fn sealed(state: &str) -> String {
    format!("{state}.{}", Digest::of(format!("of the suite alone: {state}").as_bytes()))
}

/// What one question was answered, where it has the shape of an answer to a form.
fn filled(responses: Option<&InputResponses>, name: &str, field: &str) -> Option<String> {
    let answer = responses?.get(name)?;
    (answer["action"] == "accept").then_some(())?;
    answer["content"][field].as_str().map(str::to_owned)
}

pub(super) fn called(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let answers = request.input_responses.as_ref();
    let answered = |name: &str| answers.and_then(|all| all.get(name)).is_some_and(Value::is_object);
    let state = request.request_state.as_deref();
    let name = || form("What is your name?", "name", "string");
    let done = |said: &str| Ok(text(said).into());
    let ask = |requests: Value, state: Option<String>| Ok(wanted(&requests, state).into());
    match &*request.name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            match filled(answers, "user_name", "name") {
                Some(name) => done(&format!("Hello, {name}!")),
                None => ask(json!({ "user_name": name() }), None),
            }
        }
        "test_input_required_result_sampling" if answered("capital_question") => {
            let answer = &answers.unwrap()["capital_question"]["content"]["text"];
            done(answer.as_str().unwrap_or_default())
        }
        "test_input_required_result_sampling" => {
            ask(json!({ "capital_question": sample("What is the capital of France?") }), None)
        }
        "test_input_required_result_list_roots" if answered("client_roots") => {
            done(&answers.unwrap()["client_roots"]["roots"].to_string())
        }
        "test_input_required_result_list_roots" => ask(json!({ "client_roots": roots() }), None),
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            match (state, answered("confirm")) {
                (Some(state), _) if state != sealed("confirm") => {
                    Err(ErrorData::invalid_params("the request's state was changed", None))
                }
                (Some(_), true) => done("state-ok"),
                _ => ask(
                    json!({ "confirm": form("Please confirm", "ok", "boolean") }),
                    Some(sealed("confirm")),
                ),
            }
        }
        "test_input_required_result_multiple_inputs" => {
            if ["user_name", "greeting", "client_roots"].into_iter().all(answered)
                && state == Some(&sealed("all"))
            {
                return done("all of it");
            }
            let all = json!({ "user_name": name(), "greeting": sample("Generate a greeting"), "client_roots": roots() });
            ask(all, Some(sealed("all")))
        }
        "test_input_required_result_multi_round" => match state {
            Some(state) if state == sealed("two") && answered("step2") => done("both steps"),
            Some(state) if state == sealed("one") && answered("step1") => {
                let next = form("Step 2: What is your favorite color?", "color", "string");
                ask(json!({ "step2": next }), Some(sealed("two")))
            }
            _ => ask(
                json!({ "step1": form("Step 1: What is your name?", "name", "string") }),
                Some(sealed("one")),
            ),
        },
        _ => {
            let can = context.client_capabilities().unwrap_or_default();
            let mut requests = json!({});
            if can.elicitation.is_some() {
                requests["user_name"] = name();
            }
            if can.sampling.is_some() {
                requests["greeting"] = sample("Generate a greeting");
            }
            ask(requests, None)
        }
    }
}

pub(super) fn prompted(request: &GetPromptRequestParams) -> GetPromptResponse {
    match filled(request.input_responses.as_ref(), "user_context", "context") {
        Some(context) => {
            let said = json!({ "role": "user", "content": { "type": "text", "text": context } });
            whole::<GetPromptResult>(json!({ "messages": [said] })).into()
        }
        None => {
            let question = form("What context should the prompt use?", "context", "string");
            wanted(&json!({ "user_context": question }), None).into()
        }
    }
}
