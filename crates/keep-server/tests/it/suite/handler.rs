//! What the official suite calls: tools, prompts and resources of its own, which no program ships.

#![expect(deprecated, reason = "the suite asks for what newer revisions leave out")]

use super::rounds;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    CompletionInfo, ErrorData, GetPromptRequestParams, GetPromptResponse, GetPromptResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, RoleServer};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// The smallest picture, and a sound of no length.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YQAAAAA=";
/// Between two notifications of one call.
const PAUSE: Duration = Duration::from_millis(50);

/// What a tool, prompt or resource of the suite answers without asking anybody.
const TOOLS: [&str; 6] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
];
/// Those that tell or ask on the way.
const BUSY: [&str; 8] = [
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_logging_tool",
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_missing_capability",
];

#[derive(Clone)]
pub(crate) struct Suite;

pub(super) fn made<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A result, which says in newer revisions that it is whole.
pub(super) fn whole<T: DeserializeOwned>(mut value: Value) -> T {
    value["resultType"] = json!("complete");
    made(value)
}

pub(super) fn text(text: &str) -> CallToolResult {
    whole(json!({ "content": [{ "type": "text", "text": text }] }))
}

fn unknown(what: &str) -> ErrorData {
    ErrorData::invalid_params(format!("there is no {what}"), None)
}

fn plain(name: &str) -> Option<CallToolResult> {
    let picture = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    let resource = |uri: &str, kind: &str, text: &str| json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } });
    let content = match name {
        "test_simple_text" => {
            json!([{ "type": "text", "text": "This is a simple text response for testing." }])
        }
        "test_image_content" => json!([picture]),
        "test_audio_content" => json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }]),
        "test_embedded_resource" => {
            json!([resource(
                "test://embedded-resource",
                "text/plain",
                "This is an embedded resource content."
            )])
        }
        "test_multiple_content_types" => {
            let object = resource(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            );
            json!([{ "type": "text", "text": "Multiple content types test:" }, picture, object])
        }
        "test_error_handling" => {
            let said =
                json!([{ "type": "text", "text": "This tool intentionally returns an error for testing" }]);
            return Some(whole(json!({ "isError": true, "content": said })));
        }
        _ => return None,
    };
    Some(whole(json!({ "content": content })))
}

/// Asks the client of the era that has sessions, and says what it answered.
async fn elicited(
    context: &RequestContext<RoleServer>,
    message: &str,
    schema: Value,
) -> Result<CallToolResult, ErrorData> {
    let question = made(json!({ "mode": "form", "message": message, "requestedSchema": schema }));
    let answer = context.peer.create_elicitation(question).await;
    let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    let action = serde_json::to_value(&answer.action).unwrap();
    let content = answer.content.unwrap_or_default();
    Ok(text(&format!("Elicitation completed: action={}, content={content}", action.as_str().unwrap())))
}

fn username() -> Value {
    let field = |says: &str| json!({ "type": "string", "description": says });
    json!({
        "type": "object", "required": ["username", "email"],
        "properties": { "username": field("User's response"), "email": field("User's email address") },
    })
}

fn defaults() -> Value {
    json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    } })
}

fn enums() -> Value {
    let titled = |word: &str| -> Vec<Value> {
        let one = |(n, title): (u8, &str)| json!({ "const": format!("value{n}"), "title": format!("{title} {word}") });
        [(1, "First"), (2, "Second"), (3, "Third")].map(one).into()
    };
    let options = ["option1", "option2", "option3"];
    json!({ "type": "object", "properties": {
        "untitledSingle": { "type": "string", "enum": options },
        "titledSingle": { "type": "string", "oneOf": titled("Option") },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"],
                        "enumNames": ["Option One", "Option Two", "Option Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } },
    } })
}

async fn busy(
    name: &str,
    arguments: &Value,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let peer = &context.peer;
    match name {
        "test_tool_with_logging" => {
            for said in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                let _ = peer.notify_logging_message(made(json!({ "level": "info", "data": said }))).await;
                tokio::time::sleep(PAUSE).await;
            }
            Ok(text("done"))
        }
        // It would log, had it been asked to.
        "test_logging_tool" => Ok(text("done")),
        "test_tool_with_progress" => {
            for progress in [0, 50, 100] {
                if let Some(token) = context.meta.get_progress_token() {
                    let told = json!({ "progressToken": token, "progress": progress, "total": 100 });
                    let _ = peer.notify_progress(made(told)).await;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok(text("done"))
        }
        "test_sampling" => {
            let said = json!({ "role": "user", "content": { "type": "text", "text": arguments["prompt"] } });
            let answer = peer.create_message(made(json!({ "messages": [said], "maxTokens": 100 }))).await;
            let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
            let answer = serde_json::to_value(&answer).unwrap();
            Ok(text(&format!("LLM response: {}", answer["content"]["text"].as_str().unwrap_or_default())))
        }
        "test_elicitation" => {
            elicited(context, arguments["message"].as_str().unwrap_or_default(), username()).await
        }
        "test_elicitation_sep1034_defaults" => elicited(context, "Review these defaults", defaults()).await,
        "test_elicitation_sep1330_enums" => elicited(context, "Choose", enums()).await,
        "test_missing_capability" => {
            let all = context.client_capabilities().unwrap_or_default();
            if all.sampling.is_some() {
                return Ok(text("it can sample"));
            }
            Err(ErrorData::missing_required_client_capability(made(json!({ "sampling": {} }))))
        }
        _ => Err(unknown("such tool")),
    }
}

fn prompt(name: &str, arguments: &Value) -> Option<GetPromptResult> {
    let word = |key: &str| arguments[key].as_str().unwrap_or_default().to_owned();
    let said = |content: Value| json!({ "role": "user", "content": content });
    let words = |text: &str| said(json!({ "type": "text", "text": text }));
    let messages = match name {
        "test_simple_prompt" => json!([words("This is a simple prompt for testing.")]),
        "test_prompt_with_arguments" => {
            json!([words(&format!(
                "Prompt with arguments: arg1='{}', arg2='{}'",
                word("arg1"),
                word("arg2")
            ))])
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({ "uri": word("resourceUri"), "mimeType": "text/plain",
                                   "text": "Embedded resource content for testing." });
            json!([
                said(json!({ "type": "resource", "resource": resource })),
                words("Please process the embedded resource above.")
            ])
        }
        "test_prompt_with_image" => {
            let picture = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
            json!([said(picture), words("Please analyze the image above.")])
        }
        _ => return None,
    };
    Some(whole(json!({ "messages": messages })))
}

fn prompts() -> Value {
    let needs = |names: &[&str]| -> Vec<Value> {
        names
            .iter()
            .map(|name| json!({ "name": name, "description": "An argument", "required": true }))
            .collect()
    };
    let one = |name: &str, arguments: Vec<Value>| json!({ "name": name, "description": "A prompt of the suite", "arguments": arguments });
    json!([
        one("test_simple_prompt", Vec::new()),
        one("test_prompt_with_arguments", needs(&["arg1", "arg2"])),
        one("test_prompt_with_embedded_resource", needs(&["resourceUri"])),
        one("test_prompt_with_image", Vec::new()),
        one("test_input_required_result_prompt", Vec::new()),
    ])
}

impl ServerHandler for Suite {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_completions()
            .enable_logging()
            .build();
        if let Some(resources) = &mut capabilities.resources {
            resources.subscribe = Some(true);
        }
        ServerConfig::new(capabilities)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let anything = json!({ "type": "object" });
        let all = TOOLS.iter().chain(&BUSY).chain(&rounds::TOOLS);
        let tools: Vec<_> = all
            .map(
                |name| json!({ "name": name, "description": "A tool of the suite", "inputSchema": anything }),
            )
            .collect();
        Ok(whole(json!({ "tools": tools })))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = json!(request.arguments);
        if let Some(result) = plain(&request.name) {
            return Ok(result.into());
        }
        if rounds::TOOLS.contains(&&*request.name) {
            return rounds::called(&request, &context);
        }
        busy(&request.name, &arguments, &context).await.map(Into::into)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(whole(json!({ "prompts": prompts() })))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if request.name == "test_input_required_result_prompt" {
            return Ok(rounds::prompted(&request));
        }
        prompt(&request.name, &json!(request.arguments)).map(Into::into).ok_or_else(|| unknown("such prompt"))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let one = |uri: &str, kind: &str| json!({ "uri": uri, "name": uri, "description": "A resource of the suite", "mimeType": kind });
        let all = [
            one("test://static-text", "text/plain"),
            one("test://static-binary", "image/png"),
            one("test://watched-resource", "text/plain"),
        ];
        Ok(whole(json!({ "resources": all })))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let one = json!({ "uriTemplate": "test://template/{id}/data", "name": "data", "description": "Data by id", "mimeType": "application/json" });
        Ok(whole(json!({ "resourceTemplates": [one] })))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let by_id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
        let contents = match (uri, by_id) {
            ("test://static-text" | "test://watched-resource", _) => {
                json!({ "uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource." })
            }
            ("test://static-binary", _) => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
            (_, Some(id)) => {
                let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
                json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() })
            }
            _ => {
                return Err(ErrorData::resource_not_found(
                    "there is no such resource",
                    Some(json!({ "uri": uri })),
                ));
            }
        };
        Ok(whole::<ReadResourceResult>(json!({ "contents": [contents] })).into())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(CompleteResult::new(CompletionInfo::new(vec!["testValue".into()]).unwrap()))
    }

    async fn set_level(
        &self,
        _: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }
}
