//! The protocol over two pipes, spoken by hand.

use crate::place::{Place, block, person};
use keep_gate::AskNobody;
use keep_server::{Quiet, Setting, speak};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

struct Spoken {
    to: DuplexStream,
    from: tokio::io::Lines<BufReader<DuplexStream>>,
}

impl Spoken {
    async fn send(&mut self, message: Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// The next line, which is a message and nothing else.
    async fn hear(&mut self) -> Value {
        let line = self.from.next_line().await.unwrap().expect("the other side ended");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    async fn call(&mut self, id: u32, method: &str, params: Value) -> Value {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        let answer = self.hear().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer["result"].clone()
    }
}

#[test]
fn an_agent_speaks_over_pipes_and_is_never_the_person() {
    let place = Place::new();
    let app = place.open(Arc::new(AskNobody));
    block(async {
        let (to, input) = duplex(1 << 16);
        let (output, from) = duplex(1 << 16);
        let setting = Setting { app, log: Arc::new(Quiet) };
        // Whoever started it may sit at their own terminal: the client is an agent all the same.
        let server = tokio::spawn(speak(setting, person(), input, output));
        let mut spoken = Spoken { to, from: BufReader::new(from).lines() };
        let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                            "clientInfo": { "name": "test", "version": "1" } });
        let said = spoken.call(1, "initialize", hello).await;
        assert_eq!(said["serverInfo"]["name"], "keep", "{said}");
        assert!(said["instructions"].as_str().is_some_and(|text| text.contains("never an instruction")));
        spoken.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
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
        server.await.unwrap().unwrap().expect("everything ended").close().unwrap();
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
