//! Calls that take their time, or a person's word.

use crate::client::Client;
use crate::place::{Place, block, person};
use crate::spoken::Spoken;
use keep_gate::AskNobody;
use keep_types::Caller;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A client of the protocol whose work is the project `demo`.
fn in_demo() -> Caller {
    Caller { home: "project:demo".parse().unwrap(), ..person() }
}

/// A command that lasts until it is ended, with a word in it that no other process has.
fn lasting(word: &str) -> String {
    format!("echo begun; sleep 86400.{word} & sleep 86400.{word}; wait")
}

fn unique() -> String {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("{nanos}{}", std::process::id())
}

/// Processes of this machine that were started with the word.
fn processes(word: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let wanted = format!("86400.{word}");
    all.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|part| part == wanted.as_bytes())
    })
    .count()
}

/// Waits until it is so; a test that never comes there has failed.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn progress_is_told_and_a_cancelled_command_is_dead() {
    let place = Place::in_project();
    let app = place.open(Arc::new(AskNobody));
    let word = unique();
    block(async {
        let (mut spoken, server) = Spoken::with(app, in_demo());
        spoken.hello(json!({})).await;
        let params = json!({ "name": "exec", "arguments": { "command": lasting(&word) }, "_meta": { "progressToken": "p" } });
        spoken.ask(1, "tools/call", params).await;
        let mut last = -1.0;
        loop {
            let told = spoken.hear().await;
            assert_eq!(told["method"], "notifications/progress", "{told}");
            assert_eq!(told["params"]["progressToken"], "p");
            let progress = told["params"]["progress"].as_f64().unwrap();
            assert!(progress > last, "{told}");
            last = progress;
            if told["params"]["message"] == "begun" {
                break;
            }
        }
        tokio::task::block_in_place(|| until("it never began", || processes(&word) == 2));
        spoken.send(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } })).await;
        tokio::task::block_in_place(|| until("it was not ended", || processes(&word) == 0));
        // It is over and on record, and the connection is as good as before.
        let listed = spoken
            .call(2, "tools/call", json!({ "name": "audit_query", "arguments": { "action": "exec.run" } }))
            .await;
        assert_eq!(listed["isError"], false, "{listed}");
        drop(spoken);
        server.await.unwrap().expect("everything ended").close().unwrap();
    });
}

const NEW: &str = "2026-07-28";

/// A request in the era without sessions.
fn request(client: &Client, method: &str, mut params: Value) -> (Client, Value) {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } },
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    let client = client
        .clone()
        .with("Accept", "application/json, text/event-stream")
        .with("Content-Type", "application/json")
        .with("MCP-Protocol-Version", NEW)
        .with("Mcp-Method", method)
        .with("Mcp-Name", params["name"].as_str().unwrap());
    (client, json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
}

fn called(client: &Client, name: &str, arguments: &Value, more: &Value) -> Value {
    let mut params = json!({ "name": name, "arguments": arguments });
    for (key, value) in more.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    let (client, body) = request(client, "tools/call", params);
    let said = client.send("POST", "/mcp", Some(body.to_string()));
    assert_eq!(said.status, 200, "{said:?}");
    said.value()["result"].clone()
}

#[test]
fn a_closed_connection_ends_the_command_of_its_call() {
    use std::io::Write;
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let word = unique();
    let params = json!({ "name": "exec", "arguments": { "command": lasting(&word) } });
    let (sender, body) = request(&client, "tools/call", params);
    let body = body.to_string();
    let mut stream = sender.begin("POST", "/mcp", body.len(), "");
    stream.write_all(body.as_bytes()).unwrap();
    until("it never began", || processes(&word) == 2);
    drop(stream);
    until("it was not ended", || processes(&word) == 0);
    let ended = || client.get("/api/v1/runs").ok()["items"][0].clone();
    until("its end is not on record", || ended()["state"] == "ended");
    assert_eq!(ended()["ended_by"], "request");
}

#[test]
fn the_end_of_the_server_is_the_end_of_its_runs() {
    let place = Place::in_project();
    let token = place.token("agent:a", "demo");
    let server = place.serve();
    let client = server.client(&token);
    let word = unique();
    let body = json!({ "command": lasting(&word) });
    let waiting = std::thread::spawn(move || client.post("/api/v1/runs", &body));
    until("it never began", || processes(&word) == 2);
    server.end();
    assert_eq!(processes(&word), 0);
    assert_eq!(waiting.join().unwrap().ok()["ended_by"], "request");
}

#[test]
fn a_client_that_can_ask_is_asked_for_a_yes() {
    let place = Place::in_project();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        let (mut spoken, server) = Spoken::with(app, in_demo());
        spoken.hello(json!({ "elicitation": {} })).await;
        for (id, answer, committed) in [(10, "deny", false), (20, "allow once", true)] {
            let attempt = json!({ "name": "try", "arguments": { "command": "echo new > made" } });
            let tried = spoken.call(id, "tools/call", attempt).await;
            let run = &tried["structuredContent"]["run"]["id"];
            spoken
                .ask(id + 1, "tools/call", json!({ "name": "try_commit", "arguments": { "run": run } }))
                .await;
            let question = spoken.hear().await;
            assert_eq!(question["method"], "elicitation/create", "{question}");
            let message = question["params"]["message"].as_str().unwrap();
            assert!(message.contains("made") && message.contains("medium"), "{message}");
            let content = json!({ "action": "accept", "content": { "answer": answer } });
            spoken.send(json!({ "jsonrpc": "2.0", "id": question["id"], "result": content })).await;
            let done = spoken.hear().await;
            assert_eq!(done["result"]["isError"], !committed, "{done}");
            assert_eq!(place.cwd.join("made").exists(), committed);
        }
        // What could do more harm waits for a person on the dashboard.
        let risky = json!({ "name": "exec", "arguments": { "command": "git push --force origin main" } });
        let said = spoken.call(30, "tools/call", risky).await;
        assert!(said["content"][0]["text"].as_str().unwrap().contains("apr_"), "{said}");
        drop(spoken);
        server.await.unwrap().expect("everything ended").close().unwrap();
    });
}

#[test]
fn a_client_without_a_session_calls_again_with_the_answer() {
    let place = Place::in_project();
    let (token, other) = (place.token("agent:a", "demo"), place.token("agent:b", "demo"));
    let server = place.serve();
    let client = server.client(&token);
    let tried = called(&client, "try", &json!({ "command": "echo new > made" }), &json!({}));
    let arguments = json!({ "run": tried["structuredContent"]["run"]["id"] });
    let wanted = called(&client, "try_commit", &arguments, &json!({}));
    assert_eq!(wanted["resultType"], "input_required", "{wanted}");
    assert_eq!(wanted["inputRequests"]["approval"]["method"], "elicitation/create", "{wanted}");
    let yes = json!({ "approval": { "action": "accept", "content": { "answer": "allow once" } } });
    // An answer to another question, or by somebody else, is none.
    for (who, state) in
        [(server.client(&token), json!("apr_x")), (server.client(&other), wanted["requestState"].clone())]
    {
        let more = json!({ "inputResponses": yes, "requestState": state });
        let said = called(&who, "try_commit", &arguments, &more);
        assert_eq!(said["resultType"], "input_required", "{said}");
        assert!(!place.cwd.join("made").exists());
    }
    let more = json!({ "inputResponses": yes, "requestState": wanted["requestState"] });
    let done = called(&client, "try_commit", &arguments, &more);
    assert_eq!(done["isError"], false, "{done}");
    assert!(place.cwd.join("made").exists());
    let records = client.get("/api/v1/audit/records?action=approval.relay").ok();
    assert_eq!(records["items"][0]["principal"], "agent:a", "{records}");
}
