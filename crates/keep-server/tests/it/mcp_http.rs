//! The protocol over HTTP, spoken by hand, in both of its eras.

use crate::client::Client;
use crate::place::Place;
use serde_json::{Value, json};

const NEW: &str = "2026-07-28";

fn spoken(client: &Client, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    let mut client = client
        .clone()
        .with("Accept", "application/json, text/event-stream")
        .with("MCP-Protocol-Version", NEW)
        .with("Mcp-Method", method);
    if let Some(name) = params["name"].as_str() {
        client = client.with("Mcp-Name", name);
    }
    let said = client.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
    assert_eq!(said.status, 200, "{method}: {said:?}");
    said.value()["result"].clone()
}

#[test]
fn tools_are_listed_and_called_without_a_session() {
    let place = Place::new();
    let token = place.token("agent:claude", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let tools = spoken(&client, "tools/list", json!({}));
    let names: Vec<_> =
        tools["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"remember") && names.contains(&"shell_check"), "{names:?}");
    let call = |name: &str, arguments: Value| {
        spoken(&client, "tools/call", json!({ "name": name, "arguments": arguments }))
    };
    let made = call("remember", json!({ "text": "The staging database is called heron" }));
    assert_eq!(made["isError"], false, "{made}");
    assert_eq!(made["structuredContent"]["written_by"], "agent:claude");
    let found = call("recall", json!({ "question": "what is the staging database called?" }));
    assert_eq!(
        found["structuredContent"]["found"][0]["memory"]["id"], made["structuredContent"]["id"],
        "{found}"
    );
    let refused = call("memory_forget", json!({ "ids": [made["structuredContent"]["id"]] }));
    assert_eq!(refused["isError"], true, "{refused}");
    assert!(refused["content"][0]["text"].as_str().unwrap().contains("apr_"), "{refused}");
    let wrong = call("remember", json!({ "words": "x" }));
    assert_eq!(wrong["isError"], true, "{wrong}");
    let records = call("audit_query", json!({ "action": "memory.write" }));
    assert_eq!(records["structuredContent"]["items"].as_array().map(Vec::len), Some(1), "{records}");
}

/// What is refused before the protocol's own words are read is refused as everywhere else.
#[test]
fn what_is_no_protocol_is_refused_in_our_words() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for (said, status) in
        [(client.clone().with("Accept", "text/css").post("/mcp", &body), 406), (client.get("/mcp"), 405)]
    {
        assert_eq!(said.status, status, "{said:?}");
        assert_eq!(said.header("content-type"), Some("application/problem+json"), "{said:?}");
        assert_eq!(said.value()["request"].as_str(), said.header("keep-request-id"), "{said:?}");
    }
    let accepting = client.clone().with("Accept", "application/json, text/event-stream");
    for body in ["{", "[]", "\"x\"", "[[[["] {
        let broken = accepting.clone().with("Content-Type", "application/json");
        let said = broken.send("POST", "/mcp", Some(body.to_owned()));
        assert_eq!(said.status, 400, "{body}: {said:?}");
        assert!(said.header("content-type").is_some_and(|kind| kind.contains("json")), "{body}: {said:?}");
    }
    let said = client.get("/api/v1/memories?limt=1");
    let title = said.value()["title"].as_str().unwrap().to_owned();
    assert!(title.starts_with("the query is not what this takes: limt: unknown field"), "{title}");
}

#[test]
fn the_older_era_is_spoken_too() {
    let place = Place::new();
    let token = place.token("agent:claude", "demo");
    let server = place.serve();
    let client = server.client(&token).with("Accept", "application/json, text/event-stream");
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let said = client.post("/mcp", &hello).ok();
    assert_eq!(said["result"]["protocolVersion"], "2025-11-25", "{said}");
    assert_eq!(said["result"]["serverInfo"]["name"], "keep");
    let client = client.with("MCP-Protocol-Version", "2025-11-25");
    let listed = client.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" })).ok();
    assert!(listed["result"]["tools"].as_array().is_some_and(|tools| tools.len() > 10), "{listed}");
}

#[test]
fn a_cookie_does_not_speak_the_protocol() {
    let place = Place::new();
    let server = place.serve();
    let client =
        server.nobody().instead("Host", Some(&server.dashboard_host())).with("Cookie", "keep_session=x");
    let said = client.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    assert_eq!(said.status, 401, "{said:?}");
}

/// What is no message is refused in the server's own words.
#[test]
fn what_is_no_message_is_refused() {
    let place = Place::new();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server
        .client(&token)
        .with("Content-Type", "application/json")
        .with("Accept", "application/json, text/event-stream");
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    for body in ["", "{", "7", "[]", &deep, r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#] {
        let said = client.send("POST", "/mcp", Some(body.to_owned()));
        assert_eq!(said.status, 400, "{body:.40}: {said:?}");
        assert_eq!(said.header("content-type"), Some("application/problem+json"), "{body:.40}");
    }
}
