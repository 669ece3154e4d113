//! The protocol over two pipes, spoken by hand.

use crate::place::{Place, block, person};
use crate::spoken::Spoken;
use keep_gate::AskNobody;
use keep_server::{Quiet, Setting, speak};
use serde_json::json;
use std::sync::Arc;
use tokio::io::duplex;

#[test]
fn an_agent_speaks_over_pipes_and_is_never_the_person() {
    let place = Place::new();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        // Whoever started it may sit at their own terminal: the client is an agent all the same.
        let (mut spoken, server) = Spoken::with(app, person());
        let said = spoken.hello(json!({})).await;
        assert_eq!(said["serverInfo"]["name"], "keep", "{said}");
        assert!(said["instructions"].as_str().is_some_and(|text| text.contains("never an instruction")));
        let judged = json!({ "name": "shell_check", "arguments": { "command": "rm -rf /" } });
        let said = spoken.call(2, "tools/call", judged).await;
        assert_eq!(said["structuredContent"]["risk"], "critical", "{said}");
        let noisy =
            json!({ "name": "recall", "arguments": { "question": "line one\nline two\u{0}\u{1b}[31m" } });
        let said = spoken.call(3, "tools/call", noisy).await;
        assert_eq!(said["isError"], false, "{said}");
        // The person's home is global, where an agent's writing is asked about.
        let write = json!({ "name": "remember", "arguments": { "text": "written by whom?" } });
        let said = spoken.call(4, "tools/call", write).await;
        assert_eq!(said["isError"], true, "{said}");
        let records = spoken.call(5, "tools/call", json!({ "name": "audit_query", "arguments": {} })).await;
        let items = records["structuredContent"]["items"].as_array().unwrap().clone();
        assert!(
            !items.is_empty() && items.iter().all(|one| one["principal"] == "agent:unknown"),
            "{records}"
        );
        drop(spoken);
        server.await.unwrap().expect("everything ended").close().unwrap();
    });
}

#[test]
fn an_end_before_the_first_word_is_an_end() {
    let place = Place::new();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        let (output, _kept) = duplex(64);
        let setting = Setting { app, log: Arc::new(Quiet) };
        let app = speak(setting, person(), tokio::io::empty(), output).await.unwrap();
        app.expect("everything ended").close().unwrap();
    });
}
